/* SPDX-License-Identifier: MIT */
/*
 * report.h - what the files of `rrctl report` share: the facts of a run, gathered from its events.
 */
#ifndef RR_TOOLS_REPORT_H
#define RR_TOOLS_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include <rr/err.h>
#include <rr/rating.h>

#define REPORT_PATH_BYTES 4096

/* Opponents, in the order of their names in events. */
enum { VS_RANDOM, VS_CHAMPION, VS_FIRST, VS_COUNT };

/* Stages whose time is told. */
enum { TIME_SELFPLAY, TIME_SYNC, TIME_EXPORT, TIME_TRAINING, TIME_GAUNTLET, TIME_COUNT };

enum verdict { VERDICT_NONE, VERDICT_PROMOTED, VERDICT_REJECTED };

struct report_versus {
    bool is_known;
    uint64_t generation; /* of the opponent */
    char sha256[65];     /* "" for random play */
    uint64_t simulations;
    struct rr_score score;
    double low, high; /* Wilson 95 % */
};

/* One trained model. */
struct report_model {
    uint64_t generation;
    char sha256[65];
    char path[512]; /* below the data directory */
    uint64_t trained_ms, steps, samples;
    double seconds, loss, policy_loss, value_loss, best_val_loss, val_policy_loss, val_value_loss;

    bool is_rated;
    uint64_t rated_ms, games;
    struct report_versus versus[VS_COUNT];
    char match[512];
    double elo, ci;

    enum verdict verdict;
    char reason[256];
};

/* The last promoted net against one opponent, measured by this program. */
struct report_final {
    bool is_done;
    uint64_t generation; /* of the opponent, 0 for random play */
    struct rr_score score;
    double low, high, wanted;
    double seconds;
};

struct report_config {
    char name[128];
    uint64_t shards, games, plies, samples, evaluations;
    uint64_t random_games; /* of these: played before there was a net */
    uint64_t synced_games, exports, exported_samples, blocked, failed, curriculum_updates;
    double weight;
    double seconds[TIME_COUNT];
    struct report_model *model;
    size_t models;

    /* the measurement */
    uint64_t simulations, considered, opening_moves;
    struct report_final final[2]; /* random play, first generation */
    char final_note[160];         /* why there is none */
};

struct report {
    struct report_config *config;
    size_t configs;
    uint64_t events, first_ms, last_ms;
    char dir[REPORT_PATH_BYTES];
};

extern const char *const report_versus_name[VS_COUNT];
extern const char *const report_time_name[TIME_COUNT];

/* report_events.c: take one event (a line of `rrctl events --json`). */
int report_take(struct report *report, const json_t *event, struct rr_err *err);
/* Rate all models of each configuration by all results. */
int report_rate(struct report *report, struct rr_err *err);
void report_free(struct report *report);
/* The newest promoted model and the oldest model, or NULL. */
const struct report_model *report_champion(const struct report_config *config);
const struct report_model *report_first(const struct report_config *config);

/* report_match.c: play the final measurement of one configuration. */
int report_measure(const struct report *report, struct report_config *config, const char *plugins,
                   uint32_t games, struct rr_err *err);

/* report_text.c, report_json.c */
void report_write_text(const struct report *report, FILE *out);
json_t *report_to_json(const struct report *report);
/* Whether every configuration was measured and reached what is wanted. */
bool report_passes(const struct report_config *config);

/* report_draw.c */
int report_draw(const struct report *report, const char *path, struct rr_err *err);

#endif
