/* SPDX-License-Identifier: MIT */
/*
 * test_gamekit.c - loading and finding games; files that are no games, or games of another ABI.
 *
 * Bad games are copies of connect4.so with some bytes of the descriptor's head changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rr/gamekit.h>

#include "tests/tap.h"

static char build[1024];
static char dir[2048];
static uint8_t *image; /* of connect4.so */
static size_t image_bytes;
static size_t head; /* where its struct rr_game begins */

/* The members at the start of struct rr_game that a loader must check first. */
struct game_head {
    uint32_t magic, size;
    uint16_t abi_major, abi_minor;
    uint32_t flags;
};

static bool
read_image(void)
{
    const struct game_head want = {RR_GAME_MAGIC, sizeof(struct rr_game), RR_GAME_ABI_MAJOR,
                                   RR_GAME_ABI_MINOR, 0};
    char file[2048];
    size_t found = 0;

    (void)snprintf(file, sizeof file, "%s/plugins/games/connect4.so", build);
    FILE *f = fopen(file, "rb");
    image = malloc(8U << 20);
    if (f == NULL || image == NULL) {
        return false;
    }
    image_bytes = fread(image, 1, 8U << 20, f);
    fclose(f);
    for (size_t i = 0; i + sizeof want <= image_bytes; i += 4) {
        if (memcmp(image + i, &want, sizeof want) == 0) {
            head = i;
            found++;
        }
    }
    return found == 1;
}

/* Write a file of the test's folder; returns its name, which the next call changes. */
static const char *
put(const char *name, const void *bytes, size_t count, mode_t mode)
{
    static char file[4096];

    (void)snprintf(file, sizeof file, "%s/%s", dir, name);
    FILE *f = fopen(file, "wb");
    if (f == NULL || fwrite(bytes, 1, count, f) != count || fclose(f) != 0 ||
        chmod(file, mode) != 0) {
        ok(false, "%s can be written: %s", file, strerror(errno));
    }
    return file;
}

static const char *
put_game(const char *name, const struct game_head *h)
{
    memcpy(image + head, h, sizeof *h);
    return put(name, image, image_bytes, 0644);
}

static void
refused(const char *file, const char *reason)
{
    struct rr_err err = RR_ERR_INIT;
    const struct rr_game *game = NULL;
    const int rc = rr_game_open(file, &game, &err);

    if (!ok(rc < 0 && rc == err.code && strstr(err.text, reason) != NULL, "refused: %s", reason)) {
        diag("%d \"%s\"", rc, err.text);
    }
    (void)unlink(file);
}

static void
test_refusals(void)
{
    const struct game_head good = {RR_GAME_MAGIC, sizeof(struct rr_game), RR_GAME_ABI_MAJOR,
                                   RR_GAME_ABI_MINOR, 0};
    struct game_head h = good;

    refused("no-such-file.so", "No such file");
    refused(dir, "not a regular file");
    refused(put("text.so", "hello\n", 6, 0644), "not a shared object");
    refused(put("cut.so", image, 4096, 0644), "cut off");
    refused(put("open.so", image, image_bytes, 0602), "writable by others than its owner");
    refused(put("open.so", image, image_bytes, 0620), "writable by others than its owner");
    h.magic = 1;
    refused(put_game("magic.so", &h), "magic is 00000001");
    h = good;
    h.abi_major++;
    refused(put_game("major.so", &h), "built for game ABI 2, this program has 1: rebuild it");
    h = good;
    h.abi_minor = RR_GAME_ABI_MINOR + 1;
    refused(put_game("minor.so", &h), "update the program");
    h = good;
    h.size -= 8;
    refused(put_game("small.so", &h), "bytes, ABI 1.2 has");
    h.abi_minor = 1;
    h.size = offsetof(struct rr_game, evaluate);
    {
        struct rr_err err = RR_ERR_INIT;
        const struct rr_game *old = NULL;
        const char *file = put_game("connect4.so", &h);
        const int rc = rr_game_open(file, &old, &err);
        (void)unlink(file);
        ok(rc == 0 && old->transform_move != NULL && old->evaluate == NULL &&
               old->board_text == NULL,
           "a game of ABI 1.1 is taken, without what came later: %s", err.text);
    }
    h.size -= 8;
    refused(put_game("small11.so", &h), "bytes, ABI 1.1 has");
    h = good;
    h.size = 5000;
    refused(put_game("large.so", &h), "5000 bytes");
    h = good;
    h.flags = 4;
    refused(put_game("flags.so", &h), "flags are 4");
    memcpy(image + head, &good, sizeof good);
    /* The kit itself is a shared object, and no game. */
    char kit[2048];
    char link[4096];
    (void)snprintf(kit, sizeof kit, "%s/librrkit.so.0", build);
    (void)snprintf(link, sizeof link, "%s/kit.so", dir);
    ok(symlink(kit, link) == 0, "a link to the kit");
    refused(link, "does not export \"rr_game\"");
}

static void
test_find(void)
{
    struct rr_err err = RR_ERR_INIT;
    const struct rr_game *one = NULL;
    const struct rr_game *two = NULL;
    const struct rr_variant *v = NULL;
    char dirs[8192];

    (void)snprintf(dirs, sizeof dirs, "/no/such/folder::%s/plugins", build);
    is_int(rr_game_find(dirs, "connect4_2p", &one, &v, &err), 0, "found, past a missing folder");
    is_str(v == NULL ? NULL : v->name, "connect4_2p", "the variant");
    is_int(rr_game_find(dirs, "connect4_2p", &two, &v, &err), 0, "found again");
    ok(one == two && one != NULL, "it is the same game");
    is_int(rr_game_find(dirs, "connect5_2p", &two, &v, &err), RR_E_INPUT, "unknown variant");
    ok(strstr(err.text, "connect4_2p") != NULL, "the message names others: %s", err.text);
    is_int(rr_game_find("/no/such/folder", "x", &two, &v, &err), RR_E_INPUT, "no games at all");
    ok(strstr(err.text, "no games in /no/such/folder") != NULL, "says so: %s", err.text);

    /* Games lie in a folder of a plugin folder; what lies beside that is none of the kit's. */
    put("stage.so", "x", 1, 0644);
    (void)snprintf(dirs, sizeof dirs, "%s:%s/plugins", dir, build);
    is_int(rr_game_find(dirs, "connect4_2p", &two, &v, &err), 0, "past a folder of stages");
    (void)snprintf(dirs, sizeof dirs, "%s/stage.so", dir);
    (void)unlink(dirs);

    (void)snprintf(dirs, sizeof dirs, "%s/games", dir);
    ok(mkdir(dirs, 0755) == 0, "a folder of games");
    char *copy = strdup(put("games/connect4.so", image, image_bytes, 0644));
    (void)snprintf(dirs, sizeof dirs, "%s/plugins:%s", build, dir);
    is_int(rr_game_find(dirs, "connect4_2p", &two, &v, &err), RR_E_PLUGIN, "two of one name");
    ok(strstr(err.text, "both offer \"connect4_2p\"") != NULL, "refused: %s", err.text);
    (void)snprintf(dirs, sizeof dirs, "%s/plugins:%s/plugins", build, build);
    is_int(rr_game_find(dirs, "connect4_2p", &two, &v, &err), 0, "one file found twice is one");
    (void)unlink(copy);
    free(copy);
    put("games/bad.so", "x", 1, 0644);
    is_int(rr_game_find(dir, "connect4_2p", &two, &v, &err), RR_E_PLUGIN,
           "a bad file in a folder of games is an error, not passed over");
    (void)snprintf(dirs, sizeof dirs, "%s/games/bad.so", dir);
    (void)unlink(dirs);
    (void)snprintf(dirs, sizeof dirs, "%s/games", dir);
    (void)rmdir(dirs);
}

static void
test_image(void)
{
    struct rr_err err = RR_ERR_INIT;
    const struct rr_game *g = NULL;
    const struct rr_variant *v = NULL;
    uint64_t state[2];
    uint64_t mirrored[2];
    const rr_move moves[] = {0, 5};
    uint32_t index[2] = {0, 0};
    char dirs[2048];

    (void)snprintf(dirs, sizeof dirs, "%s/plugins", build);
    if (rr_game_find(dirs, "connect4_2p", &g, &v, &err) != 0) {
        ok(false, "%s", err.text);
        return;
    }
    g->init(v, 0, state);
    g->apply(v, state, 0);
    is_int(rr_game_image(g, v, 1, state, moves, 2, mirrored, index), 0, "mirror image");
    is_int(index[0], 7 + 6, "column 0 becomes column 6, above the stone");
    is_int(index[1], 1, "column 5 becomes column 1");
}

int
main(void)
{
    const char *tmp = getenv("TMPDIR");
    const char *env = getenv("RR_BUILDDIR");

    (void)snprintf(build, sizeof build, "%s", env != NULL ? env : ".");
    (void)snprintf(dir, sizeof dir, "%s/rr-gamekit.XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (!ok(mkdtemp(dir) != NULL, "a folder of its own") ||
        !ok(read_image(), "connect4.so has one descriptor")) {
        return tap_done();
    }
    test_refusals();
    test_find();
    test_image();
    free(image);
    ok(rmdir(dir) == 0, "nothing is left behind");
    return tap_done();
}
