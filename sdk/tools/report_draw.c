/* SPDX-License-Identifier: MIT */
/*
 * report_draw.c - the learning curve: Elo, scores and losses of each generation over time.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/tools/plot.h"
#include "sdk/tools/report.h"

#define PAGE_WIDTH 1280
#define PAGE_HEIGHT 1200
#define LEFT 92
#define RIGHT 300 /* for the legends */
#define TOP 112
#define CHART_HEIGHT 290
#define GAP 62
#define RANDOM_ELO 400.0

static double
minutes(const struct report *report, uint64_t time_ms)
{
    return time_ms < report->first_ms ? 0 : (double)(time_ms - report->first_ms) / 60000;
}

/* "hex8_2p: what", or only what when there is one configuration. */
static void
label(const struct report *report, const struct report_config *c, const char *what, char out[96])
{
    if (report->configs > 1) {
        (void)snprintf(out, 96, "%.40s: %.50s", c->name, what);
    } else {
        (void)snprintf(out, 96, "%.90s", what);
    }
}

static void
name_series(struct plot *plot, const struct report *report, const struct report_config *c,
            const char *what, size_t color, enum plot_mark mark, bool is_dashed)
{
    char text[96];

    label(report, c, what, text);
    plot_add_legend(plot, text, color, mark, is_dashed);
}

static void
draw_elo(struct plot *plot, const struct report *report, struct plot_point *points)
{
    double low = RANDOM_ELO;
    double high = RANDOM_ELO;

    for (size_t i = 0; i < report->configs; i++) {
        for (size_t k = 0; k < report->config[i].models; k++) {
            const struct report_model *m = &report->config[i].model[k];
            if (m->is_rated) {
                low = fmin(low, m->elo - m->ci);
                high = fmax(high, m->elo + m->ci);
            }
        }
    }
    plot_range(plot, low, high);
    plot_axes(plot, "Strength of each generation", "Elo", NULL);
    plot_level(plot, RANDOM_ELO, "random play");
    for (size_t i = 0; i < report->configs; i++) {
        const struct report_config *c = &report->config[i];
        size_t count = 0;

        for (size_t k = 0; k < c->models; k++) {
            const struct report_model *m = &c->model[k];
            if (m->is_rated) {
                points[count++] = (struct plot_point){
                    .x = minutes(report, m->rated_ms),
                    .y = m->elo,
                    .low = m->elo - m->ci,
                    .high = m->elo + m->ci,
                    .mark = m->verdict == VERDICT_PROMOTED ? PLOT_DISC : PLOT_RING};
            }
        }
        plot_series(plot, points, count, 2 * i, false);
        for (size_t k = 0; k < c->models && c->models <= 30; k++) {
            const struct report_model *m = &c->model[k];
            char word[24];
            if (m->is_rated) {
                (void)snprintf(word, sizeof word, "%" PRIu64, m->generation);
                plot_word(plot, minutes(report, m->rated_ms), m->elo, word);
            }
        }
        name_series(plot, report, c, "promoted", 2 * i, PLOT_DISC, false);
        name_series(plot, report, c, "rejected", 2 * i, PLOT_RING, false);
    }
    plot_legend(plot);
}

static size_t
score_points(const struct report *report, const struct report_config *c, int versus,
             struct plot_point *points)
{
    size_t count = 0;

    for (size_t k = 0; k < c->models; k++) {
        const struct report_model *m = &c->model[k];
        const struct report_versus *v = &m->versus[versus];
        if (v->is_known && v->score.games > 0) {
            points[count++] = (struct plot_point){
                .x = minutes(report, m->rated_ms),
                .y = 100 * rr_score_rate(&v->score),
                .low = 100 * v->low,
                .high = 100 * v->high,
                .mark = versus == VS_RANDOM ? PLOT_DISC : PLOT_SQUARE,
            };
        }
    }
    return count;
}

static void
draw_scores(struct plot *plot, const struct report *report, struct plot_point *points)
{
    bool has_final = false;

    plot->y_low = 0;
    plot->y_high = 104; /* marks at 100 stay whole */
    plot_axes(plot, "Score in evaluation, with 95 % intervals", "score in %", NULL);
    plot_level(plot, 95, "95 %, wanted against random play");
    plot_level(plot, 65, "65 %, wanted against the first generation");
    for (size_t i = 0; i < report->configs; i++) {
        const struct report_config *c = &report->config[i];

        for (int k = 0; k < 2; k++) {
            const int versus = k == 0 ? VS_RANDOM : VS_FIRST;
            const struct report_final *f = &c->final[k];
            const size_t count = score_points(report, c, versus, points);

            plot_series(plot, points, count, 2 * i + (size_t)k, k == 1);
            name_series(plot, report, c, k == 0 ? "against random play" : "against generation 1",
                        2 * i + (size_t)k, k == 0 ? PLOT_DISC : PLOT_SQUARE, k == 1);
            if (f->is_done) {
                const struct plot_point last = {.x = minutes(report, report->last_ms),
                                                .y = 100 * rr_score_rate(&f->score),
                                                .low = 100 * f->low,
                                                .high = 100 * f->high,
                                                .mark = PLOT_DIAMOND};
                plot_series(plot, &last, 1, 2 * i + (size_t)k, false);
                has_final = true;
            }
        }
    }
    if (has_final) {
        plot_add_legend(plot, "final measurement", 0, PLOT_DIAMOND, false);
    }
    plot_legend(plot);
}

static double
loss_of(const struct report_model *m, int which)
{
    switch (which) {
    case 0:
        return m->val_policy_loss;
    case 1:
        return m->val_value_loss;
    case 2:
        return m->policy_loss;
    default:
        return m->value_loss;
    }
}

static void
draw_losses(struct plot *plot, const struct report *report, struct plot_point *points)
{
    static const char *const what[] = {"policy, validation", "value, validation",
                                       "policy, training", "value, training"};
    double high = 0.1;

    for (size_t i = 0; i < report->configs; i++) {
        for (size_t k = 0; k < report->config[i].models; k++) {
            for (int which = 0; which < 4; which++) {
                high = fmax(high, loss_of(&report->config[i].model[k], which));
            }
        }
    }
    plot_range(plot, 0, high);
    plot->y_low = 0;
    plot_axes(plot, "Loss at the end of each training", "nats", "minutes since the first result");
    for (size_t i = 0; i < report->configs; i++) {
        const struct report_config *c = &report->config[i];

        for (int which = 0; which < 4; which++) {
            const size_t color = 2 * i + (size_t)(which % 2);
            const enum plot_mark mark = which < 2 ? PLOT_DISC : PLOT_RING;

            size_t n = 0;

            for (size_t k = 0; k < c->models; k++) {
                const double loss = loss_of(&c->model[k], which);

                if (loss <= 0) {
                    continue; /* nothing to learn a policy from: the games were random */
                }
                points[n++] = (struct plot_point){.x = minutes(report, c->model[k].trained_ms),
                                                  .y = loss,
                                                  .low = loss,
                                                  .high = loss,
                                                  .mark = mark};
            }
            plot_series(plot, points, n, color, which >= 2);
            name_series(plot, report, c, what[which], color, mark, which >= 2);
        }
    }
    plot_legend(plot);
}

static void
draw_titles(cairo_t *cr, const struct report *report)
{
    char text[256];
    uint64_t games = 0;
    size_t models = 0;

    for (size_t i = 0; i < report->configs; i++) {
        games += report->config[i].games;
        models += report->config[i].models;
    }
    cairo_set_source_rgb(cr, 0.08, 0.08, 0.08);
    (void)snprintf(text, sizeof text, "Learning curve of %.100s%s", report->config[0].name,
                   report->configs > 1 ? " and others" : "");
    plot_text(cr, LEFT, 38, 21, 0, true, text);
    cairo_set_source_rgb(cr, 0.35, 0.35, 0.35);
    (void)snprintf(text, sizeof text,
                   "%zu generations from %" PRIu64 " games of self-play in %.1f minutes; the "
                   "numbers at the points are generations",
                   models, games, minutes(report, report->last_ms));
    plot_text(cr, LEFT, 60, 13, 0, false, text);
}

static void
draw_page(cairo_t *cr, const struct report *report, struct plot_point *points)
{
    void (*const draw[])(struct plot *, const struct report *,
                         struct plot_point *) = {draw_elo, draw_scores, draw_losses};

    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    draw_titles(cr, report);
    for (int i = 0; i < 3; i++) {
        struct plot plot = {
            .cr = cr,
            .x = LEFT,
            .y = TOP + i * (CHART_HEIGHT + GAP),
            .width = PAGE_WIDTH - LEFT - RIGHT,
            .height = CHART_HEIGHT,
            .x_low = 0,
            .x_high = fmax(1, 1.03 * minutes(report, report->last_ms)),
        };
        draw[i](&plot, report, points);
    }
}

int
report_draw(const struct report *report, const char *path, struct rr_err *err)
{
    cairo_surface_t *page = cairo_image_surface_create(CAIRO_FORMAT_RGB24, PAGE_WIDTH, PAGE_HEIGHT);
    cairo_t *cr = cairo_create(page);
    size_t most = 1;
    struct plot_point *points;
    cairo_status_t status;

    for (size_t i = 0; i < report->configs; i++) {
        most = report->config[i].models > most ? report->config[i].models : most;
    }
    points = calloc(most, sizeof *points);
    if (points != NULL) {
        draw_page(cr, report, points);
    }
    status = cairo_surface_write_to_png(page, path);
    cairo_destroy(cr);
    cairo_surface_destroy(page);
    if (points == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory to draw %s", path);
    }
    free(points);
    if (status != CAIRO_STATUS_SUCCESS) {
        return rr_err_set(err, -EIO, "cannot write %s: %s", path, cairo_status_to_string(status));
    }
    return 0;
}
