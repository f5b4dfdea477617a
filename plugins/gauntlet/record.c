/* SPDX-License-Identifier: MIT */
/*
 * record.c - match records: JSON files that state what was played, by which weights, with which
 * search and seeds, and every result. They hold facts only; ratings and promotions follow from
 * them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gauntlet.h"

json_t *
record_new(const struct gauntlet_job *job)
{
    const struct ev_training_completed *done = &job->done;
    const json_int_t now_ms = (json_int_t)time(NULL) * 1000;

    return json_pack("{s:i, s:s, s:s, s:I, s:{s:s, s:s, s:I}, s:{s:I, s:I, s:I, s:s}, s:[]}",
                     "version", 1, "config", done->config, "layout", job->variant->layout,
                     "created_ms", now_ms, "candidate", "sha256", done->model_sha256, "path",
                     done->model_path, "generation", (json_int_t)done->generation, "search",
                     "simulations", (json_int_t)rr_opt_int(job->ctx, "simulations"), "considered",
                     (json_int_t)rr_opt_int(job->ctx, "considered"), "opening_moves",
                     (json_int_t)rr_opt_int(job->ctx, "opening_moves"), "dtype",
                     rr_opt_str(job->ctx, "dtype"), "matches");
}

int
record_add(json_t *record, const struct gauntlet_match *match, uint32_t opponent,
           bool is_also_first, uint64_t seed, json_t *results_take)
{
    const uint64_t *p = match->pairs;
    const struct rr_score *s = &match->score;
    json_t *row =
        json_pack("{s:s, s:b, s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:[I, I, I, I, I], s:o}",
                  "opponent", gauntlet_opponent_name(opponent, &match->opponent), "also_first",
                  (int)is_also_first, "sha256", match->opponent.sha256, "path",
                  match->opponent.path, "generation", (json_int_t)match->opponent.generation,
                  "seed", (json_int_t)seed, "games", (json_int_t)s->games, "wins", s->wins, "draws",
                  s->draws, "losses", s->losses, "pairs", (json_int_t)p[0], (json_int_t)p[1],
                  (json_int_t)p[2], (json_int_t)p[3], (json_int_t)p[4], "results", results_take);

    return row == NULL ? -1 : json_array_append_new(json_object_get(record, "matches"), row);
}

int
record_write(json_t *record, double seconds, const char *path, struct rr_err *err)
{
    FILE *file = fopen(path, "w");
    int rc = 0;

    if (file == NULL) {
        return rr_err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
    }
    if (json_object_set_new(record, "seconds", json_real(seconds)) != 0 ||
        json_dumpf(record, file, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) != 0 ||
        fputc('\n', file) == EOF) {
        rc = rr_err_set(err, -EIO, "cannot write %s", path);
    }
    if (fclose(file) != 0 && rc == 0) {
        rc = rr_err_set(err, -errno, "cannot write %s: %s", path, strerror(errno));
    }
    return rc;
}

static int
read_match(json_t *row, struct gauntlet_match *match, struct rr_err *err)
{
    const char *name = NULL;
    const char *sha256 = NULL;
    const char *path = NULL;
    json_int_t generation = 0;
    json_int_t games = 0;
    json_int_t pairs[5];
    struct gauntlet_match m = {.played = true};
    int also_first = 0;
    const int rc = json_unpack(
        row, "{s:s, s:b, s:s, s:s, s:I, s:I, s:F, s:F, s:F, s:[I, I, I, I, I]}", "opponent", &name,
        "also_first", &also_first, "sha256", &sha256, "path", &path, "generation", &generation,
        "games", &games, "wins", &m.score.wins, "draws", &m.score.draws, "losses", &m.score.losses,
        "pairs", &pairs[0], &pairs[1], &pairs[2], &pairs[3], &pairs[4]);

    if (rc != 0) {
        return rr_err_set(err, RR_E_CORRUPT, "a match lacks a member");
    }
    (void)snprintf(m.opponent.sha256, sizeof m.opponent.sha256, "%s", sha256);
    (void)snprintf(m.opponent.path, sizeof m.opponent.path, "%s", path);
    m.opponent.generation = (uint64_t)generation;
    m.score.games = (uint64_t)games;
    for (int i = 0; i < 5; i++) {
        m.pairs[i] = (uint64_t)pairs[i];
    }
    for (uint32_t i = 0; i < GAUNTLET_OPPONENTS; i++) {
        const bool is_baseline = i >= GAUNTLET_BASELINE && strcmp(name, sha256) == 0;
        if (!match[i].played &&
            (is_baseline || strcmp(name, gauntlet_opponent_name(i, &m.opponent)) == 0)) {
            match[i] = m;
            if (also_first != 0) {
                match[GAUNTLET_FIRST] = m;
            }
            return 0;
        }
    }
    return rr_err_set(err, RR_E_CORRUPT, "unknown opponent \"%.40s\"", name);
}

int
record_read(const char *path, const char *sha256, struct gauntlet_match *match,
            uint64_t *simulations, double *seconds, struct rr_err *err)
{
    json_error_t why;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    const char *owner;
    json_t *row;
    size_t i;
    int rc = 0;

    if (root == NULL) {
        return rr_err_set(err, RR_E_CORRUPT, "%.120s: %.100s", path, why.text);
    }
    memset(match, 0, GAUNTLET_OPPONENTS * sizeof match[0]);
    owner = json_string_value(json_object_get(json_object_get(root, "candidate"), "sha256"));
    *seconds = json_number_value(json_object_get(root, "seconds"));
    *simulations = (uint64_t)json_integer_value(
        json_object_get(json_object_get(root, "search"), "simulations"));
    if (owner == NULL || strcmp(owner, sha256) != 0) {
        rc = rr_err_set(err, RR_E_MISMATCH, "%.120s: is of other weights", path);
    }
    json_array_foreach(json_object_get(root, "matches"), i, row) {
        rc = rc != 0 ? rc : read_match(row, match, err);
    }
    if (rc == 0 && !match[GAUNTLET_RANDOM].played) {
        rc = rr_err_set(err, RR_E_CORRUPT, "%.120s: no match against random play", path);
    }
    json_decref(root);
    return rc;
}
