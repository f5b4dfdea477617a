/* SPDX-License-Identifier: MIT */
/*
 * test_graph.c - dependencies, event flow, cycles, start order; payloads against declarations.
 */
#include "core/common/mem.h"
#include "core/rrd/conf.h"
#include "tests/tap.h"

#define NODES_MAX 16

struct fixture {
    struct graph graph;
    struct text_list problems, warnings;
    struct conf_stage nodes[NODES_MAX];
    struct manifest manifests[NODES_MAX];
    size_t n;
};

static void
load_manifest(struct manifest *m, const char *consumes, const char *produces)
{
    char *text = mem_printf("{\"name\":\"x\",\"version\":\"1\",\"options\":[],\"consumes\":[%s],"
                            "\"produces\":[%s]}",
                            consumes, produces);
    struct rr_err err = RR_ERR_INIT;

    if (manifest_parse(m, text, strlen(text), &err) != 0) {
        diag("%s", err.text);
        exit(1);
    }
    free(text);
}

static void
add(struct fixture *f, const char *name, const char *needs, const char *consumes,
    const char *produces)
{
    const size_t i = f->n++;

    load_manifest(&f->manifests[i], consumes, produces);
    f->nodes[i] = (struct conf_stage){.name = mem_dup(name),
                                      .place = mem_dup(name),
                                      .file = mem_dup("x.so"),
                                      .manifest = &f->manifests[i],
                                      .is_enabled = true};
    text_list_split(&f->nodes[i].needs, needs);
}

static void
build(struct fixture *f)
{
    graph_build(&f->graph, f->nodes, f->n, &f->problems, &f->warnings);
}

static void
fini(struct fixture *f)
{
    graph_free(&f->graph);
    text_list_free(&f->problems);
    text_list_free(&f->warnings);
    for (size_t i = 0; i < f->n; i++) {
        manifest_fini(&f->manifests[i]);
        free(f->nodes[i].name);
        free(f->nodes[i].place);
        free(f->nodes[i].file);
        text_list_free(&f->nodes[i].needs);
    }
    memset(f, 0, sizeof *f);
}

static size_t
place_of(const struct fixture *f, size_t node)
{
    size_t at = 0;

    while (f->graph.order[at] != node) {
        at++;
    }
    return at;
}

#define A1 "{\"type\":\"A\",\"version\":1,\"fields\":[{\"name\":\"n\",\"kind\":\"u64\"}]}"
#define A1_TEXT "{\"type\":\"A\",\"version\":1,\"fields\":[{\"name\":\"n\",\"kind\":\"str\"}]}"
#define A1_MORE "{\"type\":\"A\",\"version\":1,\"fields\":[{\"name\":\"m\",\"kind\":\"u64\"}]}"
#define A2 "{\"type\":\"A\",\"version\":2,\"fields\":[]}"
#define B1 "{\"type\":\"B\",\"version\":1,\"fields\":[]}"
#define C_ALIAS_A "{\"type\":\"C\",\"alias\":\"A\",\"version\":1,\"fields\":[]}"

static void
test_order(void)
{
    struct fixture f = {0};

    add(&f, "last", "middle", "", "");
    add(&f, "middle", "first", "", "");
    add(&f, "first", "", "", "");
    build(&f);
    is_int((int64_t)f.problems.n, 0, "a chain is fine");
    ok(f.graph.order[0] == 2 && f.graph.order[1] == 1 && f.graph.order[2] == 0, "its order");
    fini(&f);

    add(&f, "maker", "", "", A1);
    add(&f, "reader", "", A1, "");
    build(&f);
    ok(place_of(&f, 1) < place_of(&f, 0), "a consumer starts before its producer");
    fini(&f);

    add(&f, "maker", "", "", A1);
    add(&f, "reader", "maker", A1, "");
    build(&f);
    ok(f.problems.n == 0 && place_of(&f, 0) < place_of(&f, 1), "unless it says otherwise");
    fini(&f);
}

static void
test_cycles(void)
{
    struct fixture f = {0};

    add(&f, "a", "b", "", "");
    add(&f, "b", "c", "", "");
    add(&f, "c", "a", "", "");
    build(&f);
    ok(f.problems.n == 1 && strstr(f.problems.v[0], "cycle: a -> b -> c -> a") != NULL,
       "R62 a cycle of dependencies is an error that shows it");
    fini(&f);

    add(&f, "self", "self", "", "");
    build(&f);
    ok(f.problems.n == 1 && strstr(f.problems.v[0], "self -> self") != NULL, "R62 so is a loop");
    fini(&f);

    add(&f, "a", "", A1, B1);
    add(&f, "b", "", B1, A1);
    build(&f);
    ok(f.problems.n == 0 && f.graph.order != NULL, "R62 a cycle of events is fine");
    fini(&f);

    add(&f, "a", "bb", "", "");
    add(&f, "bbb", "", "", "");
    build(&f);
    ok(f.problems.n == 1 && strstr(f.problems.v[0], "did you mean \"bbb\"") != NULL,
       "R62 a stage that is not there");
    fini(&f);
}

/* Whether a leads to b by any number of steps, the plain way. */
static void
close_paths(bool reach[NODES_MAX][NODES_MAX], size_t n)
{
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
            }
        }
    }
}

/* One random graph: a cycle is reported when there is one, and only then; otherwise everything
 * starts after what it needs. Returns what is wrong. */
static const char *
random_graph(uint64_t *seed, bool *has_cycle)
{
    static char names[NODES_MAX][4];
    bool needs[NODES_MAX][NODES_MAX] = {{false}};
    bool reach[NODES_MAX][NODES_MAX];
    struct fixture f = {0};
    const char *wrong = NULL;
    size_t n;

    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    n = 1 + (*seed >> 33) % (NODES_MAX - 1);
    for (size_t i = 0; i < n; i++) {
        char text[128] = "";

        (void)snprintf(names[i], sizeof names[i], "n%zu", i);
        for (size_t j = 0; j < n; j++) {
            *seed = *seed * 6364136223846793005u + 1442695040888963407u;
            /* mostly towards lower numbers, so that about half have no cycle */
            needs[i][j] = (*seed >> 33) % (j < i ? 4 : 12 * n) == 0;
            if (needs[i][j]) {
                char word[8];

                (void)snprintf(word, sizeof word, "%sn%zu", text[0] == '\0' ? "" : ",", j);
                (void)strcat(text, word);
            }
        }
        add(&f, names[i], text, "", "");
    }
    memcpy(reach, needs, sizeof reach);
    close_paths(reach, n);
    *has_cycle = false;
    for (size_t i = 0; i < n; i++) {
        *has_cycle = *has_cycle || reach[i][i];
    }
    build(&f);
    if (*has_cycle != (f.problems.n > 0)) {
        wrong = *has_cycle ? "a cycle was not found" : "a cycle was found that is none";
    } else if (*has_cycle && strstr(f.problems.v[0], "cycle: ") == NULL) {
        wrong = "the cycle is not shown";
    }
    for (size_t i = 0; wrong == NULL && !*has_cycle && i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            if (needs[i][j] && place_of(&f, j) > place_of(&f, i)) {
                wrong = "something starts before what it needs";
            }
        }
    }
    fini(&f);
    return wrong;
}

static void
test_random(void)
{
    const int n = getenv("RR_FULL") != NULL ? 100000 : 2000;
    uint64_t seed = 62;
    int cycles = 0;
    const char *wrong = NULL;

    for (int i = 0; wrong == NULL && i < n; i++) {
        bool has_cycle;

        wrong = random_graph(&seed, &has_cycle);
        cycles += has_cycle;
    }
    ok(wrong == NULL && cycles > n / 10 && cycles < n * 9 / 10,
       "R62 %d random graphs, %d with a cycle: %s", n, cycles, wrong == NULL ? "all right" : wrong);
}

static void
test_types(void)
{
    static const struct {
        const char *in;
        const char *message;
    } rows[] = {{A1_TEXT, "as str, but plugin x.so produces it as u64"},
                {A1_MORE, "needs the field \"m\" of A, which plugin x.so does not produce"},
                {A2, "consumes A version 2, but plugin x.so produces version 1"}};
    struct fixture f = {0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        add(&f, "maker", "", "", A1);
        add(&f, "reader", "", rows[i].in, "");
        build(&f);
        ok(f.problems.n == 1 && strstr(f.problems.v[0], rows[i].message) != NULL, "R62 %s",
           rows[i].message);
        fini(&f);
    }
    add(&f, "maker", "", "", A1);
    add(&f, "reader", "", C_ALIAS_A, "");
    build(&f);
    ok(f.problems.n == 0 && f.graph.n_edges == 1 && strcmp(f.graph.edges[0].type, "A") == 0 &&
           strcmp(f.graph.edges[0].as, "C") == 0,
       "an alias connects, and each side keeps its name");
    fini(&f);
    add(&f, "reader", "", B1, "");
    build(&f);
    ok(f.problems.n == 0 && f.warnings.n == 1, "a consumer without producer is a warning");
    fini(&f);
}

static void
test_payload(void)
{
    static const struct {
        const char *payload;
        const char *message; /* NULL: fine */
    } rows[] = {
        {"{\"s\":\"x\",\"u\":1,\"i\":-1,\"f\":1,\"b\":true,\"j\":[1]}", NULL},
        {"{\"s\":\"x\",\"u\":-1,\"i\":-1,\"f\":1.5,\"b\":true,\"j\":null}", "\"u\" of T is"},
        {"{\"s\":1,\"u\":1,\"i\":-1,\"f\":1.5,\"b\":true,\"j\":null}", "\"s\" of T is"},
        {"{\"s\":\"x\",\"u\":1,\"i\":-1,\"f\":1.5,\"b\":1,\"j\":null}", "\"b\" of T is"},
        {"{\"s\":\"x\",\"u\":1,\"i\":-1,\"f\":1.5,\"b\":true}", "lacks the field \"j\""},
        {"{\"s\":\"x\",\"u\":1,\"i\":1,\"f\":1,\"b\":true,\"j\":1,\"z\":1}", "no field \"z\""},
        {"[]", "not a JSON object"}};
    struct manifest m;
    struct rr_err err = RR_ERR_INIT;

    load_manifest(&m, "",
                  "{\"type\":\"T\",\"version\":1,\"fields\":[{\"name\":\"s\",\"kind\":\"str\"},"
                  "{\"name\":\"u\",\"kind\":\"u64\"},{\"name\":\"i\",\"kind\":\"i64\"},"
                  "{\"name\":\"f\",\"kind\":\"f64\"},{\"name\":\"b\",\"kind\":\"bool\"},"
                  "{\"name\":\"j\",\"kind\":\"json\"}]}");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *payload = json_loads(rows[i].payload, 0, NULL);
        const int rc = manifest_check_payload(&m.produces[0], payload, &err);

        ok(rows[i].message == NULL ? rc == 0
                                   : rc == RR_E_INPUT && strstr(err.text, rows[i].message) != NULL,
           "payload %s", rows[i].payload);
        json_decref(payload);
    }
    manifest_fini(&m);
}

static void
test_drawing(void)
{
    struct fixture f = {0};
    static const char *const states[] = {"ready", "down"};
    const long long depths[] = {0, 7};
    json_t *doc;

    add(&f, "maker", "", "", A1 "," B1);
    add(&f, "reader", "", A1, "");
    build(&f);
    doc = graph_drawing_new(&f.graph, "text", states, depths);
    is_str(json_string_value(doc),
           "reader [down] queue 7\nmaker [ready] queue 0\n    A -> reader\n    B (no reader)\n"
           "start order: reader maker\n",
           "as text");
    json_decref(doc);
    doc = graph_drawing_new(&f.graph, "dot", NULL, NULL);
    ok(strstr(json_string_value(doc), "maker -> reader [label=\"A\"];") != NULL, "as dot");
    json_decref(doc);
    doc = graph_drawing_new(&f.graph, "json", NULL, NULL);
    is_int((int64_t)json_array_size(json_object_get(doc, "edges")), 1, "as JSON");
    json_decref(doc);
    fini(&f);
}

int
main(void)
{
    test_order();
    test_cycles();
    test_random();
    test_types();
    test_payload();
    test_drawing();
    return tap_done();
}
