/* SPDX-License-Identifier: MIT */
/*
 * text.h - the notation of moves and states, as recorded games use it.
 */
#ifndef RINGRIFT_TEXT_H
#define RINGRIFT_TEXT_H

#include "moves/moves.h"

/* A bounded text under construction. What does not fit is counted, not written. */
struct text {
    char *out;
    size_t cap, len;
};

void text_char(struct text *t, char c);
void text_str(struct text *t, const char *s);
void text_int(struct text *t, int value);
void text_cell(struct text *t, const struct board *b, uint16_t c);

/* Close the text: its length, or -1 when it did not fit. */
int32_t text_end(struct text *t);

void text_move(struct text *t, const struct view *v, rr_move m);

/* Two-letter name of a phase, and name of an end. */
const char *text_phase(uint8_t phase);
const char *text_end_kind(uint8_t end);

int32_t text_state(const struct view *v, char *out, size_t cap);
int32_t text_variant(const struct rules *r, char *out, size_t cap);
int32_t text_result(const struct view *v, char *out, size_t cap);

/* board_text.c: rr_game.board_text. */
int32_t board_text(const struct rr_variant *variant, const void *state, uint32_t flags, char *out,
                   size_t cap);

/* parse.c: read a state text; -1 with a reason in why. */
int32_t parse_state(const struct rr_variant *variant, const char *text, void *state, char *why,
                    size_t why_cap);

#endif
