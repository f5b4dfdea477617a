/* SPDX-License-Identifier: MIT */
/*
 * test_net_file.c - model files that are not what they should be.
 *
 * Files are made from a good one by text substitution in the header or by cutting; each must be
 * refused with the right code, and nothing may be read beyond it (the sanitizers watch).
 */
#include "tests/kit/net_data.h"

#include <math.h>

static char *good;
static size_t good_bytes;
static uint64_t good_header;

static int
load(const char *bytes, size_t n, struct rr_err *err)
{
    struct rr_net *net = NULL;
    int rc;

    if (!net_write(net_file("m"), bytes, n)) {
        return 1;
    }
    rc = rr_model_load(net_file("m"), "toy/1/x", &net, err);
    rr_net_free(net);
    return rc;
}

/* A file with another header text; the data stays. */
static int
load_header(const char *text, struct rr_err *err)
{
    const uint64_t n = strlen(text);
    const size_t data = good_bytes - 8 - good_header;
    char *bytes = malloc(8 + n + data);
    int rc;

    memcpy(bytes, &n, 8);
    memcpy(bytes + 8, text, n);
    memcpy(bytes + 8 + n, good + 8 + good_header, data);
    rc = load(bytes, 8 + n + data, err);
    free(bytes);
    return rc;
}

/* Replace the first `from` of the good header by `to`. */
static int
load_replaced(const char *from, const char *to, struct rr_err *err)
{
    char *text = malloc(good_header + strlen(to) + 1);
    char *at;
    size_t before;
    int rc = 1;

    memcpy(text, good + 8, good_header);
    text[good_header] = '\0';
    at = strstr(text, from);
    if (at != NULL) {
        before = (size_t)(at - text);
        memcpy(text, good + 8, before);
        memcpy(text + before, to, strlen(to));
        memcpy(text + before + strlen(to), good + 8 + before + strlen(from),
               good_header - before - strlen(from));
        text[good_header + strlen(to) - strlen(from)] = '\0';
        rc = load_header(text, err);
    }
    free(text);
    return rc;
}

static void
check(int rc, int want, const char *what, const struct rr_err *err)
{
    if (!ok(rc == want, "%s", what)) {
        diag("got %d, want %d: %s", rc, want, err->text);
    }
}

static void
test_headers(void)
{
    static const struct {
        const char *from, *to;
        int rc;
        const char *what;
    } cases[] = {
        {"toy/1/x", "toy/1/x", 0, "the file as it was"},
        {"toy/1/x", "toy/2/x", RR_E_MISMATCH, "another layout"},
        {"\"graph\":", "\"graf\":", RR_E_MISMATCH, "no graph"},
        {"rr-graph/1", "rr-graph/7", RR_E_MISMATCH, "another format of graph"},
        {"F32", "F16", RR_E_MISMATCH, "another type"},
        {"\"dtype\"", "\"dtipe\"", RR_E_CORRUPT, "no type"},
        {"stem.weight", "stam.weight", RR_E_MISMATCH, "a tensor the graph does not name"},
        {"stem.bias", "stem.weight", RR_E_CORRUPT, "a name twice"},
        {"[8,2,3,3]", "[8,2,9,1]", RR_E_MISMATCH, "another shape of the same size"},
        {"[8,2,3,3]", "[8,2,3,4]", RR_E_CORRUPT, "a shape that is too large"},
        {"[8,2,3,3]", "[8,2,-3,3]", RR_E_CORRUPT, "a negative shape"},
        {"[8,2,3,3]", "[8,2,3,3,1]", RR_E_CORRUPT, "five dimensions"},
        {"[8,2,3,3]", "[4611686018427387904,4,1]", RR_E_CORRUPT, "a shape that overflows"},
        {"[8,2,3,3]", "[4611686018427387904,1]", RR_E_CORRUPT, "bytes that overflow"},
        {"[8,2,3,3]", "\"8233\"", RR_E_CORRUPT, "a shape that is text"},
        {"[0,576]", "[0,580]", RR_E_CORRUPT, "an end that does not fit"},
        {"[0,576]", "[576,0]", RR_E_CORRUPT, "an end before the begin"},
        {"[0,576]", "[0,576,1]", RR_E_CORRUPT, "three offsets"},
        {"[0,576]", "[1,577]", RR_E_CORRUPT, "an odd offset"},
        {"[0,576]", "[4,580]", RR_E_CORRUPT, "an overlap"},
        {"[0,576]", "[4294967296,4294967872]", RR_E_CORRUPT, "an offset beyond the file"},
        {"[0,576]", "[9223372036854775807,9223372036854775807]", RR_E_CORRUPT, "a huge offset"},
        {"\"__metadata__\":{", "\"__metadata__\":7,\"x\":{", RR_E_CORRUPT,
         "metadata that is a number"},
        {"\"toy/1/x\"", "17", RR_E_CORRUPT, "metadata that is not text"},
        {"{", "[", RR_E_CORRUPT, "broken JSON"},
    };
    struct rr_err err = RR_ERR_INIT;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(load_replaced(cases[i].from, cases[i].to, &err), cases[i].rc, cases[i].what, &err);
    }
    check(load_header("{}", &err), RR_E_CORRUPT, "data that belongs to no tensor", &err);
    check(load_header("[]", &err), RR_E_CORRUPT, "a header that is a list", &err);
    check(load_header("", &err), RR_E_CORRUPT, "an empty header", &err);
}

static void
test_bytes(void)
{
    static const uint64_t lengths[] = {UINT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 32, 0};
    struct rr_err err = RR_ERR_INIT;
    const float bad = NAN;
    char *bytes = malloc(good_bytes + 8);
    bool all = true;

    for (size_t n = 0; n < good_bytes; n += n < 16 ? 1 : 97) {
        all &= load(good, n, &err) == RR_E_CORRUPT;
    }
    ok(all, "a file that was cut anywhere is refused");
    memcpy(bytes, good, good_bytes);
    memset(bytes + good_bytes, 0, 8);
    check(load(bytes, good_bytes + 8, &err), RR_E_CORRUPT, "more data than tensors", &err);
    for (size_t i = 0; i < 4; i++) {
        memcpy(bytes, &lengths[i], 8);
        check(load(bytes, good_bytes, &err), RR_E_CORRUPT, "a wrong length of the header", &err);
    }
    memcpy(bytes, good, good_bytes);
    memcpy(bytes + good_bytes - 4, &bad, 4);
    check(load(bytes, good_bytes, &err), RR_E_CORRUPT, "a weight that is no number", &err);
    free(bytes);
}

int
main(void)
{
    static const char *const files[] = {"good", "m", NULL};
    static const char *const meta[] = {"layout", "toy/1/x", NULL};
    const struct rr_tower tower = {
        .io = {3, 3, 2, 0, 2, 0, 2}, .channels = 8, .blocks = 1, .head_channels = 4};
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = NULL;
    char *json = NULL;
    int rc = rr_tower_graph(&tower, &json, &err);

    rc = rc ? rc : rr_net_new(json, 1, &net, &err);
    rc = rc ? rc : rr_model_save(net, meta, net_file("good"), &err);
    is_int(rc, 0, "a good file");
    good = net_read(net_file("good"), &good_bytes);
    memcpy(&good_header, good, sizeof good_header);
    ok(good_header % 8 == 0, "its data is aligned");
    test_headers();
    test_bytes();
    rr_net_free(net);
    free(json);
    free(good);
    net_folder_remove(files);
    return tap_done();
}
