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

static char *
same_new(const void *arg, const char *text)
{
    (void)arg;
    return mem_dup(text);
}

/* Apply one "stage.key=value". */
static int
apply_set(const char *dir, const char *set, struct rr_err *err)
{
    const char *dot = strchr(set, '.');
    const char *equals = strchr(set, '=');
    char *stage, *section, *key;
    int rc;

    if (dot == NULL || equals == NULL || dot == set || equals <= dot + 1) {
        return rr_err_set(err, RR_E_INPUT, "--set %s: want STAGE.KEY=VALUE", set);
    }
    stage = mem_dupn(set, (size_t)(dot - set));
    key = mem_dupn(dot + 1, (size_t)(equals - dot) - 1);
    section = strcmp(stage, "core") == 0 ? mem_dup(stage) : mem_printf("stage %s", stage);
    rc = confd_set(dir, section, key, equals + 1, err);
    free(section);
    free(key);
    free(stage);
    return rc;
}

int
init_make(const struct rrctl *app, const char *dir, const struct text_list *sets,
          struct rr_err *err)
{
    char *source = places_data_new(&app->paths, "conf.d", err);
    char *staging = mem_printf("%s/.init-%d", dir, (int)getpid()); /* for confd_set a daemon's */
    char *fresh = paths_join_new(staging, "conf.d");
    char *conf = paths_join_new(dir, "conf.d");
    int rc = source == NULL ? err->code : 0;

    if (init_is_done(dir)) {
        rc = rr_err_set(err, RR_E_BUSY, "%s is there already, and is left as it is", conf);
    } else if (rc == 0) {
        rc = paths_mkdirs(dir, 0777, err);
        rc = rc == 0 ? paths_mkdir(staging, 0777, err) : rc;
        rc = rc == 0 ? paths_mkdir(fresh, 0755, err) : rc;
        rc = rc == 0 ? files_copy(source, fresh, same_new, NULL, err) : rc;
        for (size_t i = 0; rc == 0 && i < sets->n; i++) {
            rc = apply_set(staging, sets->v[i], err);
        }
        if (rc == 0 && rename(fresh, conf) < 0) {
            rc = rr_err_set(err, -errno, "cannot make %s: %s", conf, strerror(errno));
        }
        if (rc < 0) {
            files_remove_dir(fresh);
        }
        (void)rmdir(staging);
    }
    free(conf);
    free(fresh);
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
