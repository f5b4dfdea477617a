/* SPDX-License-Identifier: MIT */
/*
 * cmd_init.c - rrctl init: make the directory of a daemon.
 */
#include "core/common/mem.h"
#include "core/rrctl/confd.h"
#include "core/rrctl/files.h"
#include "core/rrctl/jget.h"
#include "core/rrctl/places.h"
#include "core/rrctl/rrctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
init_is_done(const char *dir)
{
    char *conf = paths_join_new(dir, "conf.d");
    struct stat st;
    const bool is_done = stat(conf, &st) == 0;

    free(conf);
    return is_done;
}

/* Take "stage.key=value" apart; section and key are new. */
static int
parse_set(const char *set, char **section, char **key, const char **value, struct rr_err *err)
{
    const size_t dot = strcspn(set, ".=");
    const size_t equals = strcspn(set, "=");

    if (dot == 0 || set[dot] != '.' || set[equals] == '\0' || equals == dot + 1) {
        return rr_err_set(err, RR_E_INPUT, "--set %s: want STAGE.KEY=VALUE", set);
    }
    *section =
        strncmp(set, "core.", 5) == 0 ? mem_dup("core") : mem_printf("stage %.*s", (int)dot, set);
    *key = mem_dupn(set + dot + 1, equals - dot - 1);
    *value = set + equals + 1;
    return 0;
}

/* A file's text with all that is set in its sections; its name stays. */
static char *
edited_new(const void *arg, const char *text)
{
    const struct text_list *sets = arg;
    char *edited = mem_dup(text);

    for (size_t i = 0; i < sets->n; i++) {
        char *section, *key;
        const char *value;

        if (parse_set(sets->v[i], &section, &key, &value, NULL) == 0) {
            (void)confd_set(&edited, section, key, value);
            free(section);
            free(key);
        }
    }
    return edited;
}

/* Whether all that is set has its section in the default configuration. */
static int
check_sets(const struct text_list *sets, const char *data_dir, struct rr_err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sets->n; i++) {
        char *section, *key;
        const char *value;

        rc = parse_set(sets->v[i], &section, &key, &value, err);
        if (rc == 0) {
            rc = confd_has(data_dir, section)
                     ? 0
                     : rr_err_set(err, -ENOENT, "no file in %s/conf.d has a section [%s]", data_dir,
                                  section);
            free(section);
            free(key);
        }
    }
    return rc;
}

int
init_make(const struct rrctl *app, const char *dir, const struct text_list *sets,
          struct rr_err *err)
{
    const char *data_dir = places_data(&app->paths);
    char *source = paths_join_new(data_dir, "conf.d");
    char *conf = paths_join_new(dir, "conf.d");
    int rc = init_is_done(dir)
                 ? rr_err_set(err, RR_E_BUSY, "%s is there already, and is left as it is", conf)
                 : check_sets(sets, data_dir, err);

    rc = rc == 0 ? paths_mkdirs(dir, 0777, err) : rc;
    rc = rc == 0 ? files_make(source, conf, edited_new, sets, err) : rc;
    free(conf);
    free(source);
    return rc;
}

static void
print_made(const struct rrctl *app, const json_t *made)
{
    const char *dir = jget_str(made, "dir");

    (void)app;
    (void)printf("%s/conf.d is ready; rrctl --dir %s start starts it\n", dir, dir);
}

int
cmd_init(struct rrctl *app, struct rr_err *err)
{
    const char *dir = app->args.operand_count > 0 ? app->args.operands[0] : app->dir;
    struct text_list sets = {0};
    int rc;

    args_each(&app->args, "set", NULL, &sets);
    rc = init_make(app, dir, &sets, err);
    text_list_free(&sets);
    return rc < 0 ? rc : say(app, json_pack("{s:s}", "dir", dir), JSON_COMPACT, print_made);
}
