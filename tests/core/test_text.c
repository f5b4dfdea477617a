/* SPDX-License-Identifier: MIT */
/*
 * test_text.c - values as text: units, ranges, names, suggestions.
 */
#include "core/common/text.h"
#include "tests/tap.h"

static void
test_numbers(void)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } durations[] = {{"200ms", 200}, {"5s", 5000},  {"1.5h", 5400000},   {"1d", 86400000},
                     {"10", -1},     {"10 s", -1},  {"-1s", -1},         {"s", -1},
                     {"1e3s", -1},   {"1..2s", -1}, {"9999999999d", -1}, {"1S", -1},
                     {"", -1},       {"0ms", 0},    {"2min", 120000}};
    int64_t value;
    double real;

    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        value = -1;
        (void)text_duration_ms(durations[i].text, &value);
        is_int(value, durations[i].ms, durations[i].text);
    }
    ok(text_size_bytes("64KiB", &value) == 0 && value == 65536, "64KiB");
    ok(text_size_bytes("64KB", &value) != 0, "KB is no unit");
    ok(text_int("-7", &value) == 0 && value == -7, "-7");
    ok(text_int("7x", &value) != 0 && text_int(" 7", &value) != 0 && text_int("", &value) != 0 &&
           text_int("99999999999999999999", &value) != 0,
       "no numbers");
    ok(text_real("1e-3", &real) == 0 && text_real("inf", &real) != 0 &&
           text_real("0x10", &real) != 0 && text_real("nan", &real) != 0 &&
           text_real("1e999", &real) != 0,
       "real numbers are finite and decimal");
    ok(text_bool("yes", &value) == 0 && value == 1 && text_bool("true", &value) != 0,
       "yes and no only");
}

static void
test_ranges(void)
{
    const struct rr_opt size = {"s", RR_OPT_SIZE, 0, "1KiB", "1KiB..1MiB", "h"};
    const struct rr_opt open = {"o", RR_OPT_INT, 0, "1", "1..", "h"};
    const struct rr_opt choice = {"c", RR_OPT_CHOICE, 0, "a", "a|bb|c", "h"};
    const struct rr_opt bad = {"b", RR_OPT_INT, 0, "1", "1-5", "h"};
    struct rr_err err = RR_ERR_INIT;
    struct text_value value;

    ok(text_opt_value(&size, "1MiB", &value, &err) == 0 && value.i == 1 << 20, "upper end is in");
    is_int(text_opt_value(&size, "2MiB", &value, &err), RR_E_CONFIG, "above");
    is_str(err.text, "2MiB is above the allowed range 1KiB..1MiB", "message");
    is_int(text_opt_value(&open, "0", &value, &err), RR_E_CONFIG, "below an open range");
    ok(text_opt_value(&open, "123456789", &value, &err) == 0, "open above");
    ok(text_opt_value(&choice, "bb", &value, &err) == 0, "a choice");
    is_int(text_opt_value(&choice, "b", &value, &err), RR_E_CONFIG, "part of a choice is none");
    is_int(text_opt_value(&bad, "2", &value, &err), RR_E_CONFIG, "a bad range is told");
}

static void
test_words(void)
{
    static const char *const words[] = {"batch_size", "epochs", "learning_rate", NULL};
    struct text_list list = {0};
    char buf[64];

    is_str(text_suggest("batch_sise", words), "batch_size", "one letter off");
    is_str(text_suggest("epcohs", words), "epochs", "two letters swapped");
    ok(text_suggest("zebra", words) == NULL, "nothing near");
    ok(text_is_name("a_1") && !text_is_name("1a") && !text_is_name("A") && !text_is_name("") &&
           !text_is_name("a-b"),
       "names");
    ok(text_is_type("NET_2") && !text_is_type("net"), "types");
    text_list_split(&list, " a, b ,,c ");
    ok(list.n == 3 && strcmp(list.v[1], "b") == 0 && list.v[3] == NULL, "a list");
    text_list_free(&list);
    text_copy(buf, 6, "gr\xc3\xbc\xc3\x9f");
    is_str(buf, "gr\xc3\xbc", "a cut does not split a character");
    (void)snprintf(buf, sizeof buf, "\xc3 and\n\xc3\xbc");
    text_mend(buf);
    is_str(buf, "? and\n\xc3\xbc", "what is no character becomes a question mark");
    text_copy(buf, sizeof buf, "cut\nbefore \xc3");
    is_str(buf, "cut before ?", "a copy is fit to print");
    ok(text_is_utf8("\xe2\x82\xac", 3) && !text_is_utf8("\xc0\x80", 2) &&
           !text_is_utf8("\xed\xa0\x80", 3) && !text_is_utf8("\xe2\x82", 2) && !text_is_utf8("", 1),
       "UTF-8");
    is_str(text_duration(200500, buf, sizeof buf), "3min 20s", "a duration for people");
}

/* What to do stands at the end of a message, so nothing is cut that has room. */
static void
test_errors(void)
{
    char tail[201];
    char head[301];
    struct rr_err err = RR_ERR_INIT;

    memset(tail, 't', sizeof tail - 1);
    tail[sizeof tail - 1] = '\0';
    memset(head, 'h', sizeof head - 1);
    head[sizeof head - 1] = '\0';
    is_int(rr_err_set(&err, RR_E_CORRUPT, "%s", tail), RR_E_CORRUPT, "an error of 200 bytes");
    is_int(rr_err_wrap(&err, "store"), RR_E_CORRUPT, "is wrapped");
    is_str(err.text + 7, tail, "and is whole");
    (void)rr_err_wrap(&err, "%s", head);
    is_int((int64_t)strlen(err.text), 247, "what has no room is cut at the end");
    ok(strncmp(err.text + 120, ": store: ttt", 12) == 0, "and leaves room for what is wrapped");
}

int
main(void)
{
    test_errors();
    test_numbers();
    test_ranges();
    test_words();
    return tap_done();
}
