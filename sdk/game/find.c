/* SPDX-License-Identifier: MIT */
/*
 * find.c - looks for games in a list of folders.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <rr/gamekit.h>

static int
is_game_name(const struct dirent *entry)
{
    const size_t n = strlen(entry->d_name);

    return n > 3 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 3, ".so") == 0;
}

/* Games in one folder, which need not exist. */
static int
each_in(const char *dir, rr_game_file_fn fn, void *user, struct rr_err *err)
{
    struct dirent **names = NULL;
    const int count = scandir(dir, &names, is_game_name, alphasort);
    int rc = 0;

    if (count < 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return 0;
        }
        return rr_err_set(err, -errno, "%s: cannot look for games: %s", dir, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        char file[PATH_MAX];
        const struct rr_game *game;
        if (rc == 0 &&
            snprintf(file, sizeof file, "%s/%s", dir, names[i]->d_name) >= (int)sizeof file) {
            rc = rr_err_set(err, -ENAMETOOLONG, "%s/%s: name too long", dir, names[i]->d_name);
        }
        if (rc == 0) {
            rc = rr_game_open(file, &game, err);
        }
        if (rc == 0) {
            rc = fn(file, game, user, err);
        }
        free(names[i]);
    }
    free(names);
    return rc;
}

int
rr_game_each(const char *dirs, rr_game_file_fn fn, void *user, struct rr_err *err)
{
    int rc = 0;

    while (rc == 0 && *dirs != '\0') {
        const size_t n = strcspn(dirs, ":");
        char dir[PATH_MAX];
        if (n > 0) {
            if (snprintf(dir, sizeof dir, "%.*s/games", (int)n, dirs) >= (int)sizeof dir) {
                return rr_err_set(err, -ENAMETOOLONG,
                                  "%.100s...: name of a folder of games is "
                                  "too long",
                                  dirs);
            }
            rc = each_in(dir, fn, user, err);
        }
        dirs += n + (dirs[n] == ':');
    }
    return rc;
}

struct wanted {
    const char *name;
    char file[PATH_MAX];
    const struct rr_game *game;
    const struct rr_variant *variant;
    char others[160]; /* names of all variants, for the message; cut when there are too many */
};

static int
match(const char *file, const struct rr_game *game, void *user, struct rr_err *err)
{
    struct wanted *w = user;
    const struct rr_variant *v = rr_game_variant(game, w->name);

    for (size_t i = 0; game->variants[i] != NULL; i++) {
        const size_t used = strlen(w->others);
        (void)snprintf(w->others + used, sizeof w->others - used, " %s", game->variants[i]->name);
    }
    if (v == NULL || game == w->game) {
        return 0;
    }
    if (w->game != NULL) {
        return rr_err_set(err, RR_E_PLUGIN, "%.90s and %.90s both offer \"%s\": remove one of them",
                          w->file, file, w->name);
    }
    (void)snprintf(w->file, sizeof w->file, "%s", file);
    w->game = game;
    w->variant = v;
    return 0;
}

int
rr_game_find(const char *dirs, const char *variant_name, const struct rr_game **game,
             const struct rr_variant **variant, struct rr_err *err)
{
    struct wanted w = {.name = variant_name};
    const int rc = rr_game_each(dirs, match, &w, err);

    if (rc != 0) {
        return rc;
    }
    if (w.game == NULL && w.others[0] == '\0') {
        return rr_err_set(err, RR_E_INPUT, "no games in %.160s: they are files games/NAME.so there",
                          dirs);
    }
    if (w.game == NULL) {
        return rr_err_set(err, RR_E_INPUT, "no game variant \"%.40s\"; there are:%s", variant_name,
                          w.others);
    }
    *game = w.game;
    *variant = w.variant;
    return 0;
}
