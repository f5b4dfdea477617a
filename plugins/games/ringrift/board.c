/* SPDX-License-Identifier: MIT */
/*
 * board.c - builds the geometry tables when the shared object is loaded.
 */
#include "board.h"

#include <stdlib.h>
#include <string.h>

static const int8_t square_near[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};

struct board board_square8 = {.name = "square8", .width = 8, .fence_dirs = 8};
struct board board_square19 = {.name = "square19", .width = 19, .fence_dirs = 8};
/* DEVIATION R145: on hex8 a fence grows over the 8 square offsets, on hexagonal it does not grow.
 */
struct board board_hex8 = {.name = "hex8", .width = 9, .radius = 4, .fence_dirs = 8};
struct board board_hexagonal = {.name = "hexagonal", .width = 25, .radius = 12, .fence_dirs = 0};

uint16_t
board_cell(const struct board *b, int x, int y)
{
    const int col = x + b->radius;
    const int row = y + b->radius;

    if (col < 0 || row < 0 || col >= b->width || row >= b->width) {
        return BOARD_NO_CELL;
    }
    return b->at[row * b->width + col];
}

struct board_ray
board_ray(const struct board *b, uint16_t from, uint16_t to)
{
    const int dx = b->x[to] - b->x[from];
    const int dy = b->y[to] - b->y[from];
    const int dist = abs(dx) > abs(dy) ? abs(dx) : abs(dy);

    return (struct board_ray){.dir = b->towards[(dx > 0) - (dx < 0) + 1][(dy > 0) - (dy < 0) + 1],
                              .dist = (uint8_t)dist};
}

static void
number_cells(struct board *b)
{
    const int r = b->radius;

    memset(b->at, 0xff, sizeof b->at);
    for (int col = 0; col < b->width; col++) {
        b->lane_first[col] = b->cells;
        b->lane_shift[col] = (uint8_t)(r > col ? r - col : 0);
        for (int row = 0; row < b->width; row++) {
            if (r > 0 && abs(col - r + row - r) > r) {
                continue;
            }
            b->x[b->cells] = (int8_t)(col - r);
            b->y[b->cells] = (int8_t)(row - r);
            b->plane[b->cells] = (uint16_t)(row * b->width + col);
            b->at[row * b->width + col] = b->cells;
            b->lane_bits[col] |= 1U << row;
            b->cells++;
        }
    }
}

static void
link_cells(const struct board *b, const int8_t (*steps)[2], uint8_t count, uint16_t *row,
           uint16_t cell)
{
    for (uint8_t d = 0; d < count; d++) {
        const uint16_t c = board_cell(b, b->x[cell] + steps[d][0], b->y[cell] + steps[d][1]);
        row[d] = c == BOARD_NO_CELL ? b->cells : c;
    }
}

/* Image of (x, y) under symmetry s, about the centre of the board. */
static uint16_t
image_of(const struct board *b, uint8_t s, int x, int y)
{
    const int last = b->width - 1;
    const uint8_t turns = (uint8_t)(s % (b->syms / 2));

    if (s >= b->syms / 2) {
        const int swap = x;
        x = y;
        y = swap;
    }
    for (uint8_t i = 0; i < turns; i++) {
        const int old_x = x;
        x = b->radius > 0 ? -y : last - y;
        y = b->radius > 0 ? old_x + y : old_x;
    }
    return board_cell(b, x, y);
}

static void
build(struct board *b)
{
    const bool hex = b->radius > 0;
    const int8_t(*steps)[2] = board_steps[hex];

    b->dirs = hex ? 6 : 8;
    b->axes = b->dirs / 2;
    b->near_dirs = hex ? 6 : 4;
    b->vecs = (uint8_t)((b->width + 7) / 8);
    b->syms = hex ? 12 : 8;
    number_cells(b);
    for (uint16_t c = 0; c < b->cells; c++) {
        link_cells(b, steps, b->dirs, b->next[c], c);
        link_cells(b, hex ? steps : square_near, b->near_dirs, b->near[c], c);
        link_cells(b, board_steps[0], b->fence_dirs, b->fence[c], c);
        for (uint8_t s = 0; s < b->syms; s++) {
            b->image[s][c] = image_of(b, s, b->x[c], b->y[c]);
        }
    }
    for (uint8_t d = 0; d < b->dirs; d++) {
        b->next[b->cells][d] = b->cells;
        b->towards[steps[d][0] + 1][steps[d][1] + 1] = d;
    }
}

__attribute__((constructor)) static void
build_all(void)
{
    build(&board_square8);
    build(&board_hex8);
    build(&board_square19);
    build(&board_hexagonal);
}
