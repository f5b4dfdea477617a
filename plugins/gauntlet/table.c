/* SPDX-License-Identifier: MIT */
/*
 * table.c - who played whom, and ratings from that.
 *
 * The match records are the truth; this table sums them so that a rating needs no files. It is
 * bounded: old players leave with their pairings.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet.h"

#define RANDOM_ELO 400.0 /* the anchor of every configuration */

static void
set_text(char *to, size_t size, const json_t *value)
{
    const char *text = json_string_value(value);

    (void)snprintf(to, size, "%s", text == NULL ? "" : text);
}

static void
parse_model(const json_t *object, struct gauntlet_model *model)
{
    set_text(model->sha256, sizeof model->sha256, json_object_get(object, "sha256"));
    set_text(model->path, sizeof model->path, json_object_get(object, "path"));
    model->generation = (uint64_t)json_integer_value(json_object_get(object, "generation"));
}

static int
parse_rows(struct table *table, const json_t *players, const json_t *pairings, struct rr_err *err)
{
    const size_t count = json_array_size(players);
    size_t i;
    json_t *row;

    if (count == 0 || count > TABLE_PLAYERS_MAX || json_array_size(pairings) > TABLE_PAIRINGS_MAX) {
        return rr_err_set(err, RR_E_CORRUPT, "table of ratings: %zu players, %zu pairings", count,
                          json_array_size(pairings));
    }
    json_array_foreach(players, i, row) {
        struct table_player *player = &table->player[i];
        parse_model(row, &player->model);
        player->simulations = (uint64_t)json_integer_value(json_object_get(row, "simulations"));
        set_text(player->match, sizeof player->match, json_object_get(row, "match"));
    }
    table->players = count;
    json_array_foreach(pairings, i, row) {
        const struct rr_pairing p = {
            .a = (uint32_t)json_integer_value(json_array_get(row, 0)),
            .b = (uint32_t)json_integer_value(json_array_get(row, 1)),
            .score_a = json_number_value(json_array_get(row, 2)),
            .games = json_number_value(json_array_get(row, 3)),
        };
        if (p.a >= count || p.b >= count) {
            return rr_err_set(err, RR_E_CORRUPT, "table of ratings: pairing %zu of unknown players",
                              i);
        }
        table->pairing[table->pairings++] = p;
    }
    return 0;
}

int
table_parse(struct table *table, const char *text, struct rr_err *err)
{
    json_error_t why;
    json_t *root;
    int rc;

    memset(table, 0, sizeof *table);
    table->players = 1;
    if (text == NULL) {
        return 0;
    }
    root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL) {
        return rr_err_set(err, RR_E_CORRUPT, "table of ratings: %s", why.text);
    }
    parse_model(json_object_get(root, "champion"), &table->champion);
    rc =
        parse_rows(table, json_object_get(root, "players"), json_object_get(root, "pairings"), err);
    json_decref(root);
    return rc;
}

static json_t *
dump_model(const struct gauntlet_model *model)
{
    return json_pack("{s:s, s:s, s:I}", "sha256", model->sha256, "path", model->path, "generation",
                     (json_int_t)model->generation);
}

char *
table_dump(const struct table *table)
{
    json_t *players = json_array();
    json_t *pairings = json_array();
    json_t *root;
    char *text;

    for (size_t i = 0; i < table->players; i++) {
        const struct table_player *player = &table->player[i];
        json_t *row = dump_model(&player->model);
        (void)json_object_set_new(row, "simulations",
                                  json_integer((json_int_t)player->simulations));
        (void)json_object_set_new(row, "match", json_string(player->match));
        (void)json_array_append_new(players, row);
    }
    for (size_t i = 0; i < table->pairings; i++) {
        const struct rr_pairing *p = &table->pairing[i];
        (void)json_array_append_new(pairings, json_pack("[I, I, f, f]", (json_int_t)p->a,
                                                        (json_int_t)p->b, p->score_a, p->games));
    }
    root = json_pack("{s:i, s:o, s:o, s:o}", "version", 1, "champion", dump_model(&table->champion),
                     "players", players, "pairings", pairings);
    text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(12));
    json_decref(root);
    return text;
}

int
table_find(const struct table *table, const char *sha256, uint64_t simulations)
{
    for (size_t i = 0; i < table->players; i++) {
        if (strcmp(table->player[i].model.sha256, sha256) == 0 &&
            (i == 0 || table->player[i].simulations == simulations)) {
            return (int)i;
        }
    }
    return -1;
}

/* Forget a player and its pairings; those behind it move up. */
static void
drop(struct table *table, size_t gone)
{
    size_t kept = 0;

    for (size_t i = 0; i < table->pairings; i++) {
        struct rr_pairing p = table->pairing[i];
        if (p.a == gone || p.b == gone) {
            continue;
        }
        p.a -= p.a > gone;
        p.b -= p.b > gone;
        table->pairing[kept++] = p;
    }
    table->pairings = kept;
    memmove(&table->player[gone], &table->player[gone + 1],
            (table->players - gone - 1) * sizeof table->player[0]);
    table->players--;
}

size_t
table_add(struct table *table, const struct gauntlet_model *model, uint64_t simulations)
{
    const int found = table_find(table, model->sha256, simulations);

    if (found >= 0) {
        return (size_t)found;
    }
    /* a new player brings up to GAUNTLET_OPPONENTS pairings */
    while (table->players + GAUNTLET_OPPONENTS > TABLE_PLAYERS_MAX ||
           table->pairings + GAUNTLET_OPPONENTS > TABLE_PAIRINGS_MAX) {
        size_t oldest = 2; /* 0 is random play, 1 the first generation; baselines have no file */
        while (strcmp(table->player[oldest].model.sha256, table->champion.sha256) == 0 ||
               table->player[oldest].model.path[0] == '\0') {
            oldest++;
        }
        drop(table, oldest);
    }
    table->player[table->players] =
        (struct table_player){.model = *model, .simulations = simulations};
    return table->players++;
}

void
table_score(struct table *table, size_t a, size_t b, const struct rr_score *score)
{
    table->pairing[table->pairings++] = (struct rr_pairing){
        .a = (uint32_t)a,
        .b = (uint32_t)b,
        .score_a = score->wins + 0.5 * score->draws,
        .games = (double)score->games,
    };
}

int
table_rate(struct table *table, struct rr_err *err)
{
    double anchor[TABLE_PLAYERS_MAX];
    struct rr_elo rating[TABLE_PLAYERS_MAX];
    int rc;

    for (size_t i = 0; i < table->players; i++) {
        anchor[i] = i == 0 ? RANDOM_ELO : NAN;
    }
    rc = rr_elo_fit(table->pairing, table->pairings, anchor, table->players, rating, err);
    for (size_t i = 0; rc == 0 && i < table->players; i++) {
        table->player[i].rating = rating[i];
    }
    return rc;
}
