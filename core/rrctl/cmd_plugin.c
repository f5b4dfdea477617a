/* SPDX-License-Identifier: MIT */
/*
 * cmd_plugin.c - rrctl plugin: judge and list plugins, begin a new one; rrctl doctor.
 *
 * rrd judges, with the code that a start runs.
 */
#include "core/common/mem.h"
#include "core/common/text.h"
#include "core/rrctl/files.h"
#include "core/rrctl/places.h"
#include "core/rrctl/proc.h"
#include "core/rrctl/rrctl.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)64 << 10)

/* The word of the template that becomes the name, and the line that gets the place of rrd-sdk.pc.
 */
#define TEMPLATE_NAME "hello"
#define TEMPLATE_PC "\nSDK_PC ="

static int
become_rrd(const struct rrctl *app, const char *option, const char *operand, struct rr_err *err)
{
    const char *words[] = {option, operand, NULL, NULL};

    if (args_has(&app->args, "strict")) {
        words[operand == NULL ? 1 : 2] = "--strict";
    }
    return proc_become_rrd(app, words, err);
}

/* text with each `from` replaced, in a new string. */
static char *
replaced_new(const char *text, const char *from, const char *to)
{
    char *out = mem_dup("");
    const char *at;

    for (; (at = strstr(text, from)) != NULL; text = at + strlen(from)) {
        char *longer = mem_printf("%s%.*s%s", out, (int)(at - text), text, to);

        free(out);
        out = longer;
    }
    char *whole = mem_printf("%s%s", out, text);

    free(out);
    return whole;
}

/* text with the name of the template, in small and in capital letters, replaced. */
static char *
renamed_new(const char *text, const char *name)
{
    char capitals[TEXT_NAME_MAX + 1] = "";
    char template[] = TEMPLATE_NAME;

    for (size_t i = 0; name[i] != '\0' && i < TEXT_NAME_MAX; i++) {
        capitals[i] = (char)toupper((unsigned char)name[i]);
    }
    char *small = replaced_new(text, template, name);

    for (char *c = template; *c != '\0'; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    char *both = replaced_new(small, template, capitals);

    free(small);
    return both;
}

static int
copy_renamed(const char *from_dir, const char *to_dir, const char *file, const char *name,
             const char *pc_dir, struct rr_err *err)
{
    char *from = paths_join_new(from_dir, file);
    char *to_file = renamed_new(file, name);
    char *to = paths_join_new(to_dir, to_file);
    char *text = NULL;
    size_t bytes = 0;
    int rc = paths_read_new(from, FILE_BYTES_MAX, &text, &bytes, err);

    if (rc == 0) {
        char *line = mem_printf("%s %s", TEMPLATE_PC, pc_dir);
        char *placed = replaced_new(text, TEMPLATE_PC, line);
        char *renamed = renamed_new(placed, name);

        rc = files_write_new(to, renamed, strlen(renamed), err);
        free(renamed);
        free(placed);
        free(line);
    }
    free(text);
    free(to);
    free(to_file);
    free(from);
    return rc;
}

/* Whether a plugin may be called that. */
static int
check_name(const struct rrctl *app, const char *name, struct rr_err *err)
{
    char *own = mem_printf("%s/%s.so", app->paths.plugin_dir, name);
    struct stat st;
    int rc = 0;

    if (!text_is_name(name)) {
        rc = rr_err_set(err, RR_E_INPUT,
                        "\"%s\" cannot name a plugin: a lower-case letter, then letters, digits "
                        "and _, %d at most",
                        name, TEXT_NAME_MAX);
    } else if (strcmp(name, "core") == 0 || strncmp(name, "rr_", 3) == 0) {
        rc = rr_err_set(err, RR_E_INPUT, "the name \"%s\" belongs to rrd itself", name);
    } else if (stat(own, &st) == 0) {
        rc = rr_err_set(err, RR_E_INPUT, "a plugin called \"%s\" comes with rrd", name);
    }
    free(own);
    return rc;
}

/* Fill a folder from the template; it is called staging while it is not complete. */
static int
make_plugin(const struct rrctl *app, const char *name, const char *dir, struct rr_err *err)
{
    const bool is_built = app->paths.is_build_tree;
    char *from = paths_join_new(is_built ? app->paths.self_dir : RR_DATADIR, "template");
    char *pc_dir = paths_join_new(is_built ? app->paths.self_dir : app->paths.lib_dir,
                                  is_built ? "sdk" : "pkgconfig");
    char *staging = mem_printf("%s.new-%ld", dir, (long)getpid());
    struct dirent *entry;
    DIR *template = opendir(from);
    int rc = 0;

    if (template == NULL) {
        rc = rr_err_set(err, -errno, "no template in %s: the installation lacks it", from);
        goto out;
    }
    /* rrd takes no plugin from a folder that others may write to. */
    rc = mkdir(staging, 0755) == 0 ? 0
                                   : rr_err_set(err, -errno, "cannot make the directory %s: %s",
                                                staging, strerror(errno));
    while (rc == 0 && (entry = readdir(template)) != NULL) {
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "local.mk") != 0) {
            rc = copy_renamed(from, staging, entry->d_name, name, pc_dir, err);
        }
    }
    (void)closedir(template);
    /* Atomic, and never over what somebody made meanwhile. */
    if (rc == 0 && renameat2(AT_FDCWD, staging, AT_FDCWD, dir, RENAME_NOREPLACE) != 0) {
        rc = rr_err_set(err, errno == EEXIST ? RR_E_BUSY : -errno, "cannot make %s: %s", dir,
                        strerror(errno));
    }
    if (rc != 0) {
        files_remove_dir(staging);
    }
out:
    free(staging);
    free(pc_dir);
    free(from);
    return rc;
}

static int
plugin_new(struct rrctl *app, struct rr_err *err)
{
    const char *name = app->args.operands[1];
    const char *dir = app->args.operand_count > 2 ? app->args.operands[2] : name;
    struct stat st;
    int rc = check_name(app, name, err);

    if (rc == 0 && lstat(dir, &st) == 0) {
        rc = rr_err_set(err, RR_E_BUSY, "%s is there already, and is left as it is", dir);
    }
    if (rc == 0) {
        rc = make_plugin(app, name, dir, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (app->json) {
        json_t *said = json_pack("{s:s, s:s}", "name", name, "dir", dir);

        (void)json_dumpf(said, stdout, JSON_COMPACT);
        (void)putchar('\n');
        json_decref(said);
    } else {
        (void)printf("%s: a plugin that greets; README.md says what to change\n"
                     "  make -C %s all check            build and test it\n"
                     "  rrctl plugin check %s/%s.so\n",
                     dir, dir, dir, name);
    }
    return 0;
}

int
cmd_plugin(struct rrctl *app, struct rr_err *err)
{
    const char *what = app->args.operands[0];
    const char *file = app->args.operands[1];
    const int n = app->args.operand_count;

    if (strcmp(what, "list") == 0 && n == 1) {
        return become_rrd(app, "--plugin-list", NULL, err);
    }
    if (strcmp(what, "check") == 0 && n == 2) {
        return become_rrd(app, "--plugin-check", file, err);
    }
    if (strcmp(what, "new") == 0 && n > 1) {
        return plugin_new(app, err);
    }
    return rr_err_set(err, RR_E_INPUT, "usage: rrctl plugin %s", app->command->operands);
}

int
cmd_doctor(struct rrctl *app, struct rr_err *err)
{
    struct rr_err why = RR_ERR_INIT;
    json_t *status = NULL;
    const int fd = memfd_create("status", MFD_CLOEXEC);

    /* What the daemon says goes along as standard input; so does that it says nothing. */
    if (ask(app, "status", NULL, &status, &why) != 0) {
        status = json_pack("{s:i, s:s}", "code", why.code, "error", why.text);
    }
    const bool is_there = fd >= 0 && json_dumpfd(status, fd, JSON_COMPACT) == 0 &&
                          lseek(fd, 0, SEEK_SET) == 0 && dup2(fd, STDIN_FILENO) == 0;

    json_decref(status);
    if (!is_there) {
        return rr_err_set(err, -EIO, "cannot hand the daemon's status on: %s", strerror(errno));
    }
    return become_rrd(app, "--doctor", NULL, err);
}
