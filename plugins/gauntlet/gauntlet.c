/* SPDX-License-Identifier: MIT */
/*
 * gauntlet.c - the stage that judges: TRAINING_COMPLETED -> EVALUATION_COMPLETED and
 * MODEL_PROMOTED or PROMOTION_REJECTED.
 *
 * Owns: matches/CONFIG/ below the data directory, and for each configuration the durable key
 * table/CONFIG with the champion, the players and the pairings.
 * Does not: decide what is trained or played next.
 *
 * The match record is made first, as a file that never changes; all that follows is a function of
 * it and of the table, so that a handler that is run again says the same.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <rr/gamekit.h>
#include <rr/opponent.h>

#include "gauntlet.h"

static const struct rr_opt options[] = {
    {"simulations", RR_OPT_INT, 0, "32", "1..100000",
     "Simulations a move; keep it equal to the simulations of self-play."},
    {"considered", RR_OPT_INT, 0, "16", "1..1024",
     "Root moves considered; keep it equal to that of self-play."},
    {"random_games", RR_OPT_INT, 0, "40", "10..100000",
     "Games against random play; with fewer than 10 its gate cannot be passed."},
    {"champion_games", RR_OPT_INT, 0, "64", "2..100000",
     "Most games against the champion; the sequential test may need fewer."},
    {"first_games", RR_OPT_INT, 0, "20", "0..100000",
     "Games against the first trained generation; they decide nothing."},
    {"baselines", RR_OPT_LIST, 0, "heuristic", "",
     "Up to 4 opponents that stay the same for ever, for the ratings; they decide nothing. Names "
     "are "
     "those of rrctl match: heuristic:1 to heuristic:7, mcts_light, mcts_medium and so on. Games "
     "without rules of thumb pass the heuristic over."},
    {"baseline_games", RR_OPT_INT, 0, "20", "0..100000", "Games against each baseline."},
    {"elo0", RR_OPT_REAL, 0, "0", "-1000..1000",
     "The candidate is refused when it is only so much stronger than the champion, in Elo."},
    {"elo1", RR_OPT_REAL, 0, "70", "-1000..1000",
     "The candidate is promoted when it is so much stronger, in Elo."},
    {"alpha", RR_OPT_REAL, 0, "0.05", "0.0001..0.5",
     "Chance of accepting a candidate that is elo0 stronger."},
    {"beta", RR_OPT_REAL, 0, "0.05", "0.0001..0.5",
     "Chance of refusing a candidate that is elo1 stronger."},
    {"at_cap", RR_OPT_CHOICE, 0, "likelier", "likelier|reject",
     "When the test has not decided after champion_games: promote if elo1 is likelier than elo0, "
     "or "
     "keep the champion."},
    {"opening_moves", RR_OPT_INT, 0, "4", "0..1000",
     "Random moves that begin each pair of games, so that no two pairs are alike."},
    {"parallel_games", RR_OPT_INT, 0, "16", "1..4096", "Games at a time on each thread."},
    {"threads", RR_OPT_INT, 0, "0", "0..1024", "Threads; 0: one for each core."},
    {"dtype", RR_OPT_CHOICE, 0, "auto", "auto|bf16|f32",
     "Arithmetic; auto is bf16 where the processor has instructions for it, else f32."},
    {"seed", RR_OPT_INT, 0, "1", "0..", "Changes the openings."},
    RR_OPT_END,
};

static const struct rr_port consumes[] = {{.type = &rr_type_training_completed}, {0}};
static const struct rr_port produces[] = {
    {.type = &rr_type_evaluation_completed},
    {.type = &rr_type_model_promoted},
    {.type = &rr_type_promotion_rejected},
    {0},
};

/* Names of the baselines into the job's opponents; with job NULL they are only checked. */
static int
baselines_read(struct rr_ctx *ctx, struct gauntlet_job *job, struct rr_err *err)
{
    const char *list = rr_opt_str(ctx, "baselines");
    uint32_t count = 0;

    while (*(list += strspn(list, ", ")) != '\0') {
        const size_t n = strcspn(list, ", ");
        struct gauntlet_model model = {.sha256 = ""};
        (void)snprintf(model.sha256, sizeof model.sha256, "%.*s", (int)n, list);
        if (count == GAUNTLET_BASELINES || strcmp(model.sha256, "random") == 0 ||
            strcmp(model.sha256, "uniform") == 0 || !rr_opponent_is_builtin(model.sha256)) {
            return rr_err_set(err, RR_E_CONFIG, "baselines: \"%s\" is %s", model.sha256,
                              count == GAUNTLET_BASELINES ? "one too many, 4 are possible"
                                                          : "no opponent with a fixed strength");
        }
        if (job != NULL) {
            job->opponent[GAUNTLET_BASELINE + count] = model;
        }
        count++;
        list += n;
    }
    return 0;
}

static int
check(struct rr_ctx *ctx, struct rr_err *err)
{
    if (rr_opt_real(ctx, "elo0") >= rr_opt_real(ctx, "elo1")) {
        return rr_err_set(err, RR_E_CONFIG, "elo0 = %g is not below elo1 = %g",
                          rr_opt_real(ctx, "elo0"), rr_opt_real(ctx, "elo1"));
    }
    return baselines_read(ctx, NULL, err);
}

/* What the handler works with, too big for a stack frame. */
struct work {
    struct gauntlet_job job;
    struct table table;
    struct rr_effect file;
    char key[300];
    uint64_t simulations;
    double seconds;
    size_t candidate; /* in table */
};

static void
read_rule(struct rr_ctx *ctx, struct gauntlet_rule *rule)
{
    rule->sprt = (struct rr_sprt){.elo0 = rr_opt_real(ctx, "elo0"),
                                  .elo1 = rr_opt_real(ctx, "elo1"),
                                  .alpha = rr_opt_real(ctx, "alpha"),
                                  .beta = rr_opt_real(ctx, "beta")};
    rule->champion_games = (uint64_t)rr_opt_int(ctx, "champion_games");
    rule->cap_likelier = strcmp(rr_opt_str(ctx, "at_cap"), "likelier") == 0;
}

static const struct gauntlet_match *
main_match(const struct gauntlet_job *job)
{
    return job->match[GAUNTLET_CHAMPION].played ? &job->match[GAUNTLET_CHAMPION]
                                                : &job->match[GAUNTLET_RANDOM];
}

/* Whether the first generation was met in a match of its own. */
static bool
is_first_apart(const struct gauntlet_job *job)
{
    const struct gauntlet_match *match = job->match;

    return match[GAUNTLET_FIRST].played && (!match[GAUNTLET_CHAMPION].played ||
                                            strcmp(match[GAUNTLET_FIRST].opponent.sha256,
                                                   match[GAUNTLET_CHAMPION].opponent.sha256) != 0);
}

static char *
opponents_text(const struct work *w)
{
    json_t *list = json_array();
    char *text;

    for (uint32_t i = 0; i < GAUNTLET_OPPONENTS; i++) {
        const struct gauntlet_match *m = &w->job.match[i];
        double low;
        double high;

        if (!m->played) {
            continue;
        }
        rr_wilson(m->score.wins + 0.5 * m->score.draws, (double)m->score.games, RR_Z95, &low,
                  &high);
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:I, s:s, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:I}", "opponent",
                      gauntlet_opponent_name(i, &m->opponent), "generation",
                      (json_int_t)m->opponent.generation, "sha256", m->opponent.sha256, "games",
                      (json_int_t)m->score.games, "wins", m->score.wins, "draws", m->score.draws,
                      "losses", m->score.losses, "rate", rr_score_rate(&m->score), "low", low,
                      "high", high, "simulations", (json_int_t)w->simulations));
    }
    text = json_dumps(list, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(list);
    return text;
}

/* Emit EVALUATION_COMPLETED from the record and the ratings. */
static int
emit_evaluation(struct work *w, const char *record_name, struct rr_err *err)
{
    const struct ev_training_completed *done = &w->job.done;
    const struct gauntlet_match *match = w->job.match;
    const struct rr_elo *rating = &w->table.player[w->candidate].rating;
    char *opponents = opponents_text(w);
    struct ev_evaluation_completed out = {
        .config = done->config,
        .model_path = done->model_path,
        .model_sha256 = done->model_sha256,
        .generation = done->generation,
        .elo = rating->elo,
        .elo_ci = rating->ci,
        .win_rate = rr_score_rate(&main_match(&w->job)->score),
        .opponent_results = opponents,
        .match_path = record_name,
        .duration_seconds = w->seconds,
    };
    int rc;

    if (opponents == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for an event");
    }
    for (uint32_t i = 0; i < GAUNTLET_OPPONENTS; i++) {
        if (i != GAUNTLET_FIRST || is_first_apart(&w->job)) {
            out.games_played += match[i].score.games;
        }
    }
    rc = rr_emit(w->job.ctx, &rr_type_evaluation_completed, NULL, out.config, &out, err);
    free(opponents);
    return rc;
}

/* A baseline is one player, whatever the budget of those that it meets. */
static uint64_t
simulations_of(const struct work *w, uint32_t opponent)
{
    return opponent < GAUNTLET_BASELINE ? w->simulations : 0;
}

/* Enter the matches in the table and rate everybody. */
static int
rate(struct work *w, struct rr_err *err)
{
    struct gauntlet_model self = {.generation = w->job.done.generation};
    const struct gauntlet_match *match = w->job.match;

    (void)snprintf(self.sha256, sizeof self.sha256, "%s", w->job.done.model_sha256);
    (void)snprintf(self.path, sizeof self.path, "%s", w->job.done.model_path);
    /* The first generation is the first that is added; numbers change when old players leave. */
    for (uint32_t i = GAUNTLET_CHAMPION; i < GAUNTLET_BASELINE; i++) {
        if (match[i].played) {
            (void)table_add(&w->table, &match[i].opponent, w->simulations);
        }
    }
    (void)table_add(&w->table, &self, w->simulations);
    for (uint32_t i = GAUNTLET_BASELINE; i < GAUNTLET_OPPONENTS; i++) {
        if (match[i].played) {
            (void)table_add(&w->table, &match[i].opponent, 0);
        }
    }
    w->candidate = (size_t)table_find(&w->table, self.sha256, w->simulations);
    for (uint32_t i = 0; i < GAUNTLET_OPPONENTS; i++) {
        if (match[i].played && (i != GAUNTLET_FIRST || is_first_apart(&w->job))) {
            const int other = table_find(&w->table, match[i].opponent.sha256, simulations_of(w, i));
            table_score(&w->table, w->candidate, (size_t)other, &match[i].score);
        }
    }
    (void)snprintf(w->table.player[w->candidate].match, sizeof w->table.player[w->candidate].match,
                   "%s", w->file.name);
    return table_rate(&w->table, err);
}

static void
promote(struct work *w, const struct gauntlet_verdict *verdict, struct ev_model_promoted *out)
{
    const struct ev_training_completed *done = &w->job.done;
    const struct gauntlet_model *old = &w->table.champion;
    const int before =
        old->sha256[0] == '\0' ? 0 : table_find(&w->table, old->sha256, w->simulations);
    const double elo = w->table.player[w->candidate].rating.elo;

    *out = (struct ev_model_promoted){
        .config = done->config,
        .model_path = done->model_path,
        .model_sha256 = done->model_sha256,
        .generation = done->generation,
        .previous_elo = before < 0    ? elo
                        : before == 0 ? 400
                                      : w->table.player[before].rating.elo,
        .new_elo = elo,
        .supersedes = old->sha256,
        .rule = verdict->text,
    };
    out->elo_delta = out->new_elo - out->previous_elo;
}

static int
emit_verdict(struct work *w, const struct gauntlet_verdict *verdict, struct rr_err *err)
{
    const struct ev_training_completed *done = &w->job.done;
    struct ev_model_promoted promoted;

    if (!verdict->promoted) {
        const struct ev_promotion_rejected out = {
            .config = done->config,
            .model_path = done->model_path,
            .model_sha256 = done->model_sha256,
            .generation = done->generation,
            .gate = verdict->gate,
            .reason = verdict->text,
            .measured = verdict->measured,
            .required = verdict->required,
        };
        return rr_emit(w->job.ctx, &rr_type_promotion_rejected, NULL, done->config, &out, err);
    }
    promote(w, verdict, &promoted);

    const int rc = rr_emit(w->job.ctx, &rr_type_model_promoted, NULL, done->config, &promoted, err);
    w->table.champion = w->table.player[w->candidate].model; /* after the event named the old one */
    return rc;
}

static int
keep_table(struct work *w, struct rr_err *err)
{
    char *text = table_dump(&w->table);
    int rc;

    if (text == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for the table of ratings");
    }
    rc = rr_put(w->job.ctx, w->key, text, err);
    free(text);
    return rc;
}

static void
tell(const struct work *w)
{
    const struct gauntlet_match *match = w->job.match;
    const struct gauntlet_match *baseline = &match[GAUNTLET_BASELINE];
    const struct rr_elo *rating = &w->table.player[w->candidate].rating;
    char first[64] = "";
    char foe[96] = "";
    char champion[64] = "no champion yet";

    if (match[GAUNTLET_FIRST].played) {
        (void)snprintf(first, sizeof first, "%.0f %% vs gen %" PRIu64 ", ",
                       100 * rr_score_rate(&match[GAUNTLET_FIRST].score),
                       match[GAUNTLET_FIRST].opponent.generation);
    }
    if (w->table.champion.sha256[0] != '\0') {
        (void)snprintf(champion, sizeof champion, "champion gen %" PRIu64,
                       w->table.champion.generation);
    }
    if (baseline->played) {
        (void)snprintf(foe, sizeof foe, "%.0f %% vs %.40s, ", 100 * rr_score_rate(&baseline->score),
                       baseline->opponent.sha256);
    }
    rr_note(w->job.ctx, w->job.done.config,
            "gen %" PRIu64 ": Elo %.0f ±%.0f, %.0f %% vs random, %s%s%s", w->job.done.generation,
            rating->elo, rating->ci, 100 * rr_score_rate(&match[GAUNTLET_RANDOM].score), foe, first,
            champion);
}

/* The candidate was judged before: say again what was found, and decide nothing twice. */
static int
repeat(struct work *w, int known, struct rr_err *err)
{
    const struct table_player *player = &w->table.player[known];
    char path[RR_EFFECT_PATH_MAX];
    int rc;

    rr_log(w->job.ctx, RR_LOG_INFO, "gen %" PRIu64 " of %s was judged before: %s",
           w->job.done.generation, w->job.done.config, player->match);
    (void)snprintf(path, sizeof path, "%s/%s", rr_fact(w->job.ctx, "data_dir"), player->match);
    rc = record_read(path, w->job.done.model_sha256, w->job.match, &w->simulations, &w->seconds,
                     err);
    if (rc == 0) {
        rc = table_rate(&w->table, err);
    }
    if (rc == 0) {
        w->candidate = (size_t)known;
        rc = emit_evaluation(w, player->match, err);
    }
    return rc;
}

static int
judge(struct work *w, struct rr_err *err)
{
    struct gauntlet_verdict verdict;
    char dir[160];
    char prefix[40];
    int rc;

    (void)snprintf(dir, sizeof dir, "matches/%.100s", w->job.done.config);
    (void)snprintf(prefix, sizeof prefix, "g%04" PRIu64 "-", w->job.done.generation);
    rc = rr_effect_begin(&w->file, w->job.ctx, w->job.event, dir, prefix, ".json", err);
    if (rc == 0 && !w->file.done) {
        rc = play_all(&w->job, &w->file, err);
        if (rc == 0) {
            rc = rr_effect_commit(&w->file, err);
        }
        if (rc != 0) {
            rr_effect_abort(&w->file);
        }
    }
    if (rc == 0) {
        rc = record_read(w->file.path, w->job.done.model_sha256, w->job.match, &w->simulations,
                         &w->seconds, err);
    }
    if (rc == 0) {
        rc = rate(w, err);
    }
    if (rc == 0) {
        rule_decide(&w->job.rule, w->job.match, &verdict);
        rc = emit_evaluation(w, w->file.name, err);
    }
    if (rc == 0) {
        rc = emit_verdict(w, &verdict, err);
    }
    if (rc == 0) {
        rc = keep_table(w, err);
    }
    if (rc == 0) {
        tell(w);
    }
    return rc;
}

static int
open_work(struct work *w, struct rr_err *err)
{
    struct gauntlet_job *job = &w->job;
    struct rr_err why = RR_ERR_INIT;
    const char *text;
    int rc = rr_game_find(rr_fact(job->ctx, "plugin_path"), job->done.config, &job->game,
                          &job->variant, err);

    if (rc != 0) {
        return rc;
    }
    (void)snprintf(w->key, sizeof w->key, "table/%.200s", job->done.config);
    text = rr_get(job->ctx, w->key, &why);
    if (text == NULL && why.code != 0) {
        *err = why;
        return why.code;
    }
    rc = table_parse(&w->table, text, err);
    if (rc == 0) {
        job->opponent[GAUNTLET_CHAMPION] = w->table.champion;
        if (w->table.players > 1) {
            job->opponent[GAUNTLET_FIRST] = w->table.player[1].model;
        }
        read_rule(job->ctx, &job->rule);
        rc = baselines_read(job->ctx, job, err);
    }
    return rc;
}

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    struct work *w = calloc(1, sizeof *w);
    int known;
    int rc;

    if (w == NULL) {
        (void)rr_err_set(err, -ENOMEM, "no memory to judge a model");
        return RR_RETRY;
    }
    w->job.ctx = ctx;
    w->job.event = event;
    if (rr_decode(ctx, event, &rr_type_training_completed, &w->job.done, err) != 0) {
        free(w);
        return RR_REJECT;
    }
    rc = open_work(w, err);
    if (rc == 0) {
        known = table_find(&w->table, w->job.done.model_sha256,
                           (uint64_t)rr_opt_int(ctx, "simulations"));
        rc = known > 0 && w->table.player[known].match[0] != '\0' ? repeat(w, known, err)
                                                                  : judge(w, err);
    }
    free(w);
    if (rc == RR_E_CORRUPT || rc == RR_E_MISMATCH || rc == RR_E_INPUT || rc == -ENOENT) {
        return RR_REJECT; /* no other attempt will find other files */
    }
    return rc == 0 ? RR_DONE : RR_RETRY;
}

RR_PLUGIN(.name = "gauntlet", .version = "1.0",
          .summary = "judges trained models by matches, and promotes them", .options = options,
          .consumes = consumes, .produces = produces, .check = check, .event = on_event)
