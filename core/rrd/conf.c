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
#include "core/rrd/probe.h"

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

/* Put "stage.key=value" of the command line over what the files say. */
static void
apply_set(struct conf *conf, const struct ini *ini, const char *set)
{
    const char *dot = strchr(set, '.');
    const char *equals = strchr(set, '=');

    if (dot == NULL || equals == NULL || dot > equals || dot == set || equals == dot + 1 ||
        !text_is_utf8(set, strlen(set))) {
        text_problem(&conf->problems, "command line", "--set %s: it must be stage.key=value", set);
        return;
    }
    const bool is_core = strncmp(set, "core.", 5) == 0;
    char *section = mem_printf("%s%.*s", is_core ? "" : STAGE_PREFIX, (int)(dot - set), set);
    char *key = mem_dupn(dot + 1, (size_t)(equals - dot - 1));
    json_t *keys = json_object_get(ini->keys, section);

    if (keys == NULL) {
        text_problem(&conf->problems, "command line", "--set %s: there is no section [%s]", set,
                     section);
    } else {
        ini_set(keys, key, equals + 1, "command line");
    }
    free(section);
    free(key);
}

/* One key of the core or of a stage, as it counts. */
struct key {
    const char *name;
    const char *place; /* for messages: of the key or, by default, of its section */
    struct text_value value;
};

/* Take the value of a row, or its default where it is missing or wrong, over to values. */
static struct key
take_row(struct conf *conf, const json_t *given, const struct rr_opt *row, json_t *values,
         const char *place)
{
    struct key key = {.name = row->key, .place = ini_origin(given, row->key)};
    const char *text = ini_text(given, row->key);
    struct rr_err err = RR_ERR_INIT;

    if (text != NULL && text_opt_value(row, text, &key.value, &err) == 0) {
        (void)json_object_set(values, row->key, json_object_get(given, row->key));
        return key;
    }
    if (text != NULL) {
        text_problem(&conf->problems, key.place, "%s: %s", row->key, err.text);
    }
    ini_set(values, row->key, row->fallback, "default");
    (void)text_opt_value(row, row->fallback, &key.value, NULL);
    key.place = place;
    return key;
}

struct number {
    const char *name;
    int64_t *out;
};

/* Returns whether the key is one of these numbers, which then has its value. */
static bool
take_number(const struct number *numbers, size_t n, const struct key *key)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(key->name, numbers[i].name) == 0) {
            *numbers[i].out = key->value.i;
            return true;
        }
    }
    return false;
}

/* Cut "name:count" behind the name. One word may stand for a count: its value is given. */
static int
parse_slot(char *word, const char *special, int64_t value, int64_t *count)
{
    char *colon = strchr(word, ':');

    if (colon == NULL) {
        return RR_E_INPUT;
    }
    *colon = '\0';
    *count = value;
    if ((strcmp(colon + 1, special) != 0 && text_int(colon + 1, count) != 0) || *count < 1 ||
        *count > SLOT_ALL || !text_is_name(word)) {
        *colon = ':';
        return RR_E_INPUT;
    }
    return 0;
}

/* Index of a slot; the number of slots when there is none of that name. */
static size_t
find_slot(const struct conf *conf, const char *name)
{
    size_t i = 0;

    while (i < conf->n_slots && strcmp(conf->slots[i].name, name) != 0) {
        i++;
    }
    return i;
}

static void
take_core_slots(struct conf *conf, const struct key *key)
{
    struct text_list words = {0};

    text_list_split(&words, key->value.s);
    conf->slots = mem_zalloc(words.n, sizeof *conf->slots);
    for (size_t i = 0; i < words.n; i++) {
        const char *name = words.v[i];
        int64_t total;

        if (parse_slot(words.v[i], "auto", sysconf(_SC_NPROCESSORS_ONLN), &total) != 0) {
            text_problem(&conf->problems, key->place,
                         "slots: \"%s\" is not name:count, such as cpu:2", name);
        } else if (find_slot(conf, name) < conf->n_slots) {
            text_problem(&conf->problems, key->place, "slots: \"%s\" stands there twice", name);
        } else {
            conf->slots[conf->n_slots++] = (struct conf_slot){mem_dup(name), total};
        }
    }
    text_list_free(&words);
}

static void
take_plugin_path(struct conf *conf, const struct key *key)
{
    struct text_list words = {0};

    text_list_split(&words, key->value.s);
    for (size_t i = 0; i < words.n; i++) {
        char *dir = paths_join_new(conf->dir, words.v[i]);

        text_list_add(&conf->plugin_dirs, dir);
        free(dir);
    }
    text_list_add(&conf->plugin_dirs, conf->paths->plugin_dir);
    conf->plugin_path = text_list_join_new(&conf->plugin_dirs, ":");
    text_list_free(&words);
}

static void
take_group(struct conf *conf, const struct key *key)
{
    const char *name = key->value.s;
    const struct group *group = name[0] == '\0' ? NULL : getgrnam(name);

    if (group == NULL && name[0] != '\0') {
        text_problem(&conf->problems, key->place,
                     "control_group: there is no group \"%s\" on this machine", name);
    }
    conf->control_gid = group == NULL ? -1 : (int64_t)group->gr_gid;
}

static void
read_core(struct conf *conf, const json_t *given)
{
    const struct number numbers[] = {{"retain_events", &conf->retain_events},
                                     {"store_size", &conf->store_size},
                                     {"disk_reserve", &conf->disk_reserve},
                                     {"log_size", &conf->log_size},
                                     {"log_files", &conf->log_files}};

    conf->values = json_object();
    for (const struct rr_opt *row = conf_core_keys; row->key != NULL; row++) {
        const struct key key = take_row(conf, given, row, conf->values, "[core]");

        if (take_number(numbers, sizeof numbers / sizeof numbers[0], &key)) {
            continue;
        }
        if (strcmp(key.name, "log_level") == 0) {
            conf->log_level = key.value.s;
        } else if (strcmp(key.name, "control_group") == 0) {
            take_group(conf, &key);
        } else if (strcmp(key.name, "slots") == 0) {
            take_core_slots(conf, &key);
        } else if (strcmp(key.name, "plugin_path") == 0) {
            take_plugin_path(conf, &key);
        }
    }
}

static void
take_stage_slots(struct conf *conf, struct conf_stage *stage, const struct key *key)
{
    struct text_list words = {0};

    text_list_split(&words, key->value.s);
    stage->slots = mem_zalloc(words.n, sizeof *stage->slots);
    for (size_t i = 0; i < words.n; i++) {
        struct slots_need *need = &stage->slots[stage->n_slots];
        const char *name = words.v[i];

        if (parse_slot(words.v[i], "all", SLOT_ALL, &need->count) != 0) {
            text_problem(&conf->problems, key->place,
                         "slots: \"%s\" is not name:count, such as cpu:2 or cpu:all", name);
            continue;
        }
        need->slot = find_slot(conf, name);
        if (need->slot == conf->n_slots) {
            text_problem(&conf->problems, key->place, "slots: [core] slots declares no \"%s\"",
                         name);
            continue;
        }
        const int64_t total = conf->slots[need->slot].total;

        need->count = need->count == SLOT_ALL ? total : need->count;
        if (need->count > total) {
            text_problem(&conf->problems, key->place,
                         "slots: %s:%" PRId64 " is more than the %" PRId64
                         " that [core] slots declares: the stage would wait for ever",
                         name, need->count, total);
        } else {
            stage->n_slots++;
        }
    }
    text_list_free(&words);
}

static void
take_cpu(struct conf *conf, struct conf_stage *stage, const struct key *key)
{
    text_list_split(&stage->cpu, key->value.s);
    for (size_t i = 0; i < stage->cpu.n; i++) {
        int64_t number;

        if (text_int(stage->cpu.v[i], &number) != 0 || number < 0 ||
            number >= sysconf(_SC_NPROCESSORS_CONF)) {
            text_problem(&conf->problems, key->place, "cpu: there is no processor \"%s\"",
                         stage->cpu.v[i]);
        }
    }
}

static void
take_user(struct conf *conf, struct conf_stage *stage, const struct key *key)
{
    const char *name = key->value.s;

    if (name[0] == '\0') {
        return;
    }
    stage->user = mem_dup(name);
    if (getpwnam(name) == NULL) {
        text_problem(&conf->problems, key->place, "user: there is no user \"%s\" on this machine",
                     name);
    } else if (geteuid() != 0) {
        text_problem(&conf->problems, key->place,
                     "user: only a daemon that runs as root can start workers as somebody else; "
                     "start rrd as root, or as %s and without this key",
                     name);
    }
}

static void
take_stage_key(struct conf *conf, struct conf_stage *s, const struct key *key)
{
    const struct number numbers[] = {{"start_limit", &s->start_limit_ms},
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
    const char *text = key->value.s;

    if (take_number(numbers, sizeof numbers / sizeof numbers[0], key)) {
        return;
    }
    if (strcmp(key->name, "plugin") == 0) {
        s->plugin = text[0] == '\0' ? s->name : text;
        if (!text_is_name(s->plugin)) {
            text_problem(&conf->problems, key->place, "plugin: \"%s\" is not the name of a plugin",
                         s->plugin);
            s->is_bad = true;
        }
    } else if (strcmp(key->name, "enabled") == 0) {
        s->is_enabled = key->value.i != 0;
    } else if (strcmp(key->name, "needs") == 0) {
        text_list_split(&s->needs, text);
    } else if (strcmp(key->name, "after") == 0) {
        text_list_split(&s->after, text);
    } else if (strcmp(key->name, "waits") == 0) {
        text_list_split(&s->waits, text);
    } else if (strcmp(key->name, "slots") == 0) {
        take_stage_slots(conf, s, key);
    } else if (strcmp(key->name, "cpu") == 0) {
        take_cpu(conf, s, key);
    } else if (strcmp(key->name, "user") == 0) {
        take_user(conf, s, key);
    }
}

static void
read_stage(struct conf *conf, const char *name, json_t *given, const char *place)
{
    const char *own;
    json_t *value;
    struct conf_stage *s;

    if (!text_is_name(name)) {
        text_problem(&conf->problems, place,
                     "\"%s\" cannot name a stage: a lower-case letter, then letters, digits and _, "
                     "%d at most",
                     name, TEXT_NAME_MAX);
        return;
    }
    if (conf->n_stages == STAGES_MAX) {
        text_problem(&conf->problems, place, "there are more than %d stages", STAGES_MAX);
        return;
    }
    conf->stages = mem_resize(conf->stages, conf->n_stages + 1, sizeof *conf->stages);
    s = &conf->stages[conf->n_stages++];
    *s = (struct conf_stage){.name = mem_dup(name),
                             .place = mem_dup(place),
                             .options = json_object(),
                             .values = json_object()};
    for (const struct rr_opt *row = conf_stage_keys; row->key != NULL; row++) {
        const struct key key = take_row(conf, given, row, s->values, place);

        take_stage_key(conf, s, &key);
    }
    if (s->queue_high > 0 && s->queue_low >= s->queue_high) {
        text_problem(&conf->problems, place,
                     "queue_low: %" PRId64 " is not below queue_high, %" PRId64, s->queue_low,
                     s->queue_high);
    }
    s->queue_low = s->queue_low == 0 ? s->queue_high / 2 : s->queue_low;
    /* What is left belongs to the plugin; conf_plugin.c judges it. */
    json_object_foreach(given, own, value)
    {
        if (conf_schema_find(conf_stage_keys, own) == NULL) {
            (void)json_object_set(s->values, own, value);
        }
    }
}

static void
read_sections(struct conf *conf, const struct ini *ini)
{
    static const char *const known[] = {"core", "stage", NULL};
    const size_t n_prefix = strlen(STAGE_PREFIX);
    const char *section;
    json_t *given;

    json_object_foreach(ini->keys, section, given)
    {
        const char *place = json_string_value(json_object_get(ini->places, section));

        if (strncmp(section, STAGE_PREFIX, n_prefix) == 0) {
            read_stage(conf, section + n_prefix, given, place);
        } else if (strcmp(section, "core") != 0) {
            char *word = mem_dupn(section, strcspn(section, " "));
            char hint[TEXT_HINT_BYTES];

            text_problem(&conf->problems, place,
                         "section [%s] is not known; there are [core] and [stage NAME]%s", section,
                         text_hint(word, known, hint));
            free(word);
        }
    }
}

static void
check_core_keys(struct conf *conf, json_t *given)
{
    char hint[TEXT_HINT_BYTES];
    const char *key;
    json_t *value;

    json_object_foreach(given, key, value)
    {
        if (conf_schema_find(conf_core_keys, key) == NULL) {
            text_problem(&conf->problems, ini_origin(given, key), "[core] has no key \"%s\"%s", key,
                         conf_schema_hint(key, conf_core_keys, NULL, hint));
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
    json_t *core = json_object_get(ini.keys, "core");

    check_core_keys(conf, core);
    read_core(conf, core);
    read_sections(conf, &ini);
    if (conf->n_stages == 0 && conf->problems.n == 0) {
        text_problem(&conf->problems, "conf.d",
                     "no file has a section [stage NAME]: nothing to run");
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
free_stage(struct conf_stage *s)
{
    free(s->name);
    free(s->place);
    free(s->file);
    free(s->user);
    text_list_free(&s->needs);
    text_list_free(&s->after);
    text_list_free(&s->waits);
    text_list_free(&s->cpu);
    free(s->slots);
    json_decref(s->options);
    json_decref(s->values);
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
    json_decref(conf->values);
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
conf_list_json(const struct text_list *list)
{
    json_t *doc = json_array();

    for (size_t i = 0; i < list->n; i++) {
        (void)json_array_append_new(doc, json_string(list->v[i]));
    }
    return doc;
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
