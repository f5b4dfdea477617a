/* SPDX-License-Identifier: MIT */
/*
 * rr/event.h - typed events.
 *
 * An event type is declared once, by a list of fields, and RR_EVENT_TYPE makes of it a C struct and
 * a field table:
 *
 *     #define NET_TRAINED_FIELDS(F, S)                                 \
 *         F(S, str, config, "", "configuration key")                   \
 *         F(S, u64, steps, "steps", "optimiser steps made")            \
 *         F(S, f64, final_loss, "nats", "loss of the last epoch")
 *     RR_EVENT_TYPE(net_trained, "NET_TRAINED", 1, NET_TRAINED_FIELDS)
 *
 * gives struct ev_net_trained and the constant rr_type_net_trained. On the wire and in the store a
 * payload is one JSON object with these names; encoding and decoding is done by the host, so that a
 * plugin needs no JSON library. A consumer may declare fewer fields than the producer; one that the
 * producer lacks, or of another kind, is a configuration error.
 */
#ifndef RR_EVENT_H
#define RR_EVENT_H

#include <stddef.h>
#include <stdint.h>

/* Kinds of field. A str or json is UTF-8 text, never NULL after decoding ("" or "null"), and lives
 * as long as the handler call that it was decoded in. */
#define RR_FIELD_STR 1u  /* const char * */
#define RR_FIELD_U64 2u  /* uint64_t, at most 2^63-1 */
#define RR_FIELD_I64 3u  /* int64_t */
#define RR_FIELD_F64 4u  /* double; not finite is refused */
#define RR_FIELD_BOOL 5u /* uint64_t, 0 or 1 */
#define RR_FIELD_JSON 6u /* const char *, any JSON value as text */

struct rr_field {
    const char *name; /* NULL ends the table */
    uint32_t kind;    /* RR_FIELD_* */
    uint32_t offset;  /* in the C struct */
    const char *unit; /* "" when it has none */
    const char *help;
};

struct rr_event_type {
    uint32_t size;     /* sizeof(struct rr_event_type) */
    uint32_t version;  /* goes up when a field changes meaning */
    const char *name;  /* upper case: "SELFPLAY_COMPLETE" */
    const char *alias; /* other accepted name, or NULL */
    uint32_t struct_size;
    uint32_t reserved;
    const struct rr_field *fields;
};

#define RR_CTYPE_str const char *
#define RR_CTYPE_u64 uint64_t
#define RR_CTYPE_i64 int64_t
#define RR_CTYPE_f64 double
#define RR_CTYPE_bool uint64_t
#define RR_CTYPE_json const char *
#define RR_KIND_str RR_FIELD_STR
#define RR_KIND_u64 RR_FIELD_U64
#define RR_KIND_i64 RR_FIELD_I64
#define RR_KIND_f64 RR_FIELD_F64
#define RR_KIND_bool RR_FIELD_BOOL
#define RR_KIND_json RR_FIELD_JSON

/* S is the struct's tag, handed through the field list so that a row can take an offset in it. */
#define RR_EVENT_MEMBER(S, kind, name, unit, help) RR_CTYPE_##kind name;
#define RR_EVENT_ROW(S, kind, name, unit, help)                                                    \
    {#name, RR_KIND_##kind, (uint32_t)offsetof(struct S, name), unit, help},

#define RR_EVENT_TYPE(id, event_name, event_version, FIELDS)                                       \
    RR_EVENT_TYPE_ALIAS(id, event_name, NULL, event_version, FIELDS)

#define RR_EVENT_TYPE_ALIAS(id, event_name, other_name, event_version, FIELDS)                     \
    struct ev_##id {                                                                               \
        FIELDS(RR_EVENT_MEMBER, ev_##id)                                                           \
    };                                                                                             \
    static const struct rr_field rr_fields_##id[] = {FIELDS(RR_EVENT_ROW, ev_##id){0}};            \
    __attribute__((unused)) static const struct rr_event_type rr_type_##id = {                     \
        sizeof(struct rr_event_type),                                                              \
        event_version,                                                                             \
        event_name,                                                                                \
        other_name,                                                                                \
        sizeof(struct ev_##id),                                                                    \
        0,                                                                                         \
        rr_fields_##id}

/* One delivered event. Everything is borrowed until the handler returns. */
struct rr_event {
    uint32_t size;       /* sizeof(struct rr_event) of the host */
    uint32_t attempt;    /* 1 the first time */
    uint64_t id;         /* unique in one store, ordered by acceptance */
    uint64_t time_ms;    /* UTC, milliseconds since 1970 */
    const char *type;    /* event type name */
    const char *source;  /* stage that produced it */
    const char *config;  /* configuration key, "" when it has none */
    const char *payload; /* JSON text */
};

#endif
