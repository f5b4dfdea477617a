/* SPDX-License-Identifier: MIT */
/*
 * store_verify.c - the head of the file, its size, and every record in it.
 *
 * Does not: write, or mend anything (store_repair.c).
 */
#include "core/rrd/store_verify.h"

#include "core/common/mem.h"
#include "core/rrd/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* LMDB 0.9 on 64-bit machines: a page has a head of 16 bytes, and the first two pages hold a meta
 * record each, of which the one with the higher transaction number counts. */
#define PAGE_HEAD 16
#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u

struct meta_table {
    uint32_t pad; /* of the first table: the page size */
    uint16_t flags, depth;
    uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
};

struct meta {
    uint32_t magic, version;
    uint64_t address, map_bytes;
    struct meta_table tables[2];
    uint64_t last_page, txn;
};

/* What the child tells, followed by the damaged records. */
struct verdict {
    int32_t code;
    uint32_t n_damaged;
    uint64_t records;
    char text[200];
};

/* A damaged tree may lead in a circle. A sound store of ten million records takes some seconds. */
#define CHECK_LIMIT_S 600

static const char advice[] = "restore it from a copy, or move the directory away and start with an "
                             "empty store";

static int
read_meta(int fd, off_t at, struct meta *out)
{
    uint8_t page[PAGE_HEAD + sizeof *out];

    if (pread(fd, page, sizeof page, at) != (ssize_t)sizeof page) {
        return RR_E_CORRUPT;
    }
    memcpy(out, page + PAGE_HEAD, sizeof *out);
    return out->magic == META_MAGIC && out->version == META_VERSION ? 0 : RR_E_CORRUPT;
}

static int
check_head(int fd, off_t bytes, struct rr_err *err)
{
    struct meta a;
    struct meta b;

    if (read_meta(fd, 0, &a) != 0) {
        return rr_err_set(err, RR_E_CORRUPT, "its head is damaged, or it is no store of rrd; %s",
                          advice);
    }
    const uint32_t page = a.tables[0].pad;

    if (page < 512 || page > 65536 || (page & (page - 1)) != 0 || read_meta(fd, page, &b) != 0) {
        return rr_err_set(err, RR_E_CORRUPT, "its second head is damaged; %s", advice);
    }
    const uint64_t last = a.txn > b.txn ? a.last_page : b.last_page;

    if (last >= UINT64_MAX / page - 1 || (uint64_t)bytes < (last + 1) * page) {
        return rr_err_set(err, RR_E_CORRUPT,
                          "the file has been cut off: it has %lld bytes and needs %llu; %s",
                          (long long)bytes, (unsigned long long)((last + 1) * page), advice);
    }
    return 0;
}

/* *fd is -1 when there is no file, or an empty one: LMDB begins with that. */
static int
check_file(const char *path, int *fd, struct rr_err *err)
{
    struct stat st;
    int rc = 0;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*fd < 0) {
        rc = -errno;
        return rc == -ENOENT ? 0
               : rc == -ELOOP
                   ? rr_err_set(err, RR_E_CORRUPT, "it is a symbolic link; move the link away")
                   : rr_err_set(err, rc, "cannot open it: %s", strerror(-rc));
    }
    if (fstat(*fd, &st) != 0) {
        rc = -errno;
        (void)rr_err_set(err, rc, "cannot look at it: %s", strerror(-rc));
    } else if (!S_ISREG(st.st_mode)) {
        rc = rr_err_set(err, RR_E_CORRUPT, "it is not a regular file; move it away");
    } else if (st.st_uid != geteuid()) {
        rc = rr_err_set(err, -EPERM, "it belongs to user %ld and not to us; use chown",
                        (long)st.st_uid);
    } else if ((st.st_mode & 022) != 0) {
        rc = rr_err_set(err, -EPERM, "others may write it; use chmod go-w");
    } else if (st.st_size > 0) {
        return check_head(*fd, st.st_size, err);
    }
    (void)close(*fd);
    *fd = -1;
    return rc;
}

/* The kinds of record that a table may hold. */
static const char *
kinds_of(enum store_table t)
{
    switch (t) {
    case T_EVENT:
        return "E";
    case T_QUEUE:
        return "Q";
    case T_PUT:
    case T_NOTE:
    case T_HIST:
        return "T";
    case T_META:
        return "TN";
    default:
        return "N";
    }
}

static bool
is_sound(enum store_table t, const MDB_val *k, const MDB_val *v)
{
    const uint8_t *data;
    size_t n;

    for (const char *kind = kinds_of(t); *kind != '\0'; kind++) {
        if (store_record((enum record_kind) * kind, k, v, &data, &n, NULL) == 0) {
            return true;
        }
    }
    return false;
}

static int
walk_table(MDB_txn *txn, enum store_table t, struct verdict *out, struct store_damage *damaged)
{
    MDB_dbi dbi;
    MDB_stat stat;
    MDB_cursor *cur;
    MDB_val k;
    MDB_val v;
    uint8_t before[STORE_KEY_MAX];
    MDB_val last = {0, before};
    uint64_t count = 0;
    int rc = mdb_dbi_open(txn, store_table_names[t], 0, &dbi);

    if (rc == MDB_NOTFOUND) {
        return 0; /* of a younger format; store_open() makes it */
    }
    if (rc != 0 || (rc = mdb_stat(txn, dbi, &stat)) != 0 ||
        (rc = mdb_cursor_open(txn, dbi, &cur)) != 0) {
        return rc;
    }
    for (rc = mdb_cursor_get(cur, &k, &v, MDB_FIRST); rc == 0;
         rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT)) {
        if (k.mv_size == 0 || k.mv_size > STORE_KEY_MAX ||
            (count > 0 && mdb_cmp(txn, dbi, &last, &k) >= 0) || count++ > stat.ms_entries) {
            return MDB_CORRUPTED;
        }
        memcpy(before, k.mv_data, k.mv_size);
        last.mv_size = k.mv_size;
        if (is_sound(t, &k, &v)) {
            continue;
        }
        if (out->n_damaged == STORE_DAMAGE_MAX) {
            return MDB_CORRUPTED;
        }
        struct store_damage *d = &damaged[out->n_damaged++];

        d->table = (uint8_t)t;
        d->key_n = (uint16_t)k.mv_size;
        memcpy(d->key, k.mv_data, k.mv_size);
    }
    out->records += count;
    return rc == MDB_NOTFOUND ? (count == stat.ms_entries ? 0 : MDB_CORRUPTED) : rc;
}

static void
walk(const char *dir, struct verdict *out, struct store_damage *damaged)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    int rc = mdb_env_create(&env);

    if (rc == 0) {
        rc = mdb_env_set_maxdbs(env, T_COUNT);
    }
    if (rc == 0) {
        rc = mdb_env_open(env, dir, MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0600);
    }
    if (rc == 0) {
        rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    }
    for (int t = 0; rc == 0 && t < T_COUNT; t++) {
        rc = walk_table(txn, (enum store_table)t, out, damaged);
        if (rc != 0) {
            (void)snprintf(out->text, sizeof out->text, "table %s: %s", store_table_names[t],
                           mdb_strerror(rc));
        }
    }
    if (rc != 0 && out->text[0] == '\0') {
        (void)snprintf(out->text, sizeof out->text, "%s", mdb_strerror(rc));
    }
    out->code = rc == 0 ? 0 : RR_E_CORRUPT;
}

static bool
write_all(int fd, const void *data, size_t n)
{
    for (const char *at = data; n > 0;) {
        const ssize_t some = write(fd, at, n);

        if (some < 0 && errno != EINTR) {
            return false;
        }
        at += some < 0 ? 0 : some;
        n -= some < 0 ? 0 : (size_t)some;
    }
    return true;
}

static bool
read_all(int fd, void *data, size_t n)
{
    for (char *at = data; n > 0;) {
        const ssize_t some = read(fd, at, n);

        if (some == 0 || (some < 0 && errno != EINTR)) {
            return false;
        }
        at += some < 0 ? 0 : some;
        n -= some < 0 ? 0 : (size_t)some;
    }
    return true;
}

/* In the child. */
__attribute__((noreturn)) static void
tell(const char *dir, int fd, pid_t parent)
{
    struct verdict verdict = {0};
    struct store_damage *damaged = mem_zalloc(STORE_DAMAGE_MAX, sizeof *damaged);

    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)alarm(CHECK_LIMIT_S);
    if (getppid() != parent) {
        _exit(1);
    }
    walk(dir, &verdict, damaged);
    _exit(write_all(fd, &verdict, sizeof verdict) &&
                  write_all(fd, damaged, verdict.n_damaged * sizeof *damaged)
              ? 0
              : 1);
}

static int
take_verdict(int fd, struct store_check *out, struct rr_err *err)
{
    struct verdict verdict;

    if (!read_all(fd, &verdict, sizeof verdict) || verdict.n_damaged > STORE_DAMAGE_MAX) {
        return rr_err_set(err, RR_E_CORRUPT, "reading it crashes: its structure is damaged; %s",
                          advice);
    }
    if (verdict.code != 0) {
        return rr_err_set(err, RR_E_CORRUPT, "its structure is damaged (%.80s); %s", verdict.text,
                          advice);
    }
    out->records = verdict.records;
    out->damaged = mem_zalloc(verdict.n_damaged, sizeof *out->damaged);
    out->n_damaged = verdict.n_damaged;
    if (!read_all(fd, out->damaged, out->n_damaged * sizeof *out->damaged)) {
        free(out->damaged);
        out->damaged = NULL;
        return rr_err_set(err, RR_E_CORRUPT, "it could not be read to the end; try again");
    }
    return 0;
}

static int
check_records(const char *dir, struct store_check *out, struct rr_err *err)
{
    const pid_t parent = getpid();
    int fds[2];
    pid_t pid;
    int rc;

    if (pipe2(fds, O_CLOEXEC) != 0) {
        rc = -errno;
        return rr_err_set(err, rc, "cannot make a pipe: %s", strerror(-rc));
    }
    pid = fork();
    if (pid == 0) {
        tell(dir, fds[1], parent);
    }
    rc = pid < 0 ? -errno : 0;
    (void)close(fds[1]);
    if (rc != 0) {
        (void)rr_err_set(err, rc, "cannot start a process to check it: %s", strerror(-rc));
    } else {
        rc = take_verdict(fds[0], out, err);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    (void)close(fds[0]);
    return rc;
}

int
store_verify(const char *dir, bool is_full, struct store_check *out, struct rr_err *err)
{
    char *path = mem_printf("%s/data.mdb", dir);
    int fd = -1;
    int rc;

    memset(out, 0, sizeof *out);
    rc = check_file(path, &fd, err);
    if (rc == 0 && fd < 0) {
        out->is_new = true;
    } else if (rc == 0 && is_full) {
        rc = check_records(dir, out, err);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (rc != 0) {
        (void)rr_err_wrap(err, "%s", path);
    }
    free(path);
    return rc;
}
