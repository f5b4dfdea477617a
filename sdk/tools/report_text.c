/* SPDX-License-Identifier: MIT */
/*
 * report_text.c - the report for people.
 */
#include <inttypes.h>
#include <string.h>

#include "sdk/tools/report.h"

static void
rate_text(char out[64], const struct report_versus *v)
{
    if (!v->is_known || v->score.games == 0) {
        (void)snprintf(out, 64, "-");
        return;
    }
    (void)snprintf(out, 64, "%.0f %% (%.0f..%.0f, %" PRIu64 ")", 100 * rr_score_rate(&v->score),
                   100 * v->low, 100 * v->high, v->score.games);
}

static const char *
verdict_text(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_PROMOTED:
        return "promoted";
    case VERDICT_REJECTED:
        return "rejected";
    default:
        return "-";
    }
}

static void
write_totals(const struct report_config *c, FILE *out)
{
    size_t promoted = 0;

    for (size_t i = 0; i < c->models; i++) {
        promoted += c->model[i].verdict == VERDICT_PROMOTED;
    }
    fprintf(out, "  generations   %zu trained, %zu promoted\n", c->models, promoted);
    fprintf(out,
            "  self-play     %" PRIu64 " games in %" PRIu64 " shards (%" PRIu64
            " before the first net), %" PRIu64 " plies, %" PRIu64 " with a policy target\n",
            c->games, c->shards, c->random_games, c->plies, c->samples);
    fprintf(out,
            "  data          %" PRIu64 " games verified, %" PRIu64 " exports, %" PRIu64
            " samples\n",
            c->synced_games, c->exports, c->exported_samples);
    if (c->evaluations > 0 && c->seconds[TIME_SELFPLAY] > 0) {
        fprintf(out, "  speed         %.2f games/s and %.0f evaluations/s while self-play worked\n",
                (double)c->games / c->seconds[TIME_SELFPLAY],
                (double)c->evaluations / c->seconds[TIME_SELFPLAY]);
    }
    fprintf(out, "  curriculum    weight %.2f after %" PRIu64 " changes\n", c->weight,
            c->curriculum_updates);
    if (c->blocked > 0 || c->failed > 0) {
        fprintf(out,
                "  trouble       %" PRIu64 " exports below quality, %" PRIu64 " trainings failed\n",
                c->blocked, c->failed);
    }
}

static void
write_losses(const struct report_config *c, FILE *out)
{
    fprintf(out, "\n  Training (losses in nats)\n");
    fprintf(out,
            "  gen   steps   samples      loss   policy    value   val.pol   val.val   time\n");
    for (size_t i = 0; i < c->models; i++) {
        const struct report_model *m = &c->model[i];
        fprintf(out,
                "  %3" PRIu64 "  %6" PRIu64 "  %8" PRIu64
                "  %8.3f %8.3f %8.3f  %8.3f  %8.3f  %4.0f s\n",
                m->generation, m->steps, m->samples, m->loss, m->policy_loss, m->value_loss,
                m->val_policy_loss, m->val_value_loss, m->seconds);
    }
}

static void
write_matches(const struct report_config *c, FILE *out)
{
    fprintf(out,
            "\n  Evaluation (score with Wilson 95 %% interval and games; %" PRIu64
            " simulations a move)\n",
            c->simulations);
    fprintf(out, "  gen  %-21s  %-21s  %-21s  %s\n", "against random", "against champion",
            "against generation 1", "verdict");
    for (size_t i = 0; i < c->models; i++) {
        const struct report_model *m = &c->model[i];
        char rate[VS_COUNT][64];

        for (int k = 0; k < VS_COUNT; k++) {
            rate_text(rate[k], &m->versus[k]);
        }
        fprintf(out, "  %3" PRIu64 "  %-21s  %-21s  %-21s  %s\n", m->generation, rate[VS_RANDOM],
                rate[VS_CHAMPION], rate[VS_FIRST], verdict_text(m->verdict));
    }
}

static void
write_elo(const struct report_config *c, FILE *out)
{
    fprintf(out, "\n  Elo (random play is 400; all results of this run together)\n");
    fprintf(out, "  player        Elo     95 %%\n");
    for (size_t i = c->models; i-- > 0;) {
        const struct report_model *m = &c->model[i];
        if (m->is_rated) {
            fprintf(out, "  gen %-5" PRIu64 "  %6.0f   ±%.0f%s\n", m->generation, m->elo, m->ci,
                    m == report_champion(c) ? "   champion" : "");
        }
    }
    fprintf(out, "  random         400\n");
}

static void
write_times(const struct report_config *c, FILE *out)
{
    double sum = 0;

    for (int i = 0; i < TIME_COUNT; i++) {
        sum += c->seconds[i];
    }
    fprintf(out, "\n  Wall time of each stage\n");
    for (int i = 0; i < TIME_COUNT; i++) {
        fprintf(out, "  %-12s %7.1f s  %4.1f %%\n", report_time_name[i], c->seconds[i],
                sum > 0 ? 100 * c->seconds[i] / sum : 0);
    }
}

static void
write_final(const struct report_config *c, FILE *out)
{
    const struct report_model *champion = report_champion(c);

    fprintf(out, "\n  Final measurement");
    if (champion != NULL && c->final[0].is_done) {
        fprintf(out,
                ": gen %" PRIu64 ", the last promoted, seats alternating, %" PRIu64
                " simulations a move",
                champion->generation, c->simulations);
    }
    fputc('\n', out);
    for (int i = 0; i < 2; i++) {
        const struct report_final *f = &c->final[i];
        const double rate = rr_score_rate(&f->score);

        if (f->is_done) {
            fprintf(out,
                    "  %-26s %5.1f %%  (95 %%: %.1f..%.1f; %.0f won, %.0f drawn, %.0f lost)  "
                    "wanted %.0f %%: %s\n",
                    i == 0 ? "against random play" : "against generation 1", 100 * rate,
                    100 * f->low, 100 * f->high, f->score.wins, f->score.draws, f->score.losses,
                    100 * f->wanted, rate >= f->wanted ? "PASS" : "FAIL");
        }
    }
    if (c->final_note[0] != '\0') {
        fprintf(out, "  not measured: %s\n", c->final_note);
    }
}

static void
write_files(const struct report *report, const struct report_config *c, FILE *out)
{
    const struct report_model *champion = report_champion(c);

    fprintf(out, "\n  Files in %s\n", report->dir);
    if (champion != NULL) {
        fprintf(out, "  champion       data/%s\n", champion->path);
        fprintf(out, "  its matches    data/%s\n", champion->match);
    }
    fprintf(out, "  models         data/models/%s/\n", c->name);
    fprintf(out, "  games          data/games/%s/\n", c->name);
    fprintf(out, "  samples        data/npz/%s/\n", c->name);
    fprintf(out, "  logs           log/\n");
}

void
report_write_text(const struct report *report, FILE *out)
{
    const double minutes = (double)(report->last_ms - report->first_ms) / 60000;

    fprintf(out, "Report of %s\n", report->dir);
    fprintf(out, "%.1f minutes from the first result to the last, %zu configuration%s\n", minutes,
            report->configs, report->configs == 1 ? "" : "s");
    for (size_t i = 0; i < report->configs; i++) {
        const struct report_config *c = &report->config[i];

        fprintf(out, "\n%s\n", c->name);
        write_totals(c, out);
        write_losses(c, out);
        write_matches(c, out);
        write_elo(c, out);
        write_times(c, out);
        write_final(c, out);
        write_files(report, c, out);
    }
    fprintf(out, "\nLearning curve: %s/curve.png   figures: %s/report.json\n", report->dir,
            report->dir);
}

bool
report_passes(const struct report_config *config)
{
    for (int i = 0; i < 2; i++) {
        const struct report_final *f = &config->final[i];
        if (!f->is_done || rr_score_rate(&f->score) < f->wanted) {
            return false;
        }
    }
    return true;
}
