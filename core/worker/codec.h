/* SPDX-License-Identifier: MIT */
/*
 * codec.h - event payloads between a C struct and a JSON object, by field table.
 */
#ifndef RR_WORKER_CODEC_H
#define RR_WORKER_CODEC_H

#include <rr/err.h>
#include <rr/event.h>

#include <jansson.h>
#include <stddef.h>

/*
 * Encode a struct into a JSON object with every declared field.
 *
 * Returns a new reference, or NULL with *err filled: text that is not UTF-8, a NULL text, a number
 * that is not finite or over 2^63-1, a bool that is not 0 or 1, malformed JSON.
 */
json_t *codec_encode_new(const struct rr_event_type *type, const void *payload, struct rr_err *err);

/*
 * Decode a JSON object into a struct. Names that the type does not declare are ignored; one that it
 * declares and the object lacks, or that has another kind, is an error (RR_E_INPUT).
 *
 * Texts are borrowed from *object. JSON fields are printed to new strings that are added to *texts,
 * a JSON array that keeps them; both must outlive *out.
 */
int codec_decode(const struct rr_event_type *type, const json_t *object, json_t *texts, void *out,
                 struct rr_err *err);

/* Make a one-line JSON string of at most max bytes of s, whatever bytes those are: what is not
 * UTF-8 becomes a question mark, a control character a blank. Returns a new reference. */
json_t *codec_text_new(const char *s, size_t max);

#endif
