/* SPDX-License-Identifier: MIT */
/*
 * cmd_plugin.c - rrctl plugin: judge and list plugins, begin a new one; rrctl doctor.
 *
 * rrd judges, with the code that a start runs.
 */
#include "core/common/mem.h"
#include "core/common/text.h"
#include "core/rrctl/files.h"
#include "core/rrctl/jget.h"
#include "core/rrctl/places.h"
#include "core/rrctl/proc.h"
#include "core/rrctl/rrctl.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The line of the template that gets the place of rrd-sdk.pc. */
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

/* What a new plugin is made of. */
struct plugin {
    const char *name;
    char capitals[TEXT_NAME_MAX + 1]; /* the name in them */
    char *pc_line;                    /* says where rrd-sdk.pc is */
};

/* A text or a name of the template as the new plugin has it. */
static char *
renamed_new(const void *arg, const char *text)
{
    const struct plugin *p = arg;
    char *small = replaced_new(text, "hello", p->name);
    char *both = replaced_new(small, "HELLO", p->capitals);
    char *placed = replaced_new(both, TEMPLATE_PC, p->pc_line);

    free(both);
    free(small);
    return placed;
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

static int
make_plugin(const struct rrctl *app, const char *name, const char *dir, struct rr_err *err)
{
    const struct paths *paths = &app->paths;
    struct plugin plugin = {.name = name};
    char *from = paths_join_new(places_data(paths), "template");
    int rc;

    plugin.pc_line = paths->is_build_tree ? mem_printf(TEMPLATE_PC " %s/sdk", paths->self_dir)
                                          : mem_printf(TEMPLATE_PC " %s/pkgconfig", paths->lib_dir);
    for (size_t i = 0; name[i] != '\0' && i < TEXT_NAME_MAX; i++) {
        plugin.capitals[i] = (char)toupper((unsigned char)name[i]);
    }
    rc = files_make(from, dir, renamed_new, &plugin, err);
    free(plugin.pc_line);
    free(from);
    return rc;
}

static void
print_made(const struct rrctl *app, const json_t *made)
{
    const char *dir = jget_str(made, "dir");

    (void)app;
    (void)printf("%s: a plugin that greets; README.md says what to change\n"
                 "  make -C %s all check            build and test it\n"
                 "  rrctl plugin check %s/%s.so\n",
                 dir, dir, dir, jget_str(made, "name"));
}

static int
plugin_new(struct rrctl *app, struct rr_err *err)
{
    const char *name = app->args.operands[1];
    const char *dir = app->args.operand_count > 2 ? app->args.operands[2] : name;
    struct stat st;

    if (check_name(app, name, err) < 0) {
        return err->code;
    }
    if (lstat(dir, &st) == 0) {
        return rr_err_set(err, RR_E_BUSY, "%s is there already, and is left as it is", dir);
    }
    if (make_plugin(app, name, dir, err) < 0) {
        return err->code;
    }
    return say(app, json_pack("{s:s, s:s}", "name", name, "dir", dir), JSON_COMPACT, print_made);
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
