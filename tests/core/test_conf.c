/* SPDX-License-Identifier: MIT */
/*
 * test_conf.c - conf.d texts and what is said about them: one problem each, exact words.
 *
 * Uses rrd-worker and the puppet plugins of the build tree ($RR_BUILDDIR).
 */
#include "core/common/mem.h"
#include "core/rrd/conf.h"
#include "core/rrd/conf_schema.h"
#include "tests/tap.h"

#include <sys/stat.h>
#include <unistd.h>

static char dir[256];
static struct paths paths;

static void
write_conf(const char *name, const char *text, size_t n)
{
    char *path = mem_printf("%s/conf.d/%s", dir, name);
    FILE *f = fopen(path, "w");

    if (f == NULL || fwrite(text, 1, n, f) != n || fclose(f) != 0) {
        exit(1);
    }
    free(path);
}

static void
remove_conf(const char *name)
{
    char *path = mem_printf("%s/conf.d/%s", dir, name);

    (void)unlink(path);
    free(path);
}

#define LONG_50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define PUPPET "[stage puppet]\n"

/* Bytes of a literal that may hold NUL. */
#define TEXT(s) s, sizeof(s) - 1

static const struct {
    const char *text;
    size_t n;
    const char *problem; /* NULL: none */
} cases[] = {
    {TEXT(PUPPET), NULL},
    {TEXT(PUPPET "count = 3\nratio = 0.25\nwait = 1s\n"), NULL},
    {TEXT("# a comment\n; another\n\n" PUPPET "text = a=b:c\n"), NULL},
    /* bytes and lines */
    {TEXT(PUPPET "count = 3\n text = more\n"),
     "conf.d/10-t.ini:3: the line is indented: it would be read as more text of the key above"},
    {TEXT(PUPPET "text = " LONG_50 LONG_50 LONG_50 LONG_50 "\n"),
     "conf.d/10-t.ini:2: a line may have 198 bytes"},
    {TEXT("[stage " LONG_50 "]\n"), "conf.d/10-t.ini:1: the name of a section may have 48 bytes"},
    {TEXT(PUPPET "text = a\0b\n"), "conf.d/10-t.ini:2: the line holds a NUL byte"},
    {TEXT(PUPPET "text = a\033b\n"), "conf.d/10-t.ini:2: the line holds a control character"},
    {TEXT("\xef\xbb\xbf" PUPPET),
     "conf.d/10-t.ini:1: the file begins with a byte order mark: save it as UTF-8 without one"},
    {TEXT("[stage puppet]\r\n"),
     "conf.d/10-t.ini:1: the line ends with CR LF: save the file with Unix line ends"},
    {TEXT(PUPPET "text = \xff\n"), "conf.d/10-t.ini: the file is not UTF-8 text"},
    {TEXT("[stage puppet\ncount = 3\n"),
     "conf.d/10-t.ini:1: a section header must end with \"]\" and nothing behind it"},
    {TEXT("[]\n"), "conf.d/10-t.ini:1: a section needs a name: [core] or [stage NAME]"},
    {TEXT(PUPPET "count\n"), "conf.d/10-t.ini:2: this is neither \"key = value\", nor "
                             "\"[section]\", nor a comment"},
    {TEXT(PUPPET "= 3\n"), "conf.d/10-t.ini:2: there is no key before \"=\""},
    {TEXT(PUPPET "count = 3 ; three\n"), "conf.d/10-t.ini:2: a comment behind a value would be "
                                         "cut off: put it on a line of its own"},
    {TEXT("count = 3\n" PUPPET), "conf.d/10-t.ini:1: key \"count\" stands before any [section]"},
    {TEXT(PUPPET "count = 3\ncount = 4\n"),
     "conf.d/10-t.ini:3: key \"count\" was set before at conf.d/10-t.ini:2"},
    {TEXT(PUPPET PUPPET),
     "conf.d/10-t.ini:2: section [stage puppet] was begun before at conf.d/10-t.ini:1"},
    /* sections and keys */
    {TEXT("[stages puppet]\n" PUPPET),
     "conf.d/10-t.ini:1: section [stages puppet] is not known; "
     "there are [core] and [stage NAME] (did you mean \"stage\"?)"},
    {TEXT("[stage Puppet]\n"),
     "conf.d/10-t.ini:1: \"Puppet\" cannot name a stage: a lower-case letter, then letters, digits "
     "and _, 40 at most"},
    {TEXT("[core]\nretain_event = 5\n" PUPPET),
     "conf.d/10-t.ini:2: [core] has no key \"retain_event\" (did you mean \"retain_events\"?)"},
    {TEXT("[core]\nretain_events = 5\n" PUPPET),
     "conf.d/10-t.ini:2: retain_events: 5 is below the allowed range 100.."},
    {TEXT("[core]\nslots = cpu\n" PUPPET),
     "conf.d/10-t.ini:2: slots: \"cpu\" is not name:count, such as cpu:2"},
    {TEXT(PUPPET "stop_limit = 10\n"), "conf.d/10-t.ini:2: stop_limit: \"10\" is not a number with "
                                       "a unit: ms, s, min, h or d"},
    {TEXT(PUPPET "enabled = true\n"), "conf.d/10-t.ini:2: enabled: \"true\" is not yes or no"},
    {TEXT(PUPPET "slots = gpu:1\n"), "conf.d/10-t.ini:2: slots: [core] slots declares no \"gpu\""},
    {TEXT(PUPPET "slots = cpu:100000\n"), "*is more than the*"},
    {TEXT(PUPPET "needs = pupett\n"), "conf.d/10-t.ini:1: needs: there is no stage \"pupett\" (did "
                                      "you mean \"puppet\"?)"},
    {TEXT(PUPPET "needs = puppet\n"),
     "conf.d/10-t.ini:1: stages depend on each other in a cycle: puppet -> puppet"},
    /* plugins and their options */
    {TEXT("[stage pupet]\n"), "*there is no plugin file pupet.so in *(did you mean \"puppet\"?)"},
    {TEXT("[stage puppet]\nplugin = ../puppet\n"),
     "conf.d/10-t.ini:2: plugin: \"../puppet\" is not the name of a plugin"},
    {TEXT("[stage no_symbol]\n"), "*it exports no symbol \"rr_plugin\"*"},
    {TEXT(PUPPET "cuont = 3\n"), "conf.d/10-t.ini:2: option \"cuont\" is not known to plugin "
                                 "puppet (did you mean \"count\"?)"},
    {TEXT(PUPPET "atempts = 3\n"), "conf.d/10-t.ini:2: option \"atempts\" is not known to plugin "
                                   "puppet (did you mean \"attempts\"?)"},
    {TEXT(PUPPET "count = 5000\n"),
     "conf.d/10-t.ini:2: count: 5000 is above the allowed range 0..1000"},
    {TEXT(PUPPET "mood = sad\n"), "conf.d/10-t.ini:2: mood: \"sad\" is not one of calm|angry"},
    {TEXT(PUPPET "room = 5\n"), "conf.d/10-t.ini:2: room: \"5\" is not a number with a unit: B, "
                                "KiB, MiB or GiB"},
    {TEXT(PUPPET "check_act = config\n"), "conf.d/10-t.ini:1: puppet: *"},
    {TEXT(PUPPET "check_act = segv\n"), "*its check of the options ended by signal SEGV*"},
};

/* "*" at either end of a pattern stands for anything; one in the middle too. */
static bool
matches(const char *text, const char *pattern)
{
    if (*pattern == '*') {
        do {
            if (matches(text, pattern + 1)) {
                return true;
            }
        } while (*text++ != '\0');
        return false;
    }
    return *text == *pattern && (*text == '\0' || matches(text + 1, pattern + 1));
}

/* Load conf.d: there is one problem, which matches, or with NULL none. */
static void
judged(const char *problem, const char *what)
{
    const struct text_list sets = {0};
    struct conf conf;

    (void)conf_load(&conf, dir, &paths, &sets);
    if (!ok(problem == NULL ? conf.problems.n == 0
                            : conf.problems.n == 1 && matches(conf.problems.v[0], problem),
            "R61 %s", what)) {
        for (size_t k = 0; k < conf.problems.n; k++) {
            diag("%s", conf.problems.v[k]);
        }
    }
    conf_free(&conf);
}

static void
test_cases(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_conf("10-t.ini", cases[i].text, cases[i].n);
        judged(cases[i].problem, cases[i].problem == NULL ? "accepted" : cases[i].problem);
    }
    remove_conf("10-t.ini");
}

/* One line of a file, which must be refused with that message and no other. */
static void
refused_line(const char *section, const char *key, const char *value, const char *want)
{
    const bool is_core = strcmp(section, "[core]\n") == 0;
    char *text = mem_printf("%s%s = %s\n%s", section, key, value, is_core ? PUPPET : "");
    char *whole = mem_printf("conf.d/10-t.ini:2: %s: %s", key, want);

    write_conf("10-t.ini", text, strlen(text));
    judged(whole, whole);
    free(whole);
    free(text);
}

/* Every key of the core refuses what is not of its type, with the value and what is wanted. */
static void
test_rows(const char *section, const struct rr_opt *rows)
{
    static const struct {
        uint32_t type;
        const char *value, *want;
    } bad[] = {
        {RR_OPT_INT, "many", "\"many\" is not a whole number"},
        {RR_OPT_INT, "1.5", "\"1.5\" is not a whole number"},
        {RR_OPT_INT, "0x10", "\"0x10\" is not a whole number"},
        {RR_OPT_INT, "99999999999999999999", "\"99999999999999999999\" is not a whole number"},
        {RR_OPT_BOOL, "maybe", "\"maybe\" is not yes or no"},
        {RR_OPT_BOOL, "1", "\"1\" is not yes or no"},
        {RR_OPT_DURATION, "7", "\"7\" is not a number with a unit: ms, s, min, h or d"},
        {RR_OPT_DURATION, "5 s", "\"5 s\" is not a number with a unit: ms, s, min, h or d"},
        {RR_OPT_DURATION, "5sec", "\"5sec\" is not a number with a unit: ms, s, min, h or d"},
        {RR_OPT_DURATION, "s", "\"s\" is not a number with a unit: ms, s, min, h or d"},
        {RR_OPT_SIZE, "64", "\"64\" is not a number with a unit: B, KiB, MiB or GiB"},
        {RR_OPT_SIZE, "64kb", "\"64kb\" is not a number with a unit: B, KiB, MiB or GiB"},
        {RR_OPT_SIZE, "-1MiB", "\"-1MiB\" is not a number with a unit: B, KiB, MiB or GiB"},
        {RR_OPT_CHOICE, "loud", NULL},
    };

    for (const struct rr_opt *row = rows; row->key != NULL; row++) {
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            if (bad[i].type == row->type) {
                char *want = bad[i].want != NULL
                                 ? mem_dup(bad[i].want)
                                 : mem_printf("\"%s\" is not one of %s", bad[i].value, row->range);

                refused_line(section, row->key, bad[i].value, want);
                free(want);
            }
        }
    }
    remove_conf("10-t.ini");
}

static void
test_files(void)
{
    const struct text_list sets = {0};
    struct conf conf;
    char *path = mem_printf("%s/conf.d/20-dir.ini", dir);

    write_conf("10-a.ini", TEXT("[core]\nlog_files = 3\n"));
    write_conf("20-b.ini", TEXT(PUPPET "count = 3\n"));
    write_conf("30-c.ini", TEXT("[core]\nlog_level = debug\n"));
    write_conf("README", TEXT("not looked at"));
    (void)conf_load(&conf, dir, &paths, &sets);
    ok(conf.problems.n == 1 &&
           strcmp(conf.problems.v[0],
                  "conf.d/30-c.ini:1: section [core] was begun before at conf.d/10-a.ini:1") == 0,
       "one section of a name in all files");
    conf_free(&conf);
    remove_conf("30-c.ini");
    write_conf("b.ini", TEXT(""));
    (void)mkdir(path, 0700);
    (void)conf_load(&conf, dir, &paths, &sets);
    ok(conf.problems.n == 2 && strstr(conf.problems.v[0], "is not a regular file") != NULL &&
           strstr(conf.problems.v[1], "the name must be NN-name.ini") != NULL,
       "names and kinds of files; all problems at once");
    conf_free(&conf);
    (void)rmdir(path);
    remove_conf("b.ini");
    free(path);
    write_conf("30-\xff.ini", TEXT("[stage other]\nplugin = puppet\n"));
    judged("conf.d/30-?.ini: the name of the file is not UTF-8 text", "name of a file");
    remove_conf("30-\xff.ini");
}

static void
test_sets(void)
{
    struct text_list sets = {0};
    struct conf conf;

    text_list_add(&sets, "puppet.count=7");
    text_list_add(&sets, "core.retain_events=500");
    (void)conf_load(&conf, dir, &paths, &sets);
    ok(conf.problems.n == 0 && conf.retain_events == 500 &&
           strcmp(ini_text(conf.stages[0].values, "count"), "7") == 0,
       "the command line wins");
    is_str(ini_text(conf.stages[0].values, "ratio"), "0.5", "defaults are filled in");
    conf_free(&conf);
    text_list_add(&sets, "puppet.count=x");
    text_list_add(&sets, "nobody.count=1");
    text_list_add(&sets, "nonsense");
    (void)conf_load(&conf, dir, &paths, &sets);
    is_int((int64_t)conf.problems.n, 3, "and is checked as well");
    is_int(conf_status(&conf), 78, "exit status");
    conf_free(&conf);
    text_list_free(&sets);
}

/* Who may write a file, or its folder, decides what the daemon runs. */
static void
test_rights(void)
{
    static const struct {
        const char *name;
        mode_t mode;
        uid_t owner;
        const char *want;
    } rights[] = {
        {"conf.d/20-b.ini", 0620, 0, "*20-b.ini: others than its owner may write*0620*chmod go-w"},
        {"conf.d/20-b.ini", 0602, 0, "*20-b.ini: others than its owner may write*0602*chmod go-w"},
        {"conf.d", 0770, 0, "conf.d: others than its owner may write*0770*chmod go-w"},
        {"conf.d", 0707, 0, "conf.d: others than its owner may write*0707*chmod go-w"},
        {"conf.d/20-b.ini", 0644, 12345, "*20-b.ini: it belongs to user 12345*chown*"},
    };

    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        char *path = mem_printf("%s/%s", dir, rights[i].name);
        const bool is_dir = strchr(rights[i].name, '/') == NULL;

        if (rights[i].owner == 0 || (geteuid() == 0 && chown(path, rights[i].owner, 0) == 0)) {
            (void)chmod(path, rights[i].mode);
            judged(rights[i].want, rights[i].want);
        }
        if (rights[i].owner != 0 && geteuid() == 0) {
            ok(chown(path, 0, 0) == 0, "given back");
        }
        (void)chmod(path, is_dir ? 0700 : 0644);
        free(path);
    }
}

/* Every key must stand in the man page, and those of the core in its ini file. */
static void
test_papers(void)
{
    const char *source = getenv("RR_SRCDIR");
    const struct rr_opt *const tables[] = {conf_core_keys, conf_stage_keys};
    struct rr_err err = RR_ERR_INIT;
    char *man_path = mem_printf("%s/man/rrd.conf.5", source == NULL ? "." : source);
    char *ini_path = mem_printf("%s/conf.d/00-core.ini", source == NULL ? "." : source);
    char *man = NULL;
    char *ini = NULL;
    size_t n;

    if (paths_read_new(man_path, 1u << 20, &man, &n, &err) != 0 ||
        paths_read_new(ini_path, 1u << 20, &ini, &n, &err) != 0) {
        ok(false, "%s", err.text);
    }
    for (size_t t = 0; man != NULL && ini != NULL && t < 2; t++) {
        for (const struct rr_opt *row = tables[t]; row->key != NULL; row++) {
            char *in_man = mem_printf("\\fB%s\\fR (", row->key);
            char *in_ini = mem_printf("\n%s =", row->key);
            char *as_default = mem_printf("\n#%s =", row->key);

            ok(row->help[0] != '\0' && strstr(man, in_man) != NULL &&
                   (t == 1 || strstr(ini, in_ini) != NULL || strstr(ini, as_default) != NULL),
               "%s is described", row->key);
            free(in_man);
            free(in_ini);
            free(as_default);
        }
    }
    free(man);
    free(ini);
    free(man_path);
    free(ini_path);
}

int
main(void)
{
    const char *tmp = getenv("TMPDIR");
    const char *build = getenv("RR_BUILDDIR");
    char *confd;

    if (build == NULL) {
        build = ".";
    }
    (void)snprintf(dir, sizeof dir, "%s/rr-conf.XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(dir) == NULL) {
        return 1;
    }
    confd = mem_printf("%s/conf.d", dir);
    (void)mkdir(confd, 0700);
    paths.libexec_dir = mem_dup(build);
    paths.lib_dir = mem_dup(build);
    paths.plugin_dir = mem_printf("%s/tests/puppet", build);
    test_cases();
    test_rows("[core]\n", conf_core_keys);
    test_rows(PUPPET, conf_stage_keys);
    test_files();
    test_sets();
    test_rights();
    test_papers();
    remove_conf("10-a.ini");
    remove_conf("20-b.ini");
    remove_conf("README");
    (void)rmdir(confd);
    (void)rmdir(dir);
    free(confd);
    paths_fini(&paths);
    return tap_done();
}
