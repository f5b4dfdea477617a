/* SPDX-License-Identifier: MIT */
/*
 * load.c - from a file name to an opened, checked plugin.
 *
 * Owns: the copies in state/plugins/. Does not: judge the descriptor (load_check.c).
 */
#include "core/worker/load.h"

#include "core/common/elf.h"
#include "core/common/paths.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    struct stat st;
    int rc = 0;

    /* O_NONBLOCK: opening a fifo must not hang. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return rr_err_set(err, RR_E_PLUGIN, "cannot open it: %s", strerror(errno));
    }
    if (fstat(fd, &st) != 0) {
        rc = rr_err_set(err, RR_E_PLUGIN, "cannot examine it: %s", strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        rc = rr_err_set(err, RR_E_PLUGIN, "it is not a regular file");
    } else if (paths_trust(&st, err) != 0 || trust_folder(path, err) != 0) {
        rc = RR_E_PLUGIN;
    } else {
        rc = elf_check(fd, err);
    }
    if (rc != 0) {
        close(fd);
        return rc;
    }
    return fd;
}

/* Tell whether path is a file with this content. */
static int
has_content(const char *path, const char *sha256)
{
    char found[SHA256_HEX_BYTES];

    sha256_file(path, found);
    return strcmp(found, sha256) == 0;
}

static int
copy_all(int from, int to)
{
    char block[65536];

    if (lseek(from, 0, SEEK_SET) < 0) {
        return -errno;
    }
    for (;;) {
        const ssize_t got = read(from, block, sizeof block);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0 ? 0 : -errno;
        }
        for (ssize_t done = 0; done < got;) {
            const ssize_t put = write(to, block + done, (size_t)(got - done));
            if (put < 0 && errno == EINTR) {
                continue;
            }
            if (put < 0) {
                return -errno;
            }
            done += put;
        }
    }
}

/* Put the content of fd under its hash into state_dir/plugins. The copy needs no fsync: it is
 * checked against its hash each time, and made again when it differs. */
static int
copy_by_hash(int fd, const char *name, const char *sha256, const char *state_dir, char *copy,
             size_t cap, struct rr_err *err)
{
    char temp[PATH_MAX];
    char dir[PATH_MAX];
    int rc = 0;

    const int dir_bytes = snprintf(dir, sizeof dir, "%s/plugins", state_dir);
    const int copy_bytes = snprintf(copy, cap, "%s/plugins/%s-%s.so", state_dir, name, sha256);
    const int temp_bytes =
        snprintf(temp, sizeof temp, "%s/plugins/.%s.%ld", state_dir, name, (long)getpid());
    if (dir_bytes < 0 || copy_bytes < 0 || temp_bytes < 0 || (size_t)copy_bytes >= cap ||
        (size_t)temp_bytes >= sizeof temp || (size_t)dir_bytes >= sizeof dir) {
        return rr_err_set(err, RR_E_PLUGIN, "the path of the state directory is too long");
    }
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return rr_err_set(err, RR_E_PLUGIN, "cannot make the directory %s: %s", dir,
                          strerror(errno));
    }
    if (has_content(copy, sha256)) {
        (void)utimensat(AT_FDCWD, copy, NULL, 0); /* the daemon removes those not used for long */
        return 0;
    }
    const int out = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0555);
    if (out < 0) {
        return rr_err_set(err, RR_E_PLUGIN, "cannot copy it to %s: %s", temp, strerror(errno));
    }
    rc = copy_all(fd, out);
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
        return rr_err_set(err, RR_E_PLUGIN, "cannot copy it to %s: %s", copy, strerror(-rc));
    }
    return 0;
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

int
load_plugin(const char *path, const char *state_dir, const struct rights *rights,
            struct plugin *out, struct rr_err *err)
{
    char open_path[PATH_MAX];
    char name[NAME_MAX + 1];

    memset(out, 0, sizeof *out);
    int rc = name_of(path, name, sizeof name, err);
    if (rc != 0) {
        return rc;
    }
    const int fd = open_checked(path, err);
    if (fd < 0) {
        return fd;
    }
    rc = sha256_fd(fd, out->sha256, NULL, err);
    if (rc != 0) {
        rr_err_wrap(err, "cannot hash it");
        rc = RR_E_PLUGIN;
        goto out;
    }
    if (state_dir != NULL) {
        rc = copy_by_hash(fd, name, out->sha256, state_dir, open_path, sizeof open_path, err);
    } else {
        /* By descriptor: what was examined is what is opened, even if the name changes hands. */
        (void)snprintf(open_path, sizeof open_path, "/proc/self/fd/%d", fd);
    }
    if (rc == 0 && rights != NULL && rights_drop(rights, err) != 0) {
        rc = RR_E_PLUGIN;
    }
    if (rc == 0) {
        const void *symbol = open_symbol(open_path, err);
        out->n_threads = count_threads();
        rc = symbol == NULL ? RR_E_PLUGIN : load_check_descriptor(symbol, name, out, err);
    }
out:
    close(fd);
    return rc;
}
