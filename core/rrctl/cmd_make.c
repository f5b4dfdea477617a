/* SPDX-License-Identifier: MIT */
/*
 * cmd_make.c - rrctl init and plugin new: folders of files, made from those of the installation.
 */
#include "core/common/ini.h"
#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/common/text.h"
#include "core/rrctl/confd.h"
#include "core/rrctl/rrctl.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)64 << 10)
/* The line of the plugin template that gets the place of rrd-sdk.pc. */
#define TEMPLATE_PC "\nSDK_PC ="

/* Make a new string of a name or a text for a copy. */
typedef char *(*edit_fn)(const void *arg, const char *text);

/* Folder of the default configuration ("conf.d") and of the plugin template ("template"). */
static const char *
data_dir(const struct rrctl *app)
{
    return app->paths.is_build_tree ? app->paths.self_dir : RR_DATADIR;
}

/* Write one file that must not exist yet. */
static int
write_new(const char *path, const char *text, struct rr_err *err)
{
    FILE *file = fopen(path, "wxe");
    int rc = 0;

    if (file == NULL) {
        return rr_err_set(err, -errno, "cannot create %s: %s", path, strerror(errno));
    }
    if (fputs(text, file) == EOF) {
        rc = -errno;
    }
    if (fclose(file) == EOF && rc == 0) {
        rc = -errno;
    }
    return rc == 0 ? 0 : rr_err_set(err, rc, "cannot write %s: %s", path, strerror(-rc));
}

static int
copy(const char *from, const char *to, edit_fn edit, const void *arg, struct rr_err *err)
{
    char *text = NULL;
    size_t bytes = 0;
    int rc = paths_read_new(from, FILE_BYTES_MAX, &text, &bytes, err);

    if (rc == 0) {
        char *edited = edit(arg, text);

        rc = write_new(to, edited, err);
        free(edited);
    }
    free(text);
    return rc;
}

/* Remove a folder of files. */
static void
remove_dir(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}

/* Copy the files of a folder of ours, with each name and each text as edit makes it. The new folder
 * appears complete or not at all, and never over files that somebody made meanwhile (RR_E_BUSY). */
static int
copy_all(const char *from, const char *to, edit_fn edit, const void *arg, struct rr_err *err)
{
    size_t n = strlen(to);
    DIR *dir = opendir(from);
    const struct dirent *entry;
    int rc = 0;

    while (n > 1 && to[n - 1] == '/') {
        n--;
    }
    char *staging = mem_printf("%.*s.new-%d", (int)n, to, (int)getpid());
    if (dir == NULL) {
        rc = rr_err_set(err, -errno, "cannot read %s: %s (the installation lacks it)", from,
                        strerror(errno));
        free(staging);
        return rc;
    }
    /* rrd takes nothing from a folder that others may write to. */
    rc = paths_mkdir(staging, 0755, err);
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        char *name = edit(arg, entry->d_name);
        char *old = paths_join_new(from, entry->d_name);
        char *new = paths_join_new(staging, name);

        /* local.mk is there in the source tree only. */
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "local.mk") != 0) {
            rc = copy(old, new, edit, arg, err);
        }
        free(new);
        free(old);
        free(name);
    }
    (void)closedir(dir);
    /* Over a folder that is not empty it does nothing. */
    if (rc == 0 && rename(staging, to) != 0) {
        rc = rr_err_set(err, errno == ENOTEMPTY ? RR_E_BUSY : -errno, "cannot make %s: %s", to,
                        strerror(errno));
    }
    if (rc != 0) {
        remove_dir(staging);
    }
    free(staging);
    return rc;
}

bool
init_is_done(const char *dir)
{
    char *conf = paths_join_new(dir, "conf.d");
    struct stat st;
    const bool is_done = stat(conf, &st) == 0;

    free(conf);
    return is_done;
}

/* Take every "stage.key=value" apart: {section: {key: value}}. Each section must be in the default
 * configuration. */
static int
parse_sets(const struct text_list *sets, const char *data, json_t *by_section, struct rr_err *err)
{
    for (size_t i = 0; i < sets->n; i++) {
        const char *set = sets->v[i];
        char *section, *key;
        const char *value;

        if (!ini_split_set(set, &section, &key, &value)) {
            return rr_err_set(err, RR_E_INPUT, "--set %s: want STAGE.KEY=VALUE", set);
        }
        const bool is_there = confd_has(data, section);
        json_t *pair = json_pack("{s:{s:s}}", section, key, value);

        (void)json_object_update_recursive(by_section, pair);
        json_decref(pair);
        free(section);
        free(key);
        if (!is_there) {
            return rr_err_set(err, -ENOENT, "--set %s: no file in %s/conf.d has that section", set,
                              data);
        }
    }
    return 0;
}

/* A file's text with all that is set in its sections; its name stays. */
static char *
edited_new(const void *arg, const char *text)
{
    char *edited = mem_dup(text);
    const char *section, *key;
    json_t *keys, *value;

    json_object_foreach((json_t *)(uintptr_t)arg, section, keys) {
        json_object_foreach(keys, key, value) {
            (void)confd_set(&edited, section, key, json_string_value(value));
        }
    }
    return edited;
}

int
init_make(const struct rrctl *app, const char *dir, const struct text_list *sets,
          struct rr_err *err)
{
    char *source = paths_join_new(data_dir(app), "conf.d");
    char *conf = paths_join_new(dir, "conf.d");
    json_t *by_section = json_object();
    int rc = init_is_done(dir)
                 ? rr_err_set(err, RR_E_BUSY, "%s is there already, and is left as it is", conf)
                 : parse_sets(sets, data_dir(app), by_section, err);

    rc = rc == 0 ? paths_mkdirs(dir, 0777, err) : rc;
    rc = rc == 0 ? copy_all(source, conf, edited_new, by_section, err) : rc;
    json_decref(by_section);
    free(conf);
    free(source);
    return rc;
}

static void
print_init(const struct rrctl *app, const json_t *made)
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
    return rc < 0 ? rc : say(app, json_pack("{s:s}", "dir", dir), JSON_COMPACT, print_init);
}

/* text with each `from` replaced. */
static char *
replaced_new(char *text_take, const char *from, const char *to)
{
    const char *at = text_take;

    while ((at = strstr(at, from)) != NULL) {
        const size_t before = (size_t)(at - text_take);
        char *text = mem_printf("%.*s%s%s", (int)before, text_take, to, at + strlen(from));

        free(text_take);
        text_take = text;
        at = text + before + strlen(to);
    }
    return text_take;
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
    char *renamed = replaced_new(mem_dup(text), "hello", p->name);

    return replaced_new(replaced_new(renamed, "HELLO", p->capitals), TEMPLATE_PC, p->pc_line);
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
    char *from = paths_join_new(data_dir(app), "template");
    int rc;

    plugin.pc_line = paths->is_build_tree ? mem_printf(TEMPLATE_PC " %s/sdk", paths->self_dir)
                                          : mem_printf(TEMPLATE_PC " %s/pkgconfig", paths->lib_dir);
    for (size_t i = 0; name[i] != '\0' && i < TEXT_NAME_MAX; i++) {
        plugin.capitals[i] = (char)toupper((unsigned char)name[i]);
    }
    rc = copy_all(from, dir, renamed_new, &plugin, err);
    free(plugin.pc_line);
    free(from);
    return rc;
}

static void
print_plugin(const struct rrctl *app, const json_t *made)
{
    const char *dir = jget_str(made, "dir");
    const char *quote = strchr(dir, ' ') == NULL ? "" : "'";

    (void)app;
    (void)printf("%s: a plugin that greets; README.md says what to change\n"
                 "  make -C %s%s%s all check            build and test it\n"
                 "  rrctl plugin check %s%s/%s.so%s\n",
                 dir, quote, dir, quote, quote, dir, jget_str(made, "name"), quote);
}

int
cmd_plugin_new(struct rrctl *app, struct rr_err *err)
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
    return say(app, json_pack("{s:s, s:s}", "name", name, "dir", dir), JSON_COMPACT, print_plugin);
}
