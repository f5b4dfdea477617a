/* SPDX-License-Identifier: MIT */
/*
 * load.c - opens game files and refuses those that do not keep to the ABI.
 *
 * Owns: the table of opened games, which lives as long as the process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rr/gamekit.h>

/* More games than anybody has; the table needs no freeing and no growing. */
#define GAMES_MAX 64

static struct {
    pthread_mutex_t lock;
    size_t count;
    const void *handle[GAMES_MAX];
    struct rr_game game[GAMES_MAX];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int
check_file(const char *file, struct rr_err *err)
{
    struct stat st;

    if (stat(file, &st) != 0) {
        return rr_err_set(err, -errno, "%s: cannot open the game: %s", file, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return rr_err_set(err, RR_E_PLUGIN, "%s: not a regular file, so not a game plugin", file);
    }
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "%s: writable by others than its owner, so not loaded (chmod go-w it)",
                          file);
    }
    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "%s: it belongs to user %u, neither to root nor to us, so not loaded",
                          file, (unsigned)st.st_uid);
    }
    return 0;
}

/* Whether all loadable segments lie within the file. dlopen() does not look: it dies of SIGBUS when
 * it touches a mapped page beyond the end of a file that was cut off. */
static bool
is_whole(int fd, off_t bytes, const ElfW(Ehdr) * eh)
{
    for (size_t i = 0; i < eh->e_phnum; i++) {
        ElfW(Phdr) ph;
        const off_t at = (off_t)(eh->e_phoff + i * sizeof ph);
        if (pread(fd, &ph, sizeof ph, at) != (ssize_t)sizeof ph) {
            return false;
        }
        if (ph.p_type == PT_LOAD &&
            (ph.p_filesz > (uint64_t)bytes || ph.p_offset > (uint64_t)bytes - ph.p_filesz)) {
            return false;
        }
    }
    return true;
}

static int
check_elf(const char *file, struct rr_err *err)
{
    ElfW(Ehdr) eh;
    struct stat st;
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0 || fstat(fd, &st) != 0) {
        rc = rr_err_set(err, -errno, "%s: cannot open the game: %s", file, strerror(errno));
    } else if (pread(fd, &eh, sizeof eh, 0) != (ssize_t)sizeof eh ||
               memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 || eh.e_phentsize != sizeof(ElfW(Phdr))) {
        rc = rr_err_set(err, RR_E_PLUGIN, "%s: cannot be loaded: not a shared object", file);
    } else if (!is_whole(fd, st.st_size, &eh)) {
        rc = rr_err_set(err, RR_E_PLUGIN,
                        "%s: cannot be loaded: the file has been cut off (copy or build it again)",
                        file);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}

static int
check_head(const char *file, const struct rr_game *g, struct rr_err *err)
{
    if (g->magic != RR_GAME_MAGIC) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "%s: magic is %08x, not %08x: its %s is no struct rr_game", file,
                          g->magic, RR_GAME_MAGIC, RR_GAME_SYMBOL);
    }
    if (g->abi_major != RR_GAME_ABI_MAJOR) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "%s: built for game ABI %u, this program has %u: rebuild it with this "
                          "program's rr/game.h",
                          file, g->abi_major, RR_GAME_ABI_MAJOR);
    }
    if (g->abi_minor > RR_GAME_ABI_MINOR) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "%s: needs game ABI %u.%u, this program has %u.%u: update the program "
                          "or rebuild the game",
                          file, g->abi_major, g->abi_minor, RR_GAME_ABI_MAJOR, RR_GAME_ABI_MINOR);
    }
    const size_t least =
        g->abi_minor < 2 ? offsetof(struct rr_game, evaluate) : sizeof(struct rr_game);
    if (g->size < least || g->size > 4096) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "%s: says that its struct rr_game has %u bytes, ABI %u.%u has %zu: "
                          "rebuild it",
                          file, g->size, g->abi_major, g->abi_minor, least);
    }
    return 0;
}

#define LOWER_CASE "abcdefghijklmnopqrstuvwxyz0123456789_"

/* Whether text has 1 to 63 characters, all of them from that set. */
static bool
is_made_of(const char *text, const char *set)
{
    const size_t n = strlen(text);

    return n > 0 && n < 64 && strspn(text, set) == n;
}

/* Whether file is NAME.so in some folder. */
static bool
is_file_of(const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash == NULL ? file : slash + 1;
    const size_t n = strlen(name);

    return strncmp(base, name, n) == 0 && strcmp(base + n, ".so") == 0;
}

/* The callbacks that must not be NULL. */
static const struct {
    const char *name;
    size_t at;
} required[] = {
    {"init", offsetof(struct rr_game, init)},
    {"mover", offsetof(struct rr_game, mover)},
    {"legal", offsetof(struct rr_game, legal)},
    {"apply", offsetof(struct rr_game, apply)},
    {"result", offsetof(struct rr_game, result)},
    {"state_text", offsetof(struct rr_game, state_text)},
    {"state_parse", offsetof(struct rr_game, state_parse)},
    {"move_text", offsetof(struct rr_game, move_text)},
    {"move_parse", offsetof(struct rr_game, move_parse)},
    {"variant_text", offsetof(struct rr_game, variant_text)},
    {"result_text", offsetof(struct rr_game, result_text)},
    {"encode", offsetof(struct rr_game, encode)},
    {"policy_index", offsetof(struct rr_game, policy_index)},
    {"transform", offsetof(struct rr_game, transform)},
    {"transform_move", offsetof(struct rr_game, transform_move)},
};

static int
check_members(const char *file, const struct rr_game *g, struct rr_err *err)
{
    if (g->name == NULL || g->version == NULL || g->summary == NULL) {
        return rr_err_set(err, RR_E_PLUGIN, "%s: name, version or summary is missing", file);
    }
    if (g->flags != 0) {
        return rr_err_set(err, RR_E_PLUGIN, "%s: flags are %u, but none exist in ABI %u.%u", file,
                          g->flags, g->abi_major, g->abi_minor);
    }
    if (!is_made_of(g->name, LOWER_CASE) || !is_file_of(file, g->name)) {
        return rr_err_set(
            err, RR_E_PLUGIN,
            "%s: its game is called \"%.63s\": a name is lower case, digits and _, and "
            "the file is NAME.so",
            file, g->name);
    }
    if (g->variants == NULL || g->variants[0] == NULL || g->options == NULL) {
        return rr_err_set(err, RR_E_PLUGIN, "%s: no variants, or no list of options", file);
    }
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        void (*function)(void);
        memcpy(&function, (const char *)g + required[i].at, sizeof function);
        if (function == NULL) {
            return rr_err_set(err, RR_E_PLUGIN, "%s: %s of struct rr_game is NULL", file,
                              required[i].name);
        }
    }
    return 0;
}

static int
check_variant(const char *file, const struct rr_game *g, size_t at, struct rr_err *err)
{
    const struct rr_variant *v = g->variants[at];

    if (v->size < sizeof(struct rr_variant) || v->size > 4096) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "%s: variant %zu says that it has %u bytes, ABI %u.%u has %zu: rebuild "
                          "the game",
                          file, at, v->size, g->abi_major, g->abi_minor, sizeof(struct rr_variant));
    }
    if (v->name == NULL || v->help == NULL || v->layout == NULL) {
        return rr_err_set(err, RR_E_PLUGIN, "%s: variant %zu lacks name, help or layout", file, at);
    }
    if (!is_made_of(v->name, LOWER_CASE "@")) {
        return rr_err_set(
            err, RR_E_PLUGIN,
            "%s: variant %zu is called \"%.80s\": names are lower case, digits, _ and "
            "@, at most 63 characters",
            file, at, v->name);
    }
    if (!is_made_of(v->layout, LOWER_CASE "@/.-")) {
        return rr_err_set(
            err, RR_E_PLUGIN,
            "%s: variant %s has the layout \"%.80s\": it is an id as %s/1/%s, at most "
            "63 characters",
            file, v->name, v->layout, g->name, v->name);
    }
    if (v->seats < 2 || v->seats > RR_GAME_MAX_SEATS) {
        return rr_err_set(err, RR_E_PLUGIN, "%s: variant %s has %u seats, possible are 2 to %d",
                          file, v->name, v->seats, RR_GAME_MAX_SEATS);
    }
    if (v->state_bytes == 0 || v->max_moves == 0 || v->max_plies == 0 || v->height == 0 ||
        v->width == 0 || v->planes == 0 || v->symmetries == 0 || rr_variant_policy_size(v) == 0) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "%s: variant %s: a size that must not be 0 is 0 (state, moves, plies, "
                          "planes, policy or symmetries)",
                          file, v->name);
    }
    for (size_t i = 0; i < at; i++) {
        if (strcmp(g->variants[i]->name, v->name) == 0) {
            return rr_err_set(err, RR_E_PLUGIN, "%s: two variants are called %s", file, v->name);
        }
    }
    return 0;
}

static int
check_all(const char *file, const struct rr_game *g, struct rr_err *err)
{
    int rc = check_head(file, g, err);

    if (rc == 0) {
        rc = check_members(file, g, err);
    }
    for (size_t i = 0; rc == 0 && g->variants[i] != NULL; i++) {
        rc = check_variant(file, g, i, err);
    }
    return rc;
}

/* The game of a handle that is open already, or a checked copy in a new place. */
static int
adopt(const char *file, const void *handle, const struct rr_game *g, const struct rr_game **out,
      struct rr_err *err)
{
    int rc = 0;

    (void)pthread_mutex_lock(&table.lock);
    for (size_t i = 0; i < table.count; i++) {
        if (table.handle[i] == handle) {
            *out = &table.game[i];
            goto out;
        }
    }
    rc = check_all(file, g, err);
    if (rc != 0) {
        goto out;
    }
    if (table.count == GAMES_MAX) {
        rc = rr_err_set(err, -ENFILE, "%s: %d games are open already", file, GAMES_MAX);
        goto out;
    }
    /* Members that the game does not know are zero in the copy: not offered. */
    memcpy(&table.game[table.count], g, sizeof *g < g->size ? sizeof *g : g->size);
    table.handle[table.count] = handle;
    *out = &table.game[table.count++];
out:
    (void)pthread_mutex_unlock(&table.lock);
    return rc;
}

int
rr_game_open(const char *file, const struct rr_game **game, struct rr_err *err)
{
    char path[PATH_MAX];
    int rc = check_file(file, err);

    if (rc == 0) {
        rc = check_elf(file, err);
    }
    if (rc != 0) {
        return rc;
    }
    /* A name without a slash would be searched for in the library path. */
    if (realpath(file, path) == NULL) {
        return rr_err_set(err, -errno, "%s: cannot open the game: %s", file, strerror(errno));
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        return rr_err_set(err, RR_E_PLUGIN, "%s: cannot be loaded: %s", file, dlerror());
    }
    const struct rr_game *g = dlsym(handle, RR_GAME_SYMBOL);
    if (g == NULL) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "%s: not a game: it does not export \"%s\" (a stage plugin does not "
                          "belong in a folder of games)",
                          file, RR_GAME_SYMBOL);
    }
    return adopt(file, handle, g, game, err);
}

const struct rr_variant *
rr_game_variant(const struct rr_game *game, const char *name)
{
    for (size_t i = 0; game->variants[i] != NULL; i++) {
        if (strcmp(game->variants[i]->name, name) == 0) {
            return game->variants[i];
        }
    }
    return NULL;
}
