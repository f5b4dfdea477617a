/* SPDX-License-Identifier: MIT */
/*
 * kept.c - the record of upgraded plugin files, and the files.
 */
#include "core/rrd/kept.h"

#include "core/common/fail.h"
#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/common/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define RECORD_MAX (1u << 20)
#define TEMP ".new"

char *
kept_path_new(const char *dir, const char *hash, const char *plugin)
{
    return mem_printf("%s/state/upgrades/%s/%s.so", dir, hash, plugin);
}

json_t *
kept_load(const char *dir, struct rr_err *err)
{
    char *path = mem_printf("%s/state/upgrades/record.json", dir);
    json_t *record = NULL;
    char *text = NULL;
    size_t n = 0;

    if (access(path, F_OK) != 0 && errno == ENOENT) {
        record = json_object();
    } else if (paths_read_new(path, RECORD_MAX, &text, &n, err) == 0) {
        record = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(record)) {
            json_decref(record);
            record = NULL;
            (void)rr_err_set(err, RR_E_CORRUPT,
                             "%s is damaged: remove it, and the installed plugins run", path);
        }
    }
    free(text);
    free(path);
    return record;
}

const char *
kept_hash(const json_t *record, const char *stage, const char *plugin, const char *installed)
{
    const json_t *entry = json_object_get(record, stage);
    const char *hash = jget_str(entry, "hash");

    if (strlen(hash) != SHA256_HEX_BYTES - 1 || strcmp(jget_str(entry, "plugin"), plugin) != 0 ||
        (installed[0] != '\0' && strcmp(jget_str(entry, "installed"), installed) != 0)) {
        return NULL;
    }
    return hash;
}

/* Have the content of in or (in < 0) text durable under dir/name, or nothing there. */
static int
replace(const char *dir, const char *name, int in, const char *text)
{
    char *temp = mem_printf("%s/" TEMP, dir);
    char *path = mem_printf("%s/%s", dir, name);
    ssize_t n;
    int out;

    (void)remove(temp); /* one that a kill has left may not be opened: it is read-only */
    out = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500);
    n = out < 0 ? -1 : 0;

    if (n == 0 && in < 0) {
        errno = EIO; /* of a write that is cut short */
        n = write(out, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
    } else if (n == 0) {
        while ((n = sendfile(out, in, NULL, 1u << 30)) > 0) {
        }
    }
    if (n == 0 && fsync(out) != 0) {
        n = -1;
    }
    int rc = n == 0 ? 0 : -errno;

    if (out >= 0) {
        (void)close(out);
    }
    FAIL("kept.rename.before");
    if (rc == 0) {
        rc = rename(temp, path) == 0 ? paths_sync(dir) : -errno;
    }
    if (rc != 0) {
        (void)unlink(temp);
    }
    FAIL("kept.rename.after");
    free(temp);
    free(path);
    return rc;
}

int
kept_copy(const char *dir, const char *from, const char *hash, const char *plugin,
          struct rr_err *err)
{
    char *top = mem_printf("%s/state/upgrades", dir);
    char *own = mem_printf("%s/%s", top, hash);
    char *name = mem_printf("%s.so", plugin);
    char *path = kept_path_new(dir, hash, plugin);
    char found[SHA256_HEX_BYTES];
    const int in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int rc = 0;

    sha256_file(path, found);
    if (strcmp(found, hash) != 0) {
        rc = in < 0 ? -errno : paths_mkdir(top, 0700, err);
        rc = rc == 0 ? paths_mkdir(own, 0700, err) : rc;
        rc = rc == 0 ? replace(own, name, in, NULL) : rc;
        rc = rc == 0 ? paths_sync(top) : rc;
        sha256_file(path, found);
        if (rc == 0 && strcmp(found, hash) != 0) {
            rc = -ESTALE;
        }
        if (rc != 0) {
            (void)rr_err_set(err, rc, "cannot copy %s to %s: %s", from, path,
                             rc == -ESTALE ? "it has changed since it was checked" : strerror(-rc));
        }
    }
    if (in >= 0) {
        (void)close(in);
    }
    free(path);
    free(name);
    free(own);
    free(top);
    return rc;
}

int
kept_set(const char *dir, json_t *entries_take, struct rr_err *err)
{
    json_t *record = kept_load(dir, err);
    char *top = mem_printf("%s/state/upgrades", dir);
    char *text = NULL;
    int rc = record == NULL ? RR_E_CORRUPT : paths_mkdir(top, 0700, err);

    if (rc == 0) {
        (void)json_object_update(record, entries_take);
        text = json_dumps(record, JSON_INDENT(1) | JSON_SORT_KEYS);
        rc = replace(top, "record.json", -1, text);
        if (rc != 0) {
            (void)rr_err_set(err, rc, "cannot write %s/record.json: %s", top, strerror(-rc));
        }
    }
    free(text);
    free(top);
    json_decref(record);
    json_decref(entries_take);
    return rc;
}

static bool
is_named(const json_t *record, const struct conf *conf, const char *hash)
{
    const char *stage;
    json_t *entry;

    json_object_foreach((json_t *)(uintptr_t)record, stage, entry) {
        if (strcmp(jget_str(entry, "hash"), hash) == 0 ||
            strcmp(jget_str(entry, "previous"), hash) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < conf->n_stages; i++) {
        if (strcmp(conf->stages[i].hash, hash) == 0) {
            return true;
        }
    }
    return false;
}

/* Empty a directory of that hash and remove it; of one that is named only what was cut short. */
static void
prune_one(const char *path, bool is_named)
{
    DIR *files = opendir(path);

    for (struct dirent *f; files != NULL && (f = readdir(files)) != NULL;) {
        if (!is_named || strcmp(f->d_name, TEMP) == 0) {
            (void)unlinkat(dirfd(files), f->d_name, 0); /* "." and ".." refuse */
        }
    }
    if (files != NULL) {
        (void)closedir(files);
        (void)rmdir(path); /* refuses while there is a file */
    }
}

void
kept_prune(const struct conf *conf)
{
    char *top = mem_printf("%s/state/upgrades", conf->dir);
    json_t *record = kept_load(conf->dir, NULL);
    DIR *all = record == NULL ? NULL : opendir(top);

    for (struct dirent *e; all != NULL && (e = readdir(all)) != NULL;) {
        char *own = mem_printf("%s/%s", top, e->d_name);

        if (strcmp(e->d_name, TEMP) == 0) {
            (void)remove(own);
        } else if (strlen(e->d_name) == SHA256_HEX_BYTES - 1) {
            prune_one(own, is_named(record, conf, e->d_name));
        }
        free(own);
    }
    if (all != NULL) {
        (void)closedir(all);
    }
    json_decref(record);
    free(top);
}
