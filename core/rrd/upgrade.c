/* SPDX-License-Identifier: MIT */
/*
 * upgrade.c - which stages get which file, what they must show, and the record of it.
 *
 * Does not: stop and start workers (reload.c), or know files and record (kept.c).
 */
#include "core/rrd/upgrade.h"

#include "core/common/fail.h"
#include "core/common/jget.h"
#include "core/common/mem.h"
#include "core/rrd/kept.h"
#include "core/rrd/route.h"
#include "core/rrd/sup_run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The loop stands still while a file is hashed and copied, some five times over. 64 MiB take about
 * 0.1 s each time; plugins have some 1 MiB. */
#define FILE_BYTES_MAX (64l << 20)

struct row {
    struct stage *stage; /* nothing that comes or goes is reloaded meanwhile */
    char *file;          /* that was asked for */
    char was[SHA256_HEX_BYTES];
    char hash[SHA256_HEX_BYTES];
};

struct upgrade {
    const struct rrd *rrd;
    struct row *rows;
    size_t n_rows;
    uint64_t watch_events, watch_ms;
};

void
upgrade_free(struct upgrade *u)
{
    for (size_t i = 0; u != NULL && i < u->n_rows; i++) {
        free(u->rows[i].file);
    }
    free(u == NULL ? NULL : u->rows);
    free(u);
}

/* The file of a stage is named by the configuration itself. */
static const char *
origin_of_file(const struct conf_stage *s)
{
    const char *file = ini_text(s->values, "plugin_file");
    const char *origin = ini_origin(s->values, "plugin_file");

    return file == NULL || file[0] == '\0' || strcmp(origin, CONF_BY_UPGRADE) == 0 ? NULL : origin;
}

/* The hash of the installed file of a stage's plugin. */
static void
hash_installed(const struct conf *conf, const struct conf_stage *s, char *out)
{
    char *file = conf_installed_new(conf, s->plugin);

    sha256_file(file, out);
    free(file);
}

/* ---- what is asked for ---- */

/* Find the file to go back to. Only an upgrade that is in force can be undone: an older file must
 * not take the place of one that was installed after it. */
static int
find_previous(const struct conf *conf, const struct conf_stage *s, char **out, struct rr_err *err)
{
    json_t *record = kept_load(conf->dir, err);
    const char *previous = jget_str(json_object_get(record, s->name), "previous");
    char installed[SHA256_HEX_BYTES];
    const char *hash;
    int rc = 0;

    hash_installed(conf, s, installed);
    hash = kept_hash(record, s->name, s->plugin, installed);
    if (record == NULL) {
        rc = err->code;
    } else if (previous[0] == '\0') {
        rc = rr_err_set(err, RR_E_INPUT, "stage %s has no upgrade that could be undone", s->name);
    } else if (hash == NULL || strcmp(hash, s->hash) != 0) {
        rc = rr_err_set(err, RR_E_INPUT,
                        "the upgrade of stage %s counts no more (another file was installed since, "
                        "or its own is gone), so there is nothing to undo; an older file can be "
                        "named: rrctl upgrade %s FILE",
                        s->name, s->name);
    } else {
        *out = kept_path_new(conf->dir, previous, s->plugin);
    }
    json_decref(record);
    return rc;
}

static int
add_row(struct upgrade *u, struct stage *stage, const char *file, struct rr_err *err)
{
    const struct conf_stage *s = stage->conf;
    struct row row = {.stage = stage, .file = mem_dup(file)};
    struct stat st;
    int rc = 0;

    if (origin_of_file(s) != NULL) {
        rc = rr_err_set(err, RR_E_CONFIG,
                        "the plugin_file of stage %s is set by %s: change it there (rrctl reload)",
                        s->name, origin_of_file(s));
    } else if (file == NULL) {
        rc = find_previous(&u->rrd->conf, s, &row.file, err);
    }
    if (rc == 0 && stat(row.file, &st) == 0 && st.st_size > FILE_BYTES_MAX) {
        rc = rr_err_set(err, RR_E_PLUGIN, "%s has more than 64 MiB: it is no plugin", row.file);
    }
    if (rc == 0) {
        sha256_file(row.file, row.hash);
    }
    if (rc != 0 || strcmp(row.hash, s->hash) == 0) { /* it is what runs */
        free(row.file);
        return rc;
    }
    u->rows = mem_resize(u->rows, u->n_rows + 1, sizeof *u->rows);
    u->rows[u->n_rows++] = row;
    return 0;
}

/* The stage of that name, or else all stages of the plugin of that name. */
static int
add_rows(struct upgrade *u, const char *name, const char *file, struct rr_err *err)
{
    const struct rrd *rrd = u->rrd;
    const bool is_stage = conf_stage_index(&rrd->conf, name) >= 0;
    bool is_known = false;
    bool runs = false;
    int rc = 0;

    for (size_t i = 0; i < rrd->n_stages && rc == 0; i++) {
        const struct conf_stage *s = rrd->stages[i]->conf;

        if (strcmp(is_stage ? s->name : s->plugin, name) == 0) {
            is_known = true;
            runs = runs || rrd->stages[i]->sup.is_wanted;
            rc = add_row(u, rrd->stages[i], file, err);
        }
    }
    if (rc == 0 && !is_known) {
        rc = rr_err_set(err, RR_E_INPUT, "there is no stage or plugin \"%.60s\"", name);
    } else if (rc == 0 && !runs) {
        rc = rr_err_set(err, RR_E_BUSY,
                        "%s is stopped, so nothing can be tried: rrctl start %s, or install the "
                        "file",
                        name, name);
    } else if (rc == 0 && u->n_rows == 0) {
        rc = rr_err_set(err, RR_E_INPUT, "%s runs this very file already", name);
    }
    return rc;
}

int
upgrade_new(const struct rrd *rrd, const json_t *args, struct upgrade **out, struct rr_err *err)
{
    const char *name = jget_text(args, "name");
    const char *file = jget_text(args, "file");
    int rc;

    *out = mem_zalloc(1, sizeof **out);
    (*out)->rrd = rrd;
    (*out)->watch_events = (uint64_t)jget_int(args, "watch_events");
    (*out)->watch_ms = (uint64_t)jget_int(args, "watch_ms");
    if (name == NULL || (file == NULL && !json_is_true(json_object_get(args, "undo")))) {
        rc = rr_err_set(err, RR_E_INPUT, "the name of a stage or the new file is missing");
    } else {
        rc = add_rows(*out, name, file, err);
    }
    if (rc != 0) {
        upgrade_free(*out);
        *out = NULL;
    }
    return rc;
}

void
upgrade_sets(const struct upgrade *u, struct text_list *sets)
{
    for (size_t i = 0; u != NULL && i < u->n_rows; i++) {
        char *set = mem_printf("%s.plugin_file=%s", u->rows[i].stage->conf->name, u->rows[i].file);

        text_list_add(sets, set);
        free(set);
    }
}

/* ---- files and record ---- */

static json_t *
entry_new(const struct conf *conf, const struct conf_stage *s, const char *hash,
          const char *previous, const char *from)
{
    char installed[SHA256_HEX_BYTES];

    hash_installed(conf, s, installed);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "plugin", s->plugin, "hash", hash,
                     "installed", installed, "previous", previous, "from", from, "time_ms",
                     (json_int_t)sys_wall_ms());
}

/* Have the file that a stage was checked with among the kept ones; its worker has a copy, too. */
static int
secure(const struct conf *conf, const struct conf_stage *s, struct rr_err *err)
{
    char found[SHA256_HEX_BYTES];
    char *copy = mem_printf("%s/state/plugins/%s-%s.so", conf->dir, s->plugin, s->hash);
    int rc;

    sha256_file(s->file, found);
    rc =
        kept_copy(conf->dir, strcmp(found, s->hash) == 0 ? s->file : copy, s->hash, s->plugin, err);
    free(copy);
    return rc;
}

/* Whether a start of the daemon would run the file with that hash for a stage. */
static bool
is_next(const struct conf *conf, const struct conf_stage *s, const char *bad)
{
    json_t *record = kept_load(conf->dir, NULL);
    char installed[SHA256_HEX_BYTES];
    const char *hash;
    bool is_it;

    hash_installed(conf, s, installed);
    hash = kept_hash(record, s->name, s->plugin, installed);
    is_it = strcmp(hash == NULL ? installed : hash, bad) == 0;
    json_decref(record);
    return is_it;
}

int
upgrade_pin(struct conf *conf, struct conf_stage *s, const char *bad, struct rr_err *err)
{
    const bool must_note =
        origin_of_file(s) == NULL && strcmp(bad, s->hash) != 0 && is_next(conf, s, bad);
    char found[SHA256_HEX_BYTES];
    int rc = 0;

    sha256_file(s->file, found);
    if (must_note || strcmp(found, s->hash) != 0) {
        rc = secure(conf, s, err);
    }
    if (rc == 0 && strcmp(found, s->hash) != 0) {
        conf_stage_use(s, kept_path_new(conf->dir, s->hash, s->plugin));
    }
    if (rc == 0 && must_note) {
        rc = kept_set(conf->dir, json_pack("{s:o}", s->name, entry_new(conf, s, s->hash, "", "")),
                      err);
    }
    return rc;
}

/* Whatever else conf.d says by now has to wait. */
static int
judge_plan(const struct upgrade *u, const struct plan *plan, struct rr_err *err)
{
    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct plan_step *step = &plan->steps[i];
        const bool is_change = step->action == PLAN_START || step->action == PLAN_STOP;
        bool is_meant = false;

        for (size_t k = 0; k < u->n_rows && !is_meant; k++) {
            is_meant = strcmp(u->rows[k].stage->conf->name, step->stage) == 0;
        }
        if (is_meant ? is_change : step->action != PLAN_KEEP) {
            return rr_err_set(err, RR_E_CONFIG,
                              "there are other changes, of stage %s (%s %s): rrctl reload first",
                              step->stage, plan_action_name(step->action), step->why);
        }
    }
    return 0;
}

static void
note(const struct upgrade *u, const char *what)
{
    for (size_t i = 0; i < u->n_rows; i++) {
        const struct row *row = &u->rows[i];

        log_info("upgrade", "%s stage=%s file=%s old=%.12s new=%.12s", what, row->stage->conf->name,
                 row->file, row->was, row->hash);
    }
}

int
upgrade_prepare(struct upgrade *u, struct conf *now, struct conf *next, const struct plan *plan,
                struct rr_err *err)
{
    int rc = judge_plan(u, plan, err);

    for (size_t i = 0; i < u->n_rows && rc == 0; i++) {
        struct row *row = &u->rows[i];
        struct conf_stage *old = &now->stages[row->stage->index];
        struct conf_stage *new = &next->stages[conf_stage_index(next, old->name)];

        (void)snprintf(row->was, sizeof row->was, "%s", old->hash);
        (void)snprintf(row->hash, sizeof row->hash, "%s", new->hash);
        rc = secure(now, old, err);
        rc = rc == 0 ? upgrade_pin(now, old, row->hash, err) : rc;
        rc = rc == 0 ? kept_copy(next->dir, row->file, row->hash, new->plugin, err) : rc;
        if (rc == 0) {
            conf_stage_use(new, kept_path_new(next->dir, row->hash, new->plugin));
        }
    }
    if (rc == 0) {
        note(u, "prepared");
    }
    FAIL("upgrade.prepared");
    return rc;
}

int
upgrade_keep(const struct upgrade *u, struct rr_err *err)
{
    const struct conf *conf = &u->rrd->conf;
    json_t *entries = json_object();
    int rc;

    FAIL("upgrade.keep");
    for (size_t i = 0; i < u->n_rows; i++) {
        const struct row *row = &u->rows[i];

        (void)json_object_set_new(
            entries, row->stage->conf->name,
            entry_new(conf, row->stage->conf, row->hash, row->was, row->file));
    }
    rc = kept_set(conf->dir, entries, err);
    if (rc == 0) {
        note(u, "kept");
    }
    FAIL("upgrade.kept");
    return rc;
}

/* ---- the trial ---- */

void
upgrade_try(const struct upgrade *u, bool is_on)
{
    for (size_t i = 0; u != NULL && i < u->n_rows; i++) {
        struct stage *stage = u->rows[i].stage;

        stage->trial = (struct stage_trial){.is_on = is_on && stage->was_wanted,
                                            .done = is_on ? 0 : stage->trial.done};
    }
}

void
upgrade_end(const struct upgrade *u, bool is_undone)
{
    if (u == NULL) {
        return;
    }
    upgrade_try(u, false);
    if (is_undone) {
        note(u, "undone");
    }
    kept_prune(&u->rrd->conf);
}

void
upgrade_fault(struct stage *stage, const char *why)
{
    if (stage->trial.is_on && stage->trial.fault[0] == '\0') {
        text_copy(stage->trial.fault, sizeof stage->trial.fault, why);
        daemon_wake(stage->rrd);
    }
}

bool
upgrade_has_failed(const struct stage *stage)
{
    return stage->trial.is_on && stage->trial.fault[0] != '\0';
}

/* Its time is over. An event that it has not finished shows progress, or has had as much time. */
static int
judge_time(struct stage *stage, uint64_t watch_ms)
{
    const uint64_t now = sys_mono_ms();
    const struct lease *l = stage->is_aside ? NULL : route_current(stage);
    char took[32];
    char why[160];

    if (stage->trial.done > 0 || l == NULL || stage->progress.since_ms != 0) {
        return 1;
    }
    if (now - l->since_mono_ms >= watch_ms) {
        (void)snprintf(why, sizeof why, "neither progress nor an end of its first event within %s",
                       text_duration((int64_t)watch_ms, took, sizeof took));
        sup_run_sick(stage, why);
    }
    return 0;
}

static int
judge_one(const struct upgrade *u, struct stage *stage, char *why, size_t cap)
{
    char death[SUP_RUN_DEATH_MAX];
    const char *fault = stage->trial.fault[0] != '\0' ? stage->trial.fault
                        : stage->sup.state == SUP_FAILED || stage->sup.state == SUP_BACKOFF
                            ? sup_run_death(stage, death, sizeof death)
                        : !stage->sup.is_wanted ? "it was stopped meanwhile"
                        : sup_order_stuck_on(stage) != NULL
                            ? "it waits for a stage that does not run"
                            : NULL;

    if (fault != NULL) {
        stage->was_wanted = stage->sup.is_wanted;
        (void)snprintf(why, cap, "stage %s: %.175s; the old file is back", stage->conf->name,
                       fault);
        return -1;
    }
    if (stage->sup.state != SUP_READY) {
        return 0;
    }
    if (stage->trial.done >= u->watch_events) {
        return 1;
    }
    return sys_mono_ms() - stage->ready_mono_ms < u->watch_ms ? 0 : judge_time(stage, u->watch_ms);
}

int
upgrade_judge(const struct upgrade *u, char *why, size_t cap)
{
    int verdict = 1;

    for (size_t i = 0; i < u->n_rows && verdict >= 0; i++) {
        struct stage *stage = u->rows[i].stage;
        const int own = stage->trial.is_on ? judge_one(u, stage, why, cap) : 1;

        verdict = own < verdict ? own : verdict;
    }
    return verdict;
}

/* ---- answers ---- */

json_t *
upgrade_json_new(const struct upgrade *u)
{
    json_t *list = json_array();

    for (size_t i = 0; i < u->n_rows; i++) {
        const struct row *row = &u->rows[i];
        const struct stage *stage = row->stage;

        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "stage", stage->conf->name, "plugin",
                            stage->conf->plugin, "was", row->was, "hash", row->hash, "from",
                            row->file, "events", (json_int_t)stage->trial.done));
    }
    return json_pack("{s:o}", "stages", list);
}

json_t *
upgrade_list_new(const struct rrd *rrd, struct rr_err *err)
{
    json_t *record = kept_load(rrd->conf.dir, err);
    json_t *list = record == NULL ? NULL : json_array();
    const char *stage;
    json_t *entry;

    json_object_foreach(record, stage, entry) {
        const long at = conf_stage_index(&rrd->conf, stage);
        const char *hash = jget_str(entry, "hash");

        (void)json_object_set_new(entry, "stage", json_string(stage));
        (void)json_object_set_new(
            entry, "is_used",
            json_boolean(at >= 0 && strcmp(rrd->conf.stages[at].hash, hash) == 0));
        (void)json_array_append(list, entry);
    }
    json_decref(record);
    return list;
}
