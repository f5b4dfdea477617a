/* SPDX-License-Identifier: MIT */
/*
 * R16: what lies where the store should be is no store of ours: one message each, nothing changed.
 */
#include "tests/reliability/store_rig.h"

#include <lmdb.h>

static void
write_file(const char *path, const char *text, size_t times)
{
    FILE *f = fopen(path, "w");

    for (size_t i = 0; f != NULL && i < times; i++) {
        (void)fputs(text, f);
    }
    if (f != NULL) {
        (void)fclose(f);
        (void)chmod(path, 0600);
    }
}

/* Change the format that a store says it has. */
static void
set_format(const char *dir, const char *format)
{
    uint8_t record[64];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = {6, (void *)(uintptr_t) "format"};
    MDB_val v = {RECORD_HEAD_BYTES + strlen(format), record};

    record_head(RECORD_TEXT, "format", 6, format, strlen(format), record);
    memcpy(record + RECORD_HEAD_BYTES, format, strlen(format));
    (void)mdb_env_create(&env);
    (void)mdb_env_set_maxdbs(env, 16);
    if (mdb_env_open(env, dir, 0, 0600) == 0 && mdb_txn_begin(env, NULL, 0, &txn) == 0 &&
        mdb_dbi_open(txn, "meta", 0, &dbi) == 0) {
        (void)mdb_put(txn, dbi, &k, &v, 0);
        (void)mdb_txn_commit(txn);
    }
    mdb_env_close(env);
}

static uint64_t
digest(const char *path)
{
    uint64_t h = 5381;
    FILE *f = fopen(path, "rb");

    for (int c; f != NULL && (c = getc(f)) != EOF;) {
        h = h * 33 + (uint64_t)c;
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return h;
}

static void
refused(const char *what, int code, const char *message)
{
    struct store *st;
    char path[300];
    struct stat before = {0};
    struct stat after = {0};
    uint64_t d = 0;

    rig_path(path, sizeof path, "wrong", "data.mdb");
    (void)lstat(path, &before);
    if (S_ISREG(before.st_mode)) {
        d = digest(path);
    }
    const int rc = rig_open("wrong", &st);

    is_int(rc, code, what);
    ok(strstr(rig_err.text, message) != NULL, "R16 said: %s", rig_err.text);
    (void)lstat(path, &after);
    ok(before.st_size == after.st_size && before.st_mode == after.st_mode &&
           before.st_ino == after.st_ino && (d == 0 || d == digest(path)),
       "R16 and nothing was changed");
    if (rc == 0) {
        store_close(st);
    }
}

int
main(void)
{
    struct store *st;
    char dir[300];
    char path[300];
    char other[300];

    if (!rig_begin() || !ok(rig_fill("whole"), "R16 a store")) {
        return 1;
    }
    rig_path(dir, sizeof dir, "wrong", "");
    rig_path(path, sizeof path, "wrong", "data.mdb");
    rig_path(other, sizeof other, "whole", "data.mdb");

    rig_fresh("wrong");
    write_file(path, "not a database at all\n", 1000);
    refused("R16 a text", RR_E_CORRUPT, "no store of rrd");
    rig_fresh("wrong");
    write_file(path, "short", 1);
    refused("R16 a few bytes", RR_E_CORRUPT, "no store of rrd");
    rig_fresh("wrong");
    (void)mkdir(path, 0700);
    refused("R16 a directory", RR_E_CORRUPT, "not a regular file");
    rig_fresh("wrong");
    (void)mkfifo(path, 0600);
    refused("R16 a fifo", RR_E_CORRUPT, "not a regular file");
    rig_fresh("wrong");
    (void)!symlink(other, path);
    refused("R16 a symbolic link", RR_E_CORRUPT, "symbolic link");
    rig_copy("whole", "wrong");
    (void)chmod(path, 0666);
    refused("R16 writable by others", -EPERM, "others may write");
    rig_copy("whole", "wrong");
    (void)!truncate(path, rig_size("whole") - 4096);
    refused("R16 the last page is missing", RR_E_CORRUPT, "cut off");
    rig_copy("whole", "wrong");
    set_format(dir, "rrd-store 4");
    refused("R16 a newer format", RR_E_CORRUPT, "rrd-store 4");
    rig_copy("whole", "wrong");
    set_format(dir, "somebody else's");
    refused("R16 a foreign format", RR_E_CORRUPT, "somebody else's");
    rig_fresh("wrong");
    write_file(path, "", 1);
    is_int(rig_open("wrong", &st), 0, "R16 an empty file is a store that was just begun");
    store_close(st);
    rig_remove(dir);
    is_int(rig_open("wrong", &st), -ENOENT, "R16 no directory");
    if (geteuid() != 0) {
        rig_fresh("wrong");
        (void)chmod(dir, 0500);
        is_int(rig_open("wrong", &st), -EACCES, "R16 a directory that cannot be written");
        (void)chmod(dir, 0700);
    } else {
        (void)chown(other, 12345, 12345);
        rig_fresh("wrong");
        rig_copy("whole", "wrong");
        (void)!chown(path, 12345, 12345);
        refused("R16 somebody else's file", -EPERM, "belongs to user 12345");
    }
    return rig_end();
}
