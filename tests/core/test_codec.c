/* SPDX-License-Identifier: MIT */
/*
 * test_codec.c - payloads between C structs and JSON: every kind, and every refusal.
 */
#include "core/worker/codec.h"

#include "tests/tap.h"

#define ALL_FIELDS(F, S)                                                                           \
    F(S, str, s, "", "text")                                                                       \
    F(S, u64, u, "", "unsigned")                                                                   \
    F(S, i64, i, "", "signed")                                                                     \
    F(S, f64, f, "", "real")                                                                       \
    F(S, bool, b, "", "truth")                                                                     \
    F(S, json, j, "", "anything")
RR_EVENT_TYPE(all, "ALL", 1, ALL_FIELDS);

static const struct ev_all good = {
    .s = "h\xc3\xa9 \"q\"\n", .u = INT64_MAX, .i = INT64_MIN, .f = 0.1, .b = 1, .j = "[1, {}]"};

static void
test_round_trip(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct ev_all back;
    json_t *texts = json_array();
    json_t *object = codec_encode_new(&rr_type_all, &good, &err);

    ok(object != NULL, "a good struct encodes");
    is_int((int64_t)json_object_size(object), 6, "with every field");
    is_int(codec_decode(&rr_type_all, object, texts, &back, &err), 0, "and decodes");
    is_str(back.s, good.s, "text");
    ok(back.u == good.u && back.i == good.i && back.b == 1, "integers at their limits");
    ok(back.f == good.f, "a real to the last bit");
    is_str(back.j, "[1,{}]", "JSON, compact");
    json_decref(object);
    json_decref(texts);
}

static void
not_encoded(const struct ev_all *bad, const char *want)
{
    struct rr_err err = RR_ERR_INIT;
    json_t *object = codec_encode_new(&rr_type_all, bad, &err);
    if (!ok(object == NULL && strstr(err.text, want) != NULL, "refused: %s", want)) {
        diag("text: %s", err.text);
    }
    json_decref(object);
}

static void
test_encode_refusals(void)
{
    struct ev_all bad = good;
    bad.s = NULL;
    not_encoded(&bad, "ALL.s: text is NULL");
    bad.s = "\xff";
    not_encoded(&bad, "ALL.s: text is not UTF-8");
    bad = good;
    bad.u = (uint64_t)INT64_MAX + 1;
    not_encoded(&bad, "ALL.u: 9223372036854775808 is over 2^63-1");
    bad = good;
    bad.f = INFINITY;
    not_encoded(&bad, "ALL.f: number is not finite");
    bad = good;
    bad.b = 2;
    not_encoded(&bad, "ALL.b: 2 is not 0 or 1");
    bad = good;
    bad.j = "{";
    not_encoded(&bad, "ALL.j: not JSON");
    bad.j = NULL;
    not_encoded(&bad, "ALL.j: JSON text is NULL");
}

static void
decoded(const char *text, const char *want)
{
    struct rr_err err = RR_ERR_INIT;
    struct ev_all out;
    json_t *texts = json_array();
    json_t *object = json_loads(text, 0, NULL);
    const int rc = codec_decode(&rr_type_all, object, texts, &out, &err);
    const int pass = want == NULL ? rc == 0 : rc != 0 && strstr(err.text, want) != NULL;
    if (!ok(pass, "decode: %s", want == NULL ? text : want)) {
        diag("rc %d, text: %s", rc, err.text);
    }
    json_decref(object);
    json_decref(texts);
}

static void
test_decode(void)
{
    decoded("{\"s\":\"\",\"u\":0,\"i\":0,\"f\":1,\"b\":false,\"j\":null,\"more\":1}", NULL);
    decoded("{}", "ALL.s: the payload has no such field");
    decoded("{\"s\":1,\"u\":0,\"i\":0,\"f\":1,\"b\":false,\"j\":null}", "ALL.s: the value");
    decoded("{\"s\":\"\",\"u\":-1,\"i\":0,\"f\":1,\"b\":false,\"j\":null}", "is not a u64");
    decoded("{\"s\":\"\",\"u\":1.0,\"i\":0,\"f\":1,\"b\":false,\"j\":null}", "is not a u64");
    decoded("{\"s\":\"\",\"u\":1,\"i\":\"0\",\"f\":1,\"b\":false,\"j\":null}", "is not a i64");
    decoded("{\"s\":\"\",\"u\":1,\"i\":0,\"f\":\"1\",\"b\":false,\"j\":null}", "is not a f64");
    decoded("{\"s\":\"\",\"u\":1,\"i\":0,\"f\":1,\"b\":1,\"j\":null}", "is not a bool");
}

static void
text_is(const char *in, size_t max, const char *want)
{
    json_t *text = codec_text_new(in, max);
    is_str(json_string_value(text), want, "any bytes become a line of text");
    json_decref(text);
}

static void
test_texts(void)
{
    text_is("plain", 100, "plain");
    text_is("two\nlines\t\x01", 100, "two lines  ");
    text_is("\xc3\xa9\xff\xc3", 100, "\xc3\xa9??");
    text_is("ab\xc3\xa9", 3, "ab?");
    text_is("", 3, "");
}

int
main(void)
{
    test_round_trip();
    test_encode_refusals();
    test_decode();
    test_texts();
    return tap_done();
}
