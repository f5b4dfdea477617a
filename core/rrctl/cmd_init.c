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

/* What is set, and which of it has found its section. */
struct edit {
    const struct text_list *sets; /* "stage.key=value" */
    bool *is_done;
};

static int
check_sets(const struct text_list *sets, struct rr_err *err)
{
    for (size_t i = 0; i < sets->n; i++) {
        const size_t at = strcspn(sets->v[i], ".=");
        const size_t equals = strcspn(sets->v[i], "=");

        if (at == 0 || sets->v[i][at] != '.' || sets->v[i][equals] == '\0' || equals == at + 1) {
            return rr_err_set(err, RR_E_INPUT, "--set %s: want STAGE.KEY=VALUE", sets->v[i]);
        }
    }
    return 0;
}

/* A file's text with all that is set in its sections; its name stays. */
static char *
edited_new(const void *arg, const char *text)
{
    const struct edit *edit = arg;
    char *edited = mem_dup(text);

    for (size_t i = 0; i < edit->sets->n; i++) {
        char *stage = mem_dup(edit->sets->v[i]);
        char *key = strchr(stage, '.');
        char *value = strchr(stage, '=');

        *key++ = '\0';
        *value++ = '\0';
        char *section = mem_printf("%s%s", strcmp(stage, "core") == 0 ? "" : "stage ", stage);
        edit->is_done[i] = confd_set(&edited, section, key, value) || edit->is_done[i];
        free(section);
        free(stage);
    }
    return edited;
}

/* Fill a folder from the default configuration. */
static int
copy(const char *from, const char *to, const struct text_list *sets, struct rr_err *err)
{
    const struct edit edit = {sets, mem_zalloc(sets->n + 1, sizeof(bool))};
    int rc = files_copy(from, to, edited_new, &edit, err);

    for (size_t i = 0; rc == 0 && i < sets->n; i++) {
        if (!edit.is_done[i]) {
            rc = rr_err_set(err, -ENOENT,
                            "--set %s: no file of the default configuration has that "
                            "section",
                            sets->v[i]);
        }
    }
    free(edit.is_done);
    return rc;
}

int
init_make(const struct rrctl *app, const char *dir, const struct text_list *sets,
          struct rr_err *err)
{
    char *source = places_data_new(&app->paths, "conf.d", err);
    char *staging = mem_printf("%s/.init-%d", dir, (int)getpid());
    char *conf = paths_join_new(dir, "conf.d");
    int rc = source == NULL ? err->code : check_sets(sets, err);

    if (init_is_done(dir)) {
        rc = rr_err_set(err, RR_E_BUSY, "%s is there already, and is left as it is", conf);
    } else if (rc == 0) {
        rc = paths_mkdirs(dir, 0777, err);
        rc = rc == 0 ? paths_mkdir(staging, 0755, err) : rc;
        rc = rc == 0 ? copy(source, staging, sets, err) : rc;
        if (rc == 0 && rename(staging, conf) < 0) {
            rc = rr_err_set(err, -errno, "cannot make %s: %s", conf, strerror(errno));
        }
        if (rc < 0) {
            files_remove_dir(staging);
        }
    }
    free(conf);
    free(staging);
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
