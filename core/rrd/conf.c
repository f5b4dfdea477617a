/* SPDX-License-Identifier: MIT */
/*
 * conf.c - from the lines of conf.d to stages with checked keys.
 *
 * Does not: know plugins (conf_plugin.c) or the graph (graph.c).
 */
#include "config.h"

#include "core/rrd/conf.h"

#include "core/common/jget.h"
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
    char *section, *key;
    const char *value;

    if (!ini_split_set(set, &section, &key, &value)) {
        text_problem(&conf->problems, "command line", "--set %s: it must be stage.key=value", set);
        return;
    }
    json_t *keys = json_object_get(ini->keys, section);

    if (keys == NULL) {
        text_problem(&conf->problems, "command line", "--set %s: there is no section [%s]", set,
                     section);
    } else {
        ini_set(keys, key, value, "command line");
    }
    free(section);
    free(key);
}

/* The values of a section's rows: what is given, or the default where that is missing or wrong. */
static json_t *
values_new(struct conf *conf, const json_t *given, const struct rr_opt *row)
{
    json_t *values = json_object();

    for (; row->key != NULL; row++) {
        const char *text = ini_text(given, row->key);
        struct rr_err err = RR_ERR_INIT;
        struct text_value value;

        if (text != NULL && text_opt_value(row, text, &value, &err) == 0) {
            (void)json_object_set(values, row->key, json_object_get(given, row->key));
            continue;
        }
        if (text != NULL) {
            text_problem(&conf->problems, ini_origin(given, row->key), "%s: %s", row->key,
                         err.text);
        }
        ini_set(values, row->key, row->fallback, "default");
    }
    return values;
}

static int64_t
number(const json_t *values, const struct rr_opt *rows, const char *key)
{
    struct text_value value;

    (void)text_opt_value(conf_schema_find(rows, key), ini_text(values, key), &value, NULL);
    return value.i;
}

/* Where a key was set; of a default, the place of its section. */
static const char *
place_of(const json_t *values, const char *key, const char *section)
{
    const char *origin = ini_origin(values, key);

    return strcmp(origin, "default") == 0 ? section : origin;
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
take_core_slots(struct conf *conf)
{
    const char *place = place_of(conf->values, "slots", "[core]");
    struct text_list words = {0};

    text_list_split(&words, ini_text(conf->values, "slots"));
    conf->slots = mem_zalloc(words.n, sizeof *conf->slots);
    for (size_t i = 0; i < words.n; i++) {
        const char *name = words.v[i];
        int64_t total;

        if (parse_slot(words.v[i], "auto", sysconf(_SC_NPROCESSORS_ONLN), &total) != 0) {
            text_problem(&conf->problems, place, "slots: \"%s\" is not name:count, such as cpu:2",
                         name);
        } else if (find_slot(conf, name) < conf->n_slots) {
            text_problem(&conf->problems, place, "slots: \"%s\" stands there twice", name);
        } else {
            conf->slots[conf->n_slots++] = (struct conf_slot){mem_dup(name), total};
        }
    }
    text_list_free(&words);
}

static void
take_group(struct conf *conf)
{
    const char *name = ini_text(conf->values, "control_group");
    const struct group *group = name[0] == '\0' ? NULL : getgrnam(name);

    if (group == NULL && name[0] != '\0') {
        text_problem(&conf->problems, place_of(conf->values, "control_group", "[core]"),
                     "control_group: there is no group \"%s\" on this machine", name);
    }
    conf->control_gid = group == NULL ? -1 : (int64_t)group->gr_gid;
}

static void
read_core(struct conf *conf, json_t *given)
{
    json_t *const v = conf->values = values_new(conf, given, conf_core_keys);
    char hint[TEXT_HINT_BYTES];
    const char *key;
    json_t *value;

    json_object_foreach(given, key, value) {
        if (conf_schema_find(conf_core_keys, key) == NULL) {
            text_problem(&conf->problems, ini_origin(given, key), "[core] has no key \"%s\"%s", key,
                         conf_schema_hint(key, conf_core_keys, NULL, hint));
        }
    }
    conf->retain_events = number(v, conf_core_keys, "retain_events");
    conf->store_size = number(v, conf_core_keys, "store_size");
    conf->disk_reserve = number(v, conf_core_keys, "disk_reserve");
    conf->log_size = number(v, conf_core_keys, "log_size");
    conf->log_files = number(v, conf_core_keys, "log_files");
    conf->log_level = ini_text(v, "log_level");
    take_group(conf);
    take_core_slots(conf);
    paths_plugin_dirs(conf->paths, conf->dir, ini_text(v, "plugin_path"), &conf->plugin_dirs);
    conf->plugin_path = text_list_join_new(&conf->plugin_dirs, ":");
}

static void
take_slots(struct conf *conf, struct conf_stage *s)
{
    const char *place = place_of(s->values, "slots", s->place);
    struct text_list words = {0};

    text_list_split(&words, ini_text(s->values, "slots"));
    s->slots = mem_zalloc(words.n, sizeof *s->slots);
    for (size_t i = 0; i < words.n; i++) {
        struct slots_need *need = &s->slots[s->n_slots];
        const char *name = words.v[i];

        if (parse_slot(words.v[i], "all", SLOT_ALL, &need->count) != 0) {
            text_problem(&conf->problems, place,
                         "slots: \"%s\" is not name:count, such as cpu:2 or cpu:all", name);
            continue;
        }
        need->slot = find_slot(conf, name);
        if (need->slot == conf->n_slots) {
            text_problem(&conf->problems, place, "slots: [core] slots declares no \"%s\"", name);
            continue;
        }
        const int64_t total = conf->slots[need->slot].total;

        need->count = need->count == SLOT_ALL ? total : need->count;
        if (need->count > total) {
            text_problem(&conf->problems, place,
                         "slots: %s:%" PRId64 " is more than the %" PRId64
                         " that [core] slots declares: the stage would wait for ever",
                         name, need->count, total);
        } else {
            s->n_slots++;
        }
    }
    text_list_free(&words);
}

static void
take_cpu(struct conf *conf, struct conf_stage *s)
{
    text_list_split(&s->cpu, ini_text(s->values, "cpu"));
    for (size_t i = 0; i < s->cpu.n; i++) {
        int64_t cpu;

        if (text_int(s->cpu.v[i], &cpu) != 0 || cpu < 0 || cpu >= sysconf(_SC_NPROCESSORS_CONF)) {
            text_problem(&conf->problems, place_of(s->values, "cpu", s->place),
                         "cpu: there is no processor \"%s\"", s->cpu.v[i]);
        }
    }
}

gid_t
conf_data_gid(const struct conf *conf)
{
    const struct passwd *pw = NULL;

    for (size_t i = 0; i < conf->n_stages && pw == NULL; i++) {
        pw = conf->stages[i].user == NULL ? NULL : getpwnam(conf->stages[i].user);
    }
    return pw == NULL ? (gid_t)-1 : pw->pw_gid;
}

/* Whether a user that a stage runs as may write to data/, a folder that has one group. */
static bool
may_write_data(const struct conf *conf, const char *user)
{
    const gid_t gid = conf_data_gid(conf);
    const struct passwd *pw = getpwnam(user);
    gid_t groups[256];
    int n = sizeof groups / sizeof groups[0];
    bool may = pw == NULL || pw->pw_uid == 0;

    (void)getgrouplist(user, pw == NULL ? gid : pw->pw_gid, groups, &n);
    for (int i = 0; i < n && i < (int)(sizeof groups / sizeof groups[0]); i++) {
        may = may || groups[i] == gid;
    }
    return may;
}

static void
take_user(struct conf *conf, struct conf_stage *s)
{
    const char *name = ini_text(s->values, "user");
    const char *place = place_of(s->values, "user", s->place);

    if (name[0] == '\0') {
        return;
    }
    s->user = mem_dup(name);
    if (getpwnam(name) == NULL) {
        text_problem(&conf->problems, place, "user: there is no user \"%s\" on this machine", name);
    } else if (geteuid() != 0) {
        text_problem(&conf->problems, place,
                     "user: only a daemon that runs as root can start workers as somebody else; "
                     "start rrd as root, or as %s and without this key",
                     name);
    } else if (!may_write_data(conf, name)) {
        text_problem(&conf->warnings, place,
                     "user: %s can neither read nor write data/: it is for the group of the first "
                     "stage that has a user, to which %s does not belong",
                     name, name);
    }
}

static void
take_plugin(struct conf *conf, struct conf_stage *s)
{
    const char *name = ini_text(s->values, "plugin");

    s->plugin = name[0] == '\0' ? s->name : name;
    if (!text_is_name(s->plugin)) {
        text_problem(&conf->problems, place_of(s->values, "plugin", s->place),
                     "plugin: \"%s\" is not the name of a plugin", s->plugin);
        s->is_bad = true;
    }
}

static void
take_numbers(struct conf_stage *s)
{
    const struct {
        const char *key;
        int64_t *out;
    } all[] = {{"start_limit", &s->start_limit_ms},
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

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        *all[i].out = number(s->values, conf_stage_keys, all[i].key);
    }
}

static void
read_stage(struct conf *conf, const char *name, json_t *given, const char *place)
{
    const char *key;
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
                             .values = values_new(conf, given, conf_stage_keys)};
    take_plugin(conf, s);
    s->is_enabled = number(s->values, conf_stage_keys, "enabled") != 0;
    text_list_split(&s->needs, ini_text(s->values, "needs"));
    text_list_split(&s->after, ini_text(s->values, "after"));
    text_list_split(&s->waits, ini_text(s->values, "waits"));
    take_slots(conf, s);
    take_numbers(s);
    take_user(conf, s);
    take_cpu(conf, s);
    if (s->queue_high > 0 && s->queue_low >= s->queue_high) {
        text_problem(&conf->problems, place,
                     "queue_low: %" PRId64 " is not below queue_high, %" PRId64, s->queue_low,
                     s->queue_high);
    }
    s->queue_low = s->queue_low == 0 ? s->queue_high / 2 : s->queue_low;
    /* What is left belongs to the plugin; conf_plugin.c judges it. */
    json_object_foreach(given, key, value) {
        if (conf_schema_find(conf_stage_keys, key) == NULL) {
            (void)json_object_set(s->values, key, value);
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

    json_object_foreach(ini->keys, section, given) {
        const char *place = jget_text(ini->places, section);

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
    read_core(conf, json_object_get(ini.keys, "core"));
    read_sections(conf, &ini);
    if (conf->n_stages == 0 && conf->problems.n == 0) {
        text_problem(&conf->problems, "conf.d",
                     "no file has a section [stage NAME]: nothing to run");
    }
    conf_plugins(conf);
    graph_build(&conf->graph, conf->stages, conf->n_stages, &conf->problems, &conf->warnings);
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
    if (conf->problems.n == conf->n_passing) {
        return STATUS_FAILED; /* nobody has to mend a file: a service manager may try again */
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
    json_t *options = json_object();

    for (size_t i = 0; i < stage->manifest->n_options; i++) {
        const char *key = stage->manifest->options[i].key;

        (void)json_object_set_new(options, key, json_string(ini_text(stage->values, key)));
    }
    json_t *doc = json_pack("{s:s, s:I, s:o, s:{s:s, s:s, s:s, s:s, s:s}}", "stage", stage->name,
                            "credit", (json_int_t)stage->credit, "options", options, "facts",
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

void
conf_env(const struct conf *conf, struct text_list *env)
{
    const char *old = getenv("LD_LIBRARY_PATH");

    for (char **e = environ; *e != NULL; e++) {
        if (!is_named(*e, "LD_LIBRARY_PATH") && !is_named(*e, "RR_PLUGIN_PATH") &&
            !is_named(*e, "RR_WORKER")) {
            text_list_add(env, *e);
        }
    }
    text_list_printf(env, "LD_LIBRARY_PATH=%s%s%s", conf->paths->lib_dir,
                     old == NULL || old[0] == '\0' ? "" : ":", old == NULL ? "" : old);
    text_list_printf(env, "RR_PLUGIN_PATH=%s", conf->plugin_path);
    /* Two busy processes with two threads each that spin for one another ran 85 times slower. */
    if (getenv("OMP_NUM_THREADS") == NULL) {
        text_list_add(env, "OMP_NUM_THREADS=1");
    }
    if (getenv("OMP_WAIT_POLICY") == NULL) {
        text_list_add(env, "OMP_WAIT_POLICY=passive");
    }
}
