/* SPDX-License-Identifier: MIT */
/*
 * conf.c - from the lines of conf.d to stages with checked keys.
 *
 * Does not: know plugins (conf_plugin.c) or the graph (graph.c).
 */
#include "config.h"

#include "core/rrd/conf.h"

#include "core/common/mem.h"
#include "core/common/status.h"
#include "core/rrd/conf_schema.h"
#include "core/rrd/ini.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAGES_MAX 64
#define STAGE_PREFIX "stage "
/* More than any slot has; stands for "all" until the slot is known. */
#define SLOT_ALL 1000000

extern char **environ;

void
conf_problem(struct conf *conf, const char *place, const char *fmt, ...)
{
    char text[1024];
    char *full;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    full = mem_printf("%s: %s", place, text);
    text_list_add(&conf->problems, full);
    free(full);
}

void
conf_value_add(struct conf_value **values, size_t *n, const char *key, const char *text,
               const char *origin)
{
    *values = mem_resize(*values, mem_add(*n, 1), sizeof **values);
    (*values)[(*n)++] = (struct conf_value){mem_dup(key), mem_dup(text), mem_dup(origin)};
}

static const struct ini_key *
find_key(const struct ini *ini, const char *section, const char *key)
{
    for (size_t i = 0; i < ini->n_keys; i++) {
        if (strcmp(ini->keys[i].section, section) == 0 && strcmp(ini->keys[i].key, key) == 0) {
            return &ini->keys[i];
        }
    }
    return NULL;
}

/* Put "stage.key=value" of the command line over what the files say. */
static void
apply_set(struct conf *conf, struct ini *ini, const char *set)
{
    const char *dot = strchr(set, '.');
    const char *equals = strchr(set, '=');
    char *stage;
    char *section;
    char *key;
    bool is_known;

    if (dot == NULL || equals == NULL || dot > equals || dot == set || equals == dot + 1) {
        conf_problem(conf, "command line", "--set %s: it must be stage.key=value", set);
        return;
    }
    stage = mem_dupn(set, (size_t)(dot - set));
    section = strcmp(stage, "core") == 0 ? mem_dup(stage) : mem_printf(STAGE_PREFIX "%s", stage);
    key = mem_dupn(dot + 1, (size_t)(equals - dot - 1));
    is_known = strcmp(section, "core") == 0;
    for (size_t i = 0; i < ini->n_sections && !is_known; i++) {
        is_known = strcmp(ini->sections[i].name, section) == 0;
    }
    if (!is_known) {
        conf_problem(conf, "command line", "--set %s: there is no section [%s]", set, section);
    } else {
        struct ini_key *known = NULL;

        for (size_t i = 0; i < ini->n_keys; i++) {
            if (strcmp(ini->keys[i].section, section) == 0 && strcmp(ini->keys[i].key, key) == 0) {
                known = &ini->keys[i];
            }
        }
        if (known == NULL) {
            ini->keys = mem_resize(ini->keys, ini->n_keys + 1, sizeof *ini->keys);
            known = &ini->keys[ini->n_keys++];
            *known = (struct ini_key){mem_dup(section), mem_dup(key), NULL, NULL};
        }
        free(known->value);
        free(known->place);
        known->value = mem_dup(equals + 1);
        known->place = mem_dup("command line");
    }
    free(stage);
    free(section);
    free(key);
}

/* The value of one of the core's own keys, checked; its default where it is wrong. */
static struct text_value
read_row(struct conf *conf, const struct ini *ini, const char *section, const struct rr_opt *row,
         struct conf_value **values, size_t *n)
{
    const struct ini_key *given = find_key(ini, section, row->key);
    struct rr_err err = RR_ERR_INIT;
    struct text_value value;

    if (given != NULL && text_opt_value(row, given->value, &value, &err) != 0) {
        conf_problem(conf, given->place, "%s: %s", row->key, err.text);
        given = NULL;
    }
    conf_value_add(values, n, row->key, given == NULL ? row->fallback : given->value,
                   given == NULL ? "default" : given->place);
    (void)text_opt_value(row, (*values)[*n - 1].text, &value, &err);
    return value;
}

static const struct rr_opt *
core_row(const char *key)
{
    return conf_schema_find(conf_core_keys, key);
}

const char *
conf_core_text(const struct conf *conf, const char *key)
{
    for (size_t i = 0; i < conf->n_values; i++) {
        if (strcmp(conf->values[i].key, key) == 0) {
            return conf->values[i].text;
        }
    }
    return NULL;
}

const struct conf_value *
conf_stage_value(const struct conf_stage *stage, const char *key)
{
    for (size_t i = 0; i < stage->n_values; i++) {
        if (strcmp(stage->values[i].key, key) == 0) {
            return &stage->values[i];
        }
    }
    return NULL;
}

static const char *
core_place(const struct ini *ini, const char *key)
{
    const struct ini_key *given = find_key(ini, "core", key);

    return given == NULL ? "[core]" : given->place;
}

/* Split "name:count". One word may stand for a count: its value is given. */
static int
parse_slot(const char *word, const char *special, int64_t value, char **name, int64_t *count)
{
    const char *colon = strchr(word, ':');
    int rc;

    if (colon == NULL) {
        return RR_E_INPUT;
    }
    if (strcmp(colon + 1, special) == 0) {
        *count = value;
        rc = 0;
    } else {
        rc = text_int(colon + 1, count);
    }
    *name = mem_dupn(word, (size_t)(colon - word));
    if (rc != 0 || *count < 1 || *count > SLOT_ALL || !text_is_name(*name)) {
        free(*name);
        *name = NULL;
        return RR_E_INPUT;
    }
    return 0;
}

static void
read_core_slots(struct conf *conf, const struct ini *ini)
{
    struct text_list words = {0};

    text_list_split(&words, conf_core_text(conf, "slots"));
    conf->slots = mem_zalloc(words.n, sizeof *conf->slots);
    for (size_t i = 0; i < words.n; i++) {
        struct conf_slot slot = {0};

        if (parse_slot(words.v[i], "auto", sysconf(_SC_NPROCESSORS_ONLN), &slot.name,
                       &slot.total) != 0) {
            conf_problem(conf, core_place(ini, "slots"),
                         "slots: \"%s\" is not name:count, such as cpu:2", words.v[i]);
            continue;
        }
        for (size_t k = 0; k < conf->n_slots; k++) {
            if (strcmp(conf->slots[k].name, slot.name) == 0) {
                conf_problem(conf, core_place(ini, "slots"), "slots: \"%s\" stands there twice",
                             slot.name);
            }
        }
        conf->slots[conf->n_slots++] = slot;
    }
    text_list_free(&words);
}

static void
read_plugin_path(struct conf *conf)
{
    struct text_list words = {0};

    text_list_split(&words, conf_core_text(conf, "plugin_path"));
    for (size_t i = 0; i < words.n; i++) {
        char *dir = paths_join_new(conf->dir, words.v[i]);

        text_list_add(&conf->plugin_dirs, dir);
        free(dir);
    }
    text_list_add(&conf->plugin_dirs, conf->paths->plugin_dir);
    conf->plugin_path = mem_dup("");
    for (size_t i = 0; i < conf->plugin_dirs.n; i++) {
        char *longer =
            mem_printf("%s%s%s", conf->plugin_path, i == 0 ? "" : ":", conf->plugin_dirs.v[i]);

        free(conf->plugin_path);
        conf->plugin_path = longer;
    }
    text_list_free(&words);
}

static void
take_group(struct conf *conf, const char *name, const char *place)
{
    const struct group *group = name[0] == '\0' ? NULL : getgrnam(name);

    if (group == NULL && name[0] != '\0') {
        conf_problem(conf, place, "control_group: there is no group \"%s\" on this machine", name);
    }
    conf->control_gid = group == NULL ? -1 : (int64_t)group->gr_gid;
}

static void
read_core(struct conf *conf, const struct ini *ini)
{
    for (const struct rr_opt *row = conf_core_keys; row->key != NULL; row++) {
        (void)read_row(conf, ini, "core", row, &conf->values, &conf->n_values);
    }
    const struct {
        const char *key;
        int64_t *out;
    } numbers[] = {{"retain_events", &conf->retain_events},
                   {"store_size", &conf->store_size},
                   {"disk_reserve", &conf->disk_reserve},
                   {"log_size", &conf->log_size},
                   {"log_files", &conf->log_files}};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct text_value value;

        (void)text_opt_value(core_row(numbers[i].key), conf_core_text(conf, numbers[i].key), &value,
                             NULL);
        *numbers[i].out = value.i;
    }
    conf->log_level = mem_dup(conf_core_text(conf, "log_level"));
    take_group(conf, conf_core_text(conf, "control_group"), core_place(ini, "control_group"));
    read_core_slots(conf, ini);
    read_plugin_path(conf);
}

static void
read_stage_slots(struct conf *conf, struct conf_stage *stage, const char *text, const char *place)
{
    struct text_list words = {0};

    text_list_split(&words, text);
    stage->slots = mem_zalloc(words.n, sizeof *stage->slots);
    for (size_t i = 0; i < words.n; i++) {
        struct slots_need *need = &stage->slots[stage->n_slots];
        char *name = NULL;

        if (parse_slot(words.v[i], "all", SLOT_ALL, &name, &need->count) != 0) {
            conf_problem(conf, place, "slots: \"%s\" is not name:count, such as cpu:2 or cpu:all",
                         words.v[i]);
            continue;
        }
        need->slot = 0;
        while (need->slot < conf->n_slots && strcmp(conf->slots[need->slot].name, name) != 0) {
            need->slot++;
        }
        if (need->slot == conf->n_slots) {
            conf_problem(conf, place, "slots: [core] slots declares no \"%s\"", name);
            free(name);
            continue;
        }
        if (need->count == SLOT_ALL) {
            need->count = conf->slots[need->slot].total;
        }
        if (need->count > conf->slots[need->slot].total) {
            conf_problem(conf, place,
                         "slots: %s:%" PRId64 " is more than the %" PRId64
                         " that [core] slots declares: the stage would wait for ever",
                         name, need->count, conf->slots[need->slot].total);
        } else {
            stage->n_slots++;
        }
        free(name);
    }
    text_list_free(&words);
}

static void
take_cpu(struct conf *conf, struct conf_stage *stage, const char *text, const char *place)
{
    text_list_split(&stage->cpu, text);
    for (size_t i = 0; i < stage->cpu.n; i++) {
        int64_t number;

        if (text_int(stage->cpu.v[i], &number) != 0 || number < 0 ||
            number >= sysconf(_SC_NPROCESSORS_CONF)) {
            conf_problem(conf, place, "cpu: there is no processor \"%s\"", stage->cpu.v[i]);
        }
    }
}

static void
take_user(struct conf *conf, struct conf_stage *stage, const char *name, const char *place)
{
    if (name[0] == '\0') {
        return;
    }
    stage->user = mem_dup(name);
    if (getpwnam(name) == NULL) {
        conf_problem(conf, place, "user: there is no user \"%s\" on this machine", name);
    } else if (geteuid() != 0) {
        conf_problem(conf, place,
                     "user: only a daemon that runs as root can start workers as somebody else; "
                     "start rrd as root, or as %s and without this key",
                     name);
    }
}

static void
take_stage_key(struct conf *conf, struct conf_stage *s, const char *key,
               const struct text_value *value, const char *place)
{
    const struct {
        const char *key;
        int64_t *out;
    } numbers[] = {{"start_limit", &s->start_limit_ms},
                   {"ping_limit", &s->ping_limit_ms},
                   {"progress_limit", &s->progress_limit_ms},
                   {"event_limit", &s->event_limit_ms},
                   {"stop_limit", &s->stop_limit_ms},
                   {"term_limit", &s->term_limit_ms},
                   {"retry_delay", &s->retry_delay_ms},
                   {"restart_delay", &s->restart_delay_ms},
                   {"restart_max", &s->restart_max_ms},
                   {"attempts", &s->attempts},
                   {"niceness", &s->niceness},
                   {"breaker", &s->breaker},
                   {"credit", &s->credit},
                   {"queue_high", &s->queue_high},
                   {"queue_low", &s->queue_low},
                   {"memory_limit", &s->memory_limit_bytes},
                   {"process_limit", &s->process_limit},
                   {"open_files", &s->open_files},
                   {"core_size", &s->core_size_bytes}};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(key, numbers[i].key) == 0) {
            *numbers[i].out = value->i;
            return;
        }
    }
    if (strcmp(key, "plugin") == 0) {
        s->plugin = mem_dup(value->s[0] == '\0' ? s->name : value->s);
        if (!text_is_name(s->plugin)) {
            conf_problem(conf, place, "plugin: \"%s\" is not the name of a plugin", s->plugin);
            s->is_bad = true;
        }
    } else if (strcmp(key, "enabled") == 0) {
        s->is_enabled = value->i != 0;
    } else if (strcmp(key, "needs") == 0) {
        text_list_split(&s->needs, value->s);
    } else if (strcmp(key, "after") == 0) {
        text_list_split(&s->after, value->s);
    } else if (strcmp(key, "waits") == 0) {
        text_list_split(&s->waits, value->s);
    } else if (strcmp(key, "slots") == 0) {
        read_stage_slots(conf, s, value->s, place);
    } else if (strcmp(key, "cpu") == 0) {
        take_cpu(conf, s, value->s, place);
    } else if (strcmp(key, "user") == 0) {
        take_user(conf, s, value->s, place);
    }
}

static void
read_stage(struct conf *conf, const struct ini *ini, const struct ini_section *section)
{
    const char *name = section->name + strlen(STAGE_PREFIX);
    struct conf_stage *s;

    if (!text_is_name(name)) {
        conf_problem(conf, section->place,
                     "\"%s\" cannot name a stage: a lower-case letter, then letters, digits and _, "
                     "%d at most",
                     name, TEXT_NAME_MAX);
        return;
    }
    if (conf->n_stages == STAGES_MAX) {
        conf_problem(conf, section->place, "there are more than %d stages", STAGES_MAX);
        return;
    }
    conf->stages = mem_resize(conf->stages, conf->n_stages + 1, sizeof *conf->stages);
    s = &conf->stages[conf->n_stages++];
    memset(s, 0, sizeof *s);
    s->name = mem_dup(name);
    s->place = mem_dup(section->place);
    s->options = json_object();
    for (const struct rr_opt *row = conf_stage_keys; row->key != NULL; row++) {
        const struct text_value value =
            read_row(conf, ini, section->name, row, &s->values, &s->n_values);
        const char *origin = s->values[s->n_values - 1].origin;

        take_stage_key(conf, s, row->key, &value,
                       strcmp(origin, "default") == 0 ? s->place : origin);
    }
    if (s->queue_high > 0 && s->queue_low >= s->queue_high) {
        conf_problem(conf, s->place, "queue_low: %" PRId64 " is not below queue_high, %" PRId64,
                     s->queue_low, s->queue_high);
    }
    s->queue_low = s->queue_low == 0 ? s->queue_high / 2 : s->queue_low;
    /* What is left belongs to the plugin; conf_plugin.c judges it. */
    for (size_t i = 0; i < ini->n_keys; i++) {
        const struct ini_key *key = &ini->keys[i];

        if (strcmp(key->section, section->name) == 0 &&
            conf_schema_find(conf_stage_keys, key->key) == NULL) {
            conf_value_add(&s->values, &s->n_values, key->key, key->value, key->place);
        }
    }
}

static void
read_sections(struct conf *conf, const struct ini *ini)
{
    static const char *const known[] = {"core", "stage", NULL};

    for (size_t i = 0; i < ini->n_sections; i++) {
        const struct ini_section *section = &ini->sections[i];

        if (strncmp(section->name, STAGE_PREFIX, strlen(STAGE_PREFIX)) == 0) {
            read_stage(conf, ini, section);
        } else if (strcmp(section->name, "core") != 0) {
            char *word = mem_dupn(section->name, strcspn(section->name, " "));
            const char *near = text_suggest(word, known);

            conf_problem(conf, section->place,
                         "section [%s] is not known; there are [core] and [stage NAME]%s%s%s",
                         section->name, near == NULL ? "" : " (did you mean \"",
                         near == NULL ? "" : near, near == NULL ? "" : "\"?)");
            free(word);
        }
    }
}

static void
check_core_keys(struct conf *conf, const struct ini *ini)
{
    const char *names[32] = {NULL};
    size_t n = 0;

    for (const struct rr_opt *row = conf_core_keys; row->key != NULL && n < 31; row++) {
        names[n++] = row->key;
    }
    for (size_t i = 0; i < ini->n_keys; i++) {
        const struct ini_key *key = &ini->keys[i];

        if (strcmp(key->section, "core") == 0 && core_row(key->key) == NULL) {
            const char *near = text_suggest(key->key, names);

            conf_problem(conf, key->place, "[core] has no key \"%s\"%s%s%s", key->key,
                         near == NULL ? "" : " (did you mean \"", near == NULL ? "" : near,
                         near == NULL ? "" : "\"?)");
        }
    }
}

static void
build_graph(struct conf *conf)
{
    struct graph_node *nodes = mem_zalloc(conf->n_stages, sizeof *nodes);

    for (size_t i = 0; i < conf->n_stages; i++) {
        const struct conf_stage *s = &conf->stages[i];

        nodes[i] = (struct graph_node){s->name,       s->place,  s->file,   s->manifest,
                                       s->is_enabled, &s->needs, &s->after, &s->waits};
    }
    graph_build(&conf->graph, nodes, conf->n_stages, &conf->problems, &conf->warnings);
}

int
conf_load(struct conf *conf, const char *dir, const struct paths *paths,
          const struct text_list *sets)
{
    struct ini ini;
    char *confd = paths_join_new(dir, "conf.d");

    memset(conf, 0, sizeof *conf);
    conf->dir = mem_dup(dir);
    conf->paths = paths;
    ini_read(&ini, confd, "conf.d", &conf->problems);
    for (size_t i = 0; i < sets->n; i++) {
        apply_set(conf, &ini, sets->v[i]);
    }
    check_core_keys(conf, &ini);
    read_core(conf, &ini);
    read_sections(conf, &ini);
    if (conf->n_stages == 0 && conf->problems.n == 0) {
        conf_problem(conf, "conf.d", "no file has a section [stage NAME]: nothing to run");
    }
    conf_plugins(conf);
    build_graph(conf);
    ini_free(&ini);
    free(confd);
    return conf->problems.n == 0 ? 0 : RR_E_CONFIG;
}

int
conf_status(const struct conf *conf)
{
    if (conf->problems.n == 0) {
        return STATUS_OK;
    }
    return conf->problems.n == conf->n_load_problems ? STATUS_PLUGIN : STATUS_CONFIG;
}

static void
free_values(struct conf_value *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(values[i].key);
        free(values[i].text);
        free(values[i].origin);
    }
    free(values);
}

static void
free_stage(struct conf_stage *s)
{
    free(s->name);
    free(s->place);
    free(s->plugin);
    free(s->file);
    free(s->user);
    text_list_free(&s->needs);
    text_list_free(&s->after);
    text_list_free(&s->waits);
    text_list_free(&s->cpu);
    free(s->slots);
    json_decref(s->options);
    free_values(s->values, s->n_values);
}

void
conf_free(struct conf *conf)
{
    graph_free(&conf->graph);
    for (size_t i = 0; i < conf->n_stages; i++) {
        free_stage(&conf->stages[i]);
    }
    free(conf->stages);
    for (size_t i = 0; i < conf->n_plugins; i++) {
        probe_fini(&conf->plugins[i]);
    }
    free(conf->plugins);
    for (size_t i = 0; i < conf->n_slots; i++) {
        free(conf->slots[i].name);
    }
    free(conf->slots);
    free_values(conf->values, conf->n_values);
    free(conf->log_level);
    free(conf->plugin_path);
    text_list_free(&conf->plugin_dirs);
    text_list_free(&conf->problems);
    text_list_free(&conf->warnings);
    free(conf->dir);
    memset(conf, 0, sizeof *conf);
}

long
conf_stage_index(const struct conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->n_stages; i++) {
        if (strcmp(conf->stages[i].name, name) == 0) {
            return (long)i;
        }
    }
    return -1;
}

json_t *
conf_stage_json(const struct conf *conf, const struct conf_stage *stage)
{
    char *data = paths_join_new(conf->dir, "data");
    char *state = mem_printf("%s/state/stages/%s", conf->dir, stage->name);
    json_t *doc = json_pack("{s:s, s:I, s:O, s:{s:s, s:s, s:s, s:s, s:s}}", "stage", stage->name,
                            "credit", (json_int_t)stage->credit, "options", stage->options, "facts",
                            "stage", stage->name, "data_dir", data, "state_dir", state,
                            "plugin_path", conf->plugin_path, "version", PACKAGE_VERSION);

    free(data);
    free(state);
    return doc;
}

static bool
is_named(const char *entry, const char *name)
{
    const size_t n = strlen(name);

    return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

char **
conf_env_new(const struct conf *conf, const char *extra)
{
    const char *old = getenv("LD_LIBRARY_PATH");
    struct text_list env = {0};
    char *line;

    for (char **e = environ; *e != NULL; e++) {
        if (!is_named(*e, "LD_LIBRARY_PATH") && !is_named(*e, "RR_PLUGIN_PATH") &&
            !is_named(*e, "RR_WORKER")) {
            text_list_add(&env, *e);
        }
    }
    line = mem_printf("LD_LIBRARY_PATH=%s%s%s", conf->paths->lib_dir,
                      old == NULL || old[0] == '\0' ? "" : ":", old == NULL ? "" : old);
    text_list_add(&env, line);
    free(line);
    line = mem_printf("RR_PLUGIN_PATH=%s", conf->plugin_path);
    text_list_add(&env, line);
    free(line);
    /* Two busy processes with two threads each that spin for one another ran 85 times slower. */
    if (getenv("OMP_NUM_THREADS") == NULL) {
        text_list_add(&env, "OMP_NUM_THREADS=1");
    }
    if (getenv("OMP_WAIT_POLICY") == NULL) {
        text_list_add(&env, "OMP_WAIT_POLICY=passive");
    }
    if (extra != NULL) {
        text_list_add(&env, extra);
    }
    return env.v;
}

void
conf_env_free(char **env)
{
    for (char **e = env; e != NULL && *e != NULL; e++) {
        free(*e);
    }
    free(env);
}
