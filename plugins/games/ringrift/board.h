/* SPDX-License-Identifier: MIT */
/*
 * board.h - geometry of the four RingRift boards.
 *
 * Owns: cell numbering, neighbours, territory and fence neighbours, symmetries. All of it is built
 * once, when the shared object is loaded, and never changes afterwards.
 * Does not: know pieces or rules.
 *
 * Cells are numbered in text order: by x, then by y. The number `cells` (one past the last) stands
 * for "off the board"; a state keeps a wall there, so that walking along a ray needs no other test.
 */
#ifndef RINGRIFT_BOARD_H
#define RINGRIFT_BOARD_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BOARD_MAX_CELLS = 469,
    BOARD_MAX_WIDTH = 25,
    BOARD_MAX_DIRS = 8,
    BOARD_MAX_AXES = 4,
    BOARD_MAX_NEAR = 6,
    BOARD_MAX_SYMS = 12,
    BOARD_MAX_LANES = 32, /* BOARD_MAX_WIDTH in whole vectors of mask.h */
    BOARD_NO_CELL = 0xffff
};

struct board {
    const char *name;
    uint16_t cells;
    uint8_t width;      /* of the square that the cells lie in */
    uint8_t radius;     /* hex boards; 0 on squares */
    uint8_t dirs;       /* directions; the opposite of d is (d + dirs / 2) % dirs */
    uint8_t axes;       /* dirs / 2; axis a runs along direction a, which ascends in cell order */
    uint8_t near_dirs;  /* territory neighbours */
    uint8_t fence_dirs; /* neighbours through which a fence grows; 0: it does not grow */
    uint8_t syms;
    uint8_t vecs; /* of mask.h: vectors of so many lanes; a lane is a column */
    uint16_t lane_first[BOARD_MAX_LANES]; /* cell; they follow each other along a lane */
    uint8_t lane_shift[BOARD_MAX_LANES];  /* bit of that cell */
    uint32_t lane_bits[BOARD_MAX_LANES];  /* bits that are cells */
    uint8_t towards[3][3];                /* direction by the signs of dx and dy, plus 1 */
    int8_t x[BOARD_MAX_CELLS], y[BOARD_MAX_CELLS];
    uint16_t plane[BOARD_MAX_CELLS]; /* cell of the planes: row * width + column */
    uint16_t next[BOARD_MAX_CELLS + 1][BOARD_MAX_DIRS];
    uint16_t near[BOARD_MAX_CELLS][BOARD_MAX_NEAR];
    uint16_t fence[BOARD_MAX_CELLS][BOARD_MAX_DIRS];
    uint16_t image[BOARD_MAX_SYMS][BOARD_MAX_CELLS];
    uint16_t at[BOARD_MAX_WIDTH * BOARD_MAX_WIDTH]; /* cell of a plane cell, or BOARD_NO_CELL */
};

/* Steps (x, y) of the directions, on squares and on hex boards. The first half are the line axes in
 * the order in which recovery scans them; each ascends in cell order. The second half are the
 * opposites in the same order. */
static const int8_t board_steps[2][BOARD_MAX_DIRS][2] = {
    {{1, 0}, {0, 1}, {1, 1}, {1, -1}, {-1, 0}, {0, -1}, {-1, -1}, {-1, 1}},
    {{1, 0}, {1, -1}, {0, 1}, {-1, 0}, {-1, 1}, {0, -1}},
};

extern struct board board_square8, board_hex8, board_square19, board_hexagonal;

/* Cell with these coordinates, or BOARD_NO_CELL. */
uint16_t board_cell(const struct board *b, int x, int y);

/* Direction and distance from one cell to another one on the same ray. */
struct board_ray {
    uint8_t dir;
    uint8_t dist;
};
struct board_ray board_ray(const struct board *b, uint16_t from, uint16_t to);

#endif
