/* SPDX-License-Identifier: MIT */
/*
 * gauntlet.h - what the files of the gauntlet stage share.
 */
#ifndef RR_PLUGIN_GAUNTLET_H
#define RR_PLUGIN_GAUNTLET_H

#include <stdbool.h>

#include <jansson.h>

#include <rr/effect.h>
#include <rr/events.h>
#include <rr/game.h>
#include <rr/plugin.h>
#include <rr/rating.h>

/* Opponents of a candidate; also the order in which they are met. */
#define GAUNTLET_RANDOM 0
#define GAUNTLET_CHAMPION 1
#define GAUNTLET_FIRST 2    /* the first trained generation */
#define GAUNTLET_BASELINE 3 /* and those behind it: opponents by name, of rr/opponent.h */
#define GAUNTLET_BASELINES 4
#define GAUNTLET_OPPONENTS (GAUNTLET_BASELINE + GAUNTLET_BASELINES)

struct gauntlet_model {
    char sha256[65]; /* "" when there is none; the name of a baseline */
    char path[512];  /* below the data directory */
    uint64_t generation;
};

/* Result of a match, from the candidate's side. */
struct gauntlet_match {
    bool played;
    struct gauntlet_model opponent; /* empty for random */
    struct rr_score score;
    uint64_t pairs[5]; /* pairs of games that scored 0, 1/2, 1, 3/2, 2 points */
};

/* rule.c: the promotion rule, a pure function of results. Its numbers are the stage's options. */
struct gauntlet_rule {
    struct rr_sprt sprt;
    uint64_t champion_games; /* cap of the sequential test */
    bool cap_likelier;       /* at the cap the likelier hypothesis decides; else rejected */
};

struct gauntlet_verdict {
    bool promoted;
    const char *gate; /* that decided: "random" or "champion" */
    double measured, required;
    char text[240]; /* the rule and its figures, in words */
};

/* "random", "champion", "first", or the name of the baseline that the model stands for. */
const char *gauntlet_opponent_name(uint32_t opponent, const struct gauntlet_model *model);

/* Whether results against random play are above chance: Wilson's 95 % lower bound over one half. */
bool rule_beats_random(const struct rr_score *score, double *low);
void rule_decide(const struct gauntlet_rule *rule,
                 const struct gauntlet_match match[GAUNTLET_OPPONENTS],
                 struct gauntlet_verdict *verdict);

/* table.c: players and pairings of a configuration, kept as one durable key; ratings from it. */
#define TABLE_PLAYERS_MAX 80 /* keeps the key below its 32 KiB; the oldest are dropped */
#define TABLE_PAIRINGS_MAX 320

struct table_player {
    struct gauntlet_model model; /* empty sha256: random play */
    uint64_t simulations;        /* a net with another budget is another player; 0 for baselines */
    char match[512];             /* record of its evaluation, "" when it had none */
    struct rr_elo rating;        /* by table_rate() */
};

struct table {
    struct table_player player[TABLE_PLAYERS_MAX]; /* 0 is random play, 1 the first generation */
    size_t players;
    struct rr_pairing pairing[TABLE_PAIRINGS_MAX];
    size_t pairings;
    struct gauntlet_model champion;
};

int table_parse(struct table *table, const char *text, struct rr_err *err); /* NULL: empty table */
char *table_dump(const struct table *table); /* free() it; NULL: no memory */
/* Index of a player, or -1. */
int table_find(const struct table *table, const char *sha256, uint64_t simulations);
/* The same, added when missing; the oldest other than first and champion makes room. */
size_t table_add(struct table *table, const struct gauntlet_model *model, uint64_t simulations);
void table_score(struct table *table, size_t a, size_t b, const struct rr_score *score);
/* Rate every player, with random play at 400. */
int table_rate(struct table *table, struct rr_err *err);

/* play.c: the matches of one candidate. */
struct gauntlet_job {
    struct rr_ctx *ctx;
    const struct rr_event *event;
    struct ev_training_completed done;
    const struct rr_game *game;
    const struct rr_variant *variant;
    struct gauntlet_model opponent[GAUNTLET_OPPONENTS]; /* empty sha256: not met (but random) */
    struct gauntlet_rule rule;
    struct gauntlet_match match[GAUNTLET_OPPONENTS];
};

/* Play and write the record to file->temp. RR_E_STOPPED when a stop was asked for. */
int play_all(struct gauntlet_job *job, const struct rr_effect *file, struct rr_err *err);

/* record.c: match records, files that never change. */
json_t *record_new(const struct gauntlet_job *job);
int record_add(json_t *record, const struct gauntlet_match *match, uint32_t opponent,
               bool is_also_first, uint64_t seed, json_t *results_take);
int record_write(json_t *record, double seconds, const char *path, struct rr_err *err);
/* Read the results of a record, which must be of this candidate. */
int record_read(const char *path, const char *sha256, struct gauntlet_match *match,
                uint64_t *simulations, double *seconds, struct rr_err *err);

#endif
