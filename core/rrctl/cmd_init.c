/* SPDX-License-Identifier: MIT */
/*
 * cmd_init.c - rrctl init: make the directory of a daemon.
 */
#include "core/common/mem.h"
#include "core/rrctl/confd.h"
#include "core/rrctl/files.h"
#include "core/rrctl/init.h"
#include "core/rrctl/places.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)64 << 10)

bool
init_is_done(const char *dir)
{
    char *conf = paths_join_new(dir, "conf.d");
    struct stat st;
    const bool is_done = stat(conf, &st) == 0;

    free(conf);
    return is_done;
}

static int
copy_file(const char *from_dir, const char *to_dir, const char *name, struct rr_err *err)
{
    char *from = paths_join_new(from_dir, name);
    char *to = paths_join_new(to_dir, name);
    char *text = NULL;
    size_t bytes = 0;
    int rc = paths_read_new(from, FILE_BYTES_MAX, &text, &bytes, err);

    if (rc == 0) {
        rc = files_write_new(to, text, bytes, err);
    }
    free(text);
    free(to);
    free(from);
    return rc;
}

static int
copy_all(const char *from, const char *to, struct rr_err *err)
{
    DIR *dir = opendir(from);
    const struct dirent *entry;
    int rc = 0;

    if (dir == NULL) {
        return rr_err_set(err, -errno, "cannot read %s: %s", from, strerror(errno));
    }
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        const size_t length = strlen(entry->d_name);
        if (length > 4 && strcmp(entry->d_name + length - 4, ".ini") == 0) {
            rc = copy_file(from, to, entry->d_name, err);
        }
    }
    (void)closedir(dir);
    return rc;
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
init_make(const struct paths *paths, const char *dir, const struct text_list *sets,
          struct rr_err *err)
{
    char *source = NULL;
    char *staging = NULL; /* looks like a daemon's directory to confd_set */
    char *fresh = NULL;
    char *conf = paths_join_new(dir, "conf.d");
    int rc;

    if (init_is_done(dir)) {
        rc = rr_err_set(err, RR_E_BUSY, "%s is there already, and is left as it is", conf);
        goto out;
    }
    source = places_default_conf_new(paths, err);
    rc = source == NULL ? err->code : paths_mkdirs(dir, 0777, err);
    if (rc < 0) {
        goto out;
    }
    staging = mem_printf("%s/.init-%d", dir, (int)getpid());
    fresh = paths_join_new(staging, "conf.d");
    rc = paths_mkdir(staging, 0777, err);
    if (rc == 0) {
        rc = paths_mkdir(fresh, 0755, err);
    }
    if (rc == 0) {
        rc = copy_all(source, fresh, err);
    }
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
out:
    free(fresh);
    free(staging);
    free(source);
    free(conf);
    return rc;
}

int
cmd_init(struct rrctl *app, struct rr_err *err)
{
    const char *dir = app->args.operand_count > 0 ? app->args.operands[0] : app->dir;
    struct text_list sets = {0};
    const char *set;
    size_t at = 0;
    int rc;

    while ((set = args_each(&app->args, "set", &at)) != NULL) {
        text_list_add(&sets, set);
    }
    rc = init_make(&app->paths, dir, &sets, err);
    text_list_free(&sets);
    if (rc == 0) {
        if (app->json) {
            json_t *said = json_pack("{s:s}", "dir", dir);
            (void)json_dumpf(said, stdout, JSON_COMPACT);
            (void)putchar('\n');
            json_decref(said);
        } else {
            (void)printf("%s/conf.d is ready; rrctl --dir %s start starts it\n", dir, dir);
        }
    }
    return rc;
}
