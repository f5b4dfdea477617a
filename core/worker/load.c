/* SPDX-License-Identifier: MIT */
/*
 * load.c - from a file name to an opened, checked plugin.
 *
 * Owns: the copies in state/plugins/. Does not: judge the descriptor (load_check.c).
 */
#include "core/worker/load.h"

#include "core/common/elf.h"
#include "core/common/mem.h"
#include "core/common/paths.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_STEP_BYTES ((size_t)1 << 20)

/* Who may write to the folder could put another file in its place. */
static int
trust_folder(const char *path, struct rr_err *err)
{
    char copy[PATH_MAX];
    struct stat st;
    const char *dir;
    int rc;

    (void)snprintf(copy, sizeof copy, "%s", path);
    dir = dirname(copy);
    rc = stat(dir, &st) != 0 ? -errno : paths_trust(&st, err);
    if (rc != 0 && rc != -EPERM) {
        return rr_err_set(err, rc, "cannot examine its folder: %s", strerror(-rc));
    }
    return rc == 0 ? 0 : rr_err_wrap(err, "its folder %.80s", dir);
}

/* Open the file and refuse everything that is not a plain file of ours. Returns a descriptor. */
static int
open_checked(const char *path, struct rr_err *err)
{
    char real[PATH_MAX]; /* behind links */
    struct stat st;

    /* O_NONBLOCK: opening a fifo must not hang. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return rr_err_set(err, RR_E_PLUGIN, "cannot open it: %s", strerror(errno));
    }
    if (fstat(fd, &st) != 0 || realpath(path, real) == NULL) {
        (void)rr_err_set(err, RR_E_PLUGIN, "cannot examine it: %s", strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        (void)rr_err_set(err, RR_E_PLUGIN, "it is not a regular file");
    } else if (paths_trust(&st, err) == 0 && trust_folder(path, err) == 0 &&
               trust_folder(real, err) == 0 && elf_check(fd, err) == 0) {
        return fd;
    }
    close(fd);
    return RR_E_PLUGIN;
}

/* Tell whether path is a file with this content. */
static int
has_content(const char *path, const char *sha256)
{
    char found[SHA256_HEX_BYTES];

    sha256_file(path, found);
    return strcmp(found, sha256) == 0;
}

/* Returns 0 or a negative errno value. */
static int
copy_all(int from, int to)
{
    off_t at = 0;
    ssize_t n;

    do {
        n = sendfile(to, from, &at, COPY_STEP_BYTES);
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n == 0 ? 0 : -errno;
}

/* Write a copy of fd at temp and give it the name `copy`. Returns 0 or a negative errno value. */
static int
make_copy(int fd, const char *sha256, const char *temp, const char *copy)
{
    const int out = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0555);

    if (out < 0) {
        return -errno;
    }
    int rc = copy_all(fd, out);
    (void)fchmod(out, 0555); /* whoever the worker is going to be */
    if (close(out) != 0 && rc == 0) {
        rc = -errno;
    }
    if (rc == 0 && !has_content(temp, sha256)) {
        rc = -ESTALE; /* the file was written to between hashing and copying */
    }
    if (rc == 0 && rename(temp, copy) != 0) {
        rc = -errno;
    }
    if (rc != 0) {
        (void)unlink(temp);
    }
    return rc;
}

/* Put the content of fd under its hash into state_dir/plugins. The copy needs no fsync: it is
 * checked against its hash each time, and made again when it differs. Returns its path in a new
 * string, NULL with *err filled. */
static char *
copy_by_hash_new(int fd, const char *name, const char *sha256, const char *state_dir,
                 struct rr_err *err)
{
    char *dir = paths_join_new(state_dir, "plugins");
    char *temp = mem_printf("%s/.%s.%ld", dir, name, (long)getpid());
    char *copy = mem_printf("%s/%s-%s.so", dir, name, sha256);

    int rc = paths_mkdir(dir, 0700, err);
    if (rc == 0 && has_content(copy, sha256)) {
        (void)utimensat(AT_FDCWD, copy, NULL, 0); /* the daemon removes those not used for long */
    } else if (rc == 0) {
        rc = make_copy(fd, sha256, temp, copy);
        if (rc != 0) {
            rr_err_set(err, rc, "cannot copy it to %s: %s", copy, strerror(-rc));
        }
    }
    free(dir);
    free(temp);
    if (rc != 0) {
        free(copy);
        return NULL;
    }
    return copy;
}

/* NAME of a path ".../NAME.so". */
static int
name_of(const char *path, char *name, size_t cap, struct rr_err *err)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    const size_t bytes = strlen(base);

    if (bytes <= 3 || strcmp(base + bytes - 3, ".so") != 0 || bytes - 3 >= cap) {
        return rr_err_set(err, RR_E_PLUGIN, "a plugin's file is called NAME.so");
    }
    (void)snprintf(name, cap, "%.*s", (int)(bytes - 3), base);
    return 0;
}

static const void *
open_symbol(const char *path, struct rr_err *err)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        const char *why = dlerror();
        rr_err_set(err, RR_E_PLUGIN, "cannot load it: %.160s (try: ldd -r FILE)",
                   why == NULL ? "unknown reason" : why);
        return NULL;
    }
    const void *symbol = dlsym(handle, RR_PLUGIN_SYMBOL);
    if (symbol == NULL) {
        rr_err_set(err, RR_E_PLUGIN,
                   "it exports no symbol \"%s\": it is no stage plugin, or RR_PLUGIN() is missing",
                   RR_PLUGIN_SYMBOL);
    }
    return symbol;
}

static int
count_threads(void)
{
    struct stat st;

    /* Two links of a folder are its own name and its dot; each folder in it adds one. */
    return stat("/proc/self/task", &st) == 0 ? (int)st.st_nlink - 2 : 1;
}

/* What load_plugin does with the open file. Fails with any code. */
static int
load_fd(int fd, const char *name, const char *state_dir, const struct rights *rights,
        struct plugin *out, struct rr_err *err)
{
    const int rc = sha256_fd(fd, out->sha256, err);
    if (rc != 0) {
        return rr_err_wrap(err, "cannot hash it");
    }
    /* By descriptor: what was examined is what is opened, even if the name changes hands. */
    char *path = state_dir != NULL ? copy_by_hash_new(fd, name, out->sha256, state_dir, err)
                                   : mem_printf("/proc/self/fd/%d", fd);
    if (path == NULL || (rights != NULL && rights_drop(rights, err) != 0)) {
        free(path);
        return err->code;
    }
    const void *symbol = open_symbol(path, err);
    free(path);
    out->n_threads = count_threads();
    return symbol == NULL ? err->code : load_check_descriptor(symbol, name, out, err);
}

int
load_plugin(const char *path, const char *state_dir, const struct rights *rights,
            struct plugin *out, struct rr_err *err)
{
    char name[NAME_MAX + 1];
    int rc;

    memset(out, 0, sizeof *out);
    const int fd = name_of(path, name, sizeof name, err) == 0 ? open_checked(path, err) : -1;
    if (fd < 0) {
        return RR_E_PLUGIN;
    }
    rc = load_fd(fd, name, state_dir, rights, out, err);
    close(fd);
    if (rc != 0) {
        err->code = RR_E_PLUGIN;
    }
    return rc == 0 ? 0 : RR_E_PLUGIN;
}
