/* SPDX-License-Identifier: MIT */
/*
 * test_rrctl_parts.c - the parts of rrctl that need no daemon: command lines, ini edits, layout.
 */
#include "core/common/mem.h"
#include "core/common/paths.h"
#include "core/rrctl/args.h"
#include "core/rrctl/confd.h"
#include "core/rrctl/out.h"
#include "core/rrctl/view.h"
#include "tests/tap.h"

#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct opt_row table[] = {
    {"set", 0, "K=V", "x"},
    {"limit", 'n', "N", "x"},
    {"plain", 'p', NULL, "x"},
    OPT_ROW_END,
};
static const struct opt_row others[] = {{"dir", 'C', "DIR", "x"}, OPT_ROW_END};

static int
parse(struct args *args, bool stop, struct rr_err *err, char **argv)
{
    int argc = 0;

    while (argv[argc] != NULL) {
        argc++;
    }
    *args = (struct args){.tables = {table, others}};
    return args_parse(args, argc, argv, 0, stop, err);
}

#define PARSE(stop, ...) parse(&args, stop, &err, (char *[]){__VA_ARGS__, NULL})

static void
test_args(void)
{
    struct rr_err err = RR_ERR_INIT;
    struct args args;
    double number = 7;
    int64_t whole = 7;
    struct text_list sets = {0};

    is_int(PARSE(false, "a", "--set", "x=1", "-n5", "--set=y=2", "b", "-p", "-C", "d", "--", "-z"),
           11, "args: all words are taken");
    is_int(args.operand_count, 3, "args: operands among options");
    is_str(args.operands[2], "-z", "args: after -- everything is an operand");
    args_each(&args, "set", "--set", &sets);
    is_str(sets.v[1], "x=1", "args: a repeated option, first use");
    is_str(sets.v[3], "y=2", "args: a repeated option, second use");
    is_int((int64_t)sets.n, 4, "args: no third use");
    text_list_free(&sets);
    is_str(args_get(&args, "dir"), "d", "args: second table");
    is_str(args_get(&args, "plain"), "", "args: a switch");
    ok(!args_has(&args, "words"), "args: not given");
    is_int(args_number(&args, "limit", 0, 10, &number, &err), 0, "args: a number");
    is_near(number, 5, 0, "args: its value");
    is_int(args_number(&args, "limit", 0, 4, &number, &err), RR_E_INPUT, "args: out of range");
    is_int(args_integer(&args, "words", &whole, &err), 0, "args: number not given");
    is_int(whole, 7, "args: leaves the default");

    is_int(PARSE(true, "-C", "d", "run", "--nonsense"), 2, "args: stops at the first operand");
    is_int(PARSE(false, "--nonsense"), RR_E_INPUT, "args: unknown long option");
    is_int(PARSE(false, "-x"), RR_E_INPUT, "args: unknown letter");
    is_int(PARSE(false, "--limit"), RR_E_INPUT, "args: value missing");
    is_int(PARSE(false, "--plain=yes"), RR_E_INPUT, "args: value for a switch");
    is_int(PARSE(false, "-n", "5x"), 2, "args: text is taken");
    is_int(args_integer(&args, "limit", &whole, &err), RR_E_INPUT, "args: 5x is no number");
    is_int(PARSE(false, "-n", "-5"), 2, "args: a value may begin with a dash");
    is_int(args_integer(&args, "limit", &whole, &err), RR_E_INPUT, "args: -5 is not whole");
    is_int(PARSE(false, "-n", "99999999999999999999"), 2, "args: large text is taken");
    is_int(args_integer(&args, "limit", &whole, &err), RR_E_INPUT, "args: too large");
}

static void
write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (file == NULL || fputs(text, file) == EOF || fclose(file) == EOF) {
        printf("Bail out! cannot write %s\n", path);
        exit(1);
    }
}

static void
is_value(const char *dir, const char *section, const char *key, const char *want, const char *what)
{
    char *got = confd_get_new(dir, section, key);

    if (want == NULL) {
        ok(got == NULL, "%s", what);
    } else {
        is_str(got, want, what);
    }
    free(got);
}

static void
test_ini(void)
{
    struct rr_err err = RR_ERR_INIT;
    const char *base = getenv("TMPDIR");
    char *dir = mem_printf("%s/rrctl-ini.XXXXXX", base == NULL ? "/tmp" : base);
    char *text = NULL;
    size_t bytes;

    if (mkdtemp(dir) == NULL || chdir(dir) < 0 || mkdir("conf.d", 0700) < 0) {
        printf("Bail out! no directory\n");
        exit(1);
    }
    write_text("conf.d/00-core.ini", "; [stage a]\n[core]\nreport = x y  \n# slots = cpu:2\n");
    write_text("conf.d/10-a.ini", "[stage a]\r\nk=1\n#k = 0\n\n[stage b]\nk = 3");
    write_text("conf.d/.hidden.ini", "[stage c]\nk = 1\n");
    is_value(".", "core", "report", "x y", "ini: blanks around a value are not part of it");
    is_value(".", "core", "slots", NULL, "ini: a comment is no value");
    is_value(".", "core", "nothing", NULL, "ini: a key that is not there");
    is_value(".", "stage a", "k", NULL, "ini: CRLF: what rrd refuses is not read");
    write_text("conf.d/20-b.ini", "[stage d]\nk=1\n#k = 0\n\n[stage e]\nk = 3");
    is_value(".", "stage d", "k", "1", "ini: another file");
    is_value(".", "stage e", "k", "3", "ini: no newline at the end");
    is_value(".", "stage c", "k", NULL, "ini: hidden files do not count");
    is_value("nowhere", "core", "k", NULL, "ini: no conf.d");

    (void)paths_read_new("conf.d/10-a.ini", 4096, &text, &bytes, &err);
    ok(confd_set(&text, "stage a", "k", "2"), "ini: set a key");
    ok(confd_set(&text, "stage b", "other", "4"), "ini: set a new key");
    ok(!confd_set(&text, "stage z", "k", "1"), "ini: no such section");
    is_str(text, "[stage a]\r\nk = 2\n#k = 0\n\n[stage b]\nother = 4\nk = 3",
           "ini: everything else is as it was");
    free(text);
    (void)paths_read_new("conf.d/00-core.ini", 4096, &text, &bytes, &err);
    ok(confd_set(&text, "core", "slots", "cpu:1"), "ini: set a commented one");
    write_text("conf.d/00-core.ini", text);
    is_value(".", "core", "slots", "cpu:1", "ini: the comment became a value");
    free(text);
    (void)unlink("conf.d/00-core.ini");
    (void)unlink("conf.d/10-a.ini");
    (void)unlink("conf.d/20-b.ini");
    (void)unlink("conf.d/.hidden.ini");
    (void)rmdir("conf.d");
    (void)chdir("/");
    is_int(rmdir(dir), 0, "ini: no other file was left");
    free(dir);
}

/* Take what a page holds. */
static const char *
page_text(struct page *page)
{
    static char text[8192];

    (void)snprintf(text, sizeof text, "%.*s", (int)page->used, page->text);
    page->used = 0;
    page->lines = 0;
    return text;
}

static void
test_page(void)
{
    struct page page = {.columns = 10, .has_utf8 = true};

    page_put(&page, OUT_RED, "0123456789");
    page_end(&page);
    is_str(page_text(&page), "0123456789\n", "page: a full line is not cut");
    page_put(&page, OUT_PLAIN, "01234");
    page_put(&page, OUT_PLAIN, "56789a");
    page_put(&page, OUT_PLAIN, "more");
    page_end(&page);
    is_str(page_text(&page), "012345678…\n", "page: a longer one ends in an ellipsis");
    page_put(&page, OUT_PLAIN, "ä±ö");
    page_tab(&page, 6);
    page_put(&page, OUT_PLAIN, "x");
    page_end(&page);
    is_str(page_text(&page), "ä±ö   x\n", "page: columns are characters, not bytes");
    page_put(&page, OUT_PLAIN, "a\033[2J\n\xff\xc2\x9b");
    page_end(&page);
    is_str(page_text(&page), "a?[2J????\n", "page: no control sequence comes through");
    page.lines_max = 1;
    page_end(&page);
    page_put(&page, OUT_PLAIN, "dropped");
    page_end(&page);
    is_str(page_text(&page), "\n", "page: lines beyond the last are dropped");
    page.lines_max = 0;
    page.has_utf8 = false;
    page_bar(&page, 4, 0.5);
    page_bar(&page, 2, 9);
    page_bar(&page, 2, -1);
    page_end(&page);
    is_str(page_text(&page), "##..##..\n", "page: bars in ASCII");
    page.has_color = true;
    page_put(&page, OUT_RED, "x");
    is_str(page_text(&page), "\033[31mx\033[0m", "page: colours");
    page_free(&page);

    is_str(out_clock(59999), "0:59", "clock: seconds");
    is_str(out_clock(3600000), "1:00:00", "clock: hours");
    is_str(out_clock(90061000), "1d 1:01", "clock: days");
    is_str(out_clock(-5), "0:00", "clock: never negative");
    is_str(out_count(9999), "9999", "count: small");
    is_str(out_count(12345), "12.3k", "count: thousands");
    is_str(out_rate(0.01), "0.6/min", "rate: slow");
    is_str(out_rate(41.26), "41/s", "rate: fast");
}

/* What stands on a page for a status given as JSON. */
static const char *
view(void (*fn)(struct page *, const json_t *), const char *text)
{
    static char shown[8192];
    struct page page = {.columns = 0};
    json_t *status = json_loads(text, 0, NULL);

    fn(&page, status);
    (void)snprintf(shown, sizeof shown, "%s", page_text(&page));
    page_free(&page);
    json_decref(status);
    return shown;
}

static void
test_view(void)
{
    is_str(view(view_stages, "{}"),
           "STAGE  STATE     QUEUE   DONE    OLDEST  IN      OUT     EMPTY   DOING\n",
           "view: a status that says nothing");
    is_str(view(view_stages, "{\"stages\":[{\"name\":\"a\",\"state\":\"ready\"},"
                             "{\"name\":7,\"state\":null,\"queue\":[],\"event\":3}]}"),
           "STAGE  STATE     QUEUE   DONE    OLDEST  IN      OUT     EMPTY   DOING\n"
           "a      ready     0       0\n"
           "                 0       0\n",
           "view: stages of odd shape");
    is_str(view(view_stages,
                "{\"now_ms\":65000,\"stages\":[{\"name\":\"a\",\"state\":\"ready\",\"event\":"
                "{\"type\":\"T\",\"config\":\"c\",\"since_ms\":5000,\"attempt\":2},"
                "\"queue\":{\"ready\":90,\"oldest_ms\":5000,\"rate_in\":1.5,\"rate_done\":4.5,"
                "\"empty_in_ms\":30000,\"full\":true}}]}"),
           "STAGE  STATE     QUEUE   DONE    OLDEST  IN      OUT     EMPTY   DOING\n"
           "a      working   90 full 0       1:00    1.5/s   4.5/s   0:30    T c for 1:00  attempt "
           "2\n",
           "view: an event without progress");
    is_str(view(view_brief, "{\"stages\":[{\"name\":\"a\",\"state\":\"ready\"}]}"), "nothing to do",
           "view: brief, idle");
    is_str(view(view_brief, "{\"stages\":[{\"name\":\"a\",\"state\":\"ready\",\"event\":{},"
                            "\"progress\":{\"done\":1,\"total\":3},\"queue\":{\"ready\":2}},"
                            "{\"name\":\"b\",\"state\":\"failed\"}]}"),
           "a 33% (2 queued), b failed", "view: brief, busy");
}

int
main(void)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    test_args();
    test_ini();
    test_page();
    test_view();
    return tap_done();
}
