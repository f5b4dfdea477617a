/* SPDX-License-Identifier: MIT */
/*
 * policy.c - one policy index for each distinct decision.
 *
 * doc/ringrift-encoding.md has the formulas and says why no two legal moves can share an index.
 */
#include "policy.h"

/* An unordered pair of neighbours: the lower cell, and the axis from it to the other one. One end
 * of a slide is a marker of the mover and the other is not, so a pair stands for one slide only. */
struct edge {
    uint16_t low;
    uint8_t axis;
};

static struct edge
edge_of(const struct board *b, rr_move m)
{
    const uint8_t d = board_ray(b, move_a(m), move_b(m)).dir;

    if (d < b->axes) {
        return (struct edge){.low = move_a(m), .axis = d};
    }
    return (struct edge){.low = move_b(m), .axis = (uint8_t)(d - b->axes)};
}

/* Rank of a paying stack among the stacks with a ring of the mover, in cell order. */
static uint32_t
payer_rank(const struct view *v, uint16_t payer)
{
    uint32_t rank = 0;

    for (uint16_t c = 0; c < payer; c++) {
        rank += (v->cell[c] & CELL_STACK) != 0 && view_lowest(v, c, v->h->cur) >= 0;
    }
    return rank;
}

/* Plane, within its block, of a slide that collapses a part of a line. By the specification the
 * part may lie on any axis and without the destination: its place is counted from the edge. */
static uint32_t
part_plane(const struct view *v, rr_move m, uint8_t slide_axis)
{
    const struct board *b = v->b;
    const uint8_t axis = move_k(m);
    uint32_t place = 0;

    if (DEVIATES(v, R112)) {
        return (uint32_t)slide_axis * v->r->line_need + board_ray(b, move_c(m), move_b(m)).dist;
    }
    for (uint16_t c = b->next[move_c(m)][axis + b->axes]; c != b->cells;
         c = b->next[c][axis + b->axes]) {
        place++;
    }
    return ((uint32_t)slide_axis * b->axes + axis) * (b->width - v->r->line_need + 1U) + place;
}

static uint32_t
single(enum move_type type)
{
    static const uint8_t order[MT_COUNT] = {
        [MT_SP] = SCALAR_SP, [MT_NP] = SCALAR_NP, [MT_SW] = SCALAR_SW,
        [MT_SC] = SCALAR_SC, [MT_SR] = SCALAR_SR, [MT_NM] = SCALAR_NM,
        [MT_NL] = SCALAR_NL, [MT_NT] = SCALAR_NT, [MT_ST] = SCALAR_ST,
    };

    return order[type];
}

uint32_t
policy_index(const struct rr_variant *variant, const struct view *v, rr_move m)
{
    const struct policy_blocks *pb = &v->r->policy;
    const struct board *b = v->b;
    const enum move_type type = move_type(m);
    uint32_t plane = 0;
    uint16_t at = move_a(m);
    struct board_ray ray;
    struct edge edge;

    switch (type) {
    case MT_P:
        plane = pb->place + move_k(m) - 1U;
        break;
    case MT_M:
    case MT_C:
    case MT_K:
        ray = board_ray(b, move_a(m), move_b(m));
        plane = pb->ride + (uint32_t)ray.dir * (b->width - 1U) + ray.dist - 1U;
        break;
    case MT_R_FREE:
    case MT_R_STRIKE:
    case MT_R_LINE:
        edge = edge_of(b, m);
        at = edge.low;
        plane = pb->pay + (uint32_t)edge.axis * v->r->rings + payer_rank(v, move_c(m));
        break;
    case MT_R_PART:
        edge = edge_of(b, m);
        at = edge.low;
        plane = pb->window + part_plane(v, m, edge.axis);
        break;
    case MT_L:
    case MT_O_ALL:
        plane = pb->line + (uint32_t)move_k(m);
        break;
    case MT_O_PART:
        at = move_c(m);
        plane = pb->part + (uint32_t)move_k(m);
        break;
    case MT_T:
        plane = pb->region + (uint32_t)move_k(m);
        break;
    case MT_EL:
        plane = pb->line_pay;
        break;
    case MT_ET:
        plane = pb->region_pay;
        break;
    case MT_ER:
        plane = pb->buried_pay;
        break;
    case MT_F:
        plane = pb->forced;
        break;
    default:
        return variant->height * variant->width * variant->policy_planes + single(type);
    }
    return b->plane[at] * variant->policy_planes + plane;
}
