/* SPDX-License-Identifier: MIT */
/*
 * fuzz_conf.c - configuration made of anything, up to the graph and to the plan of a reload. It is
 * taken or refused; each refusal says where.
 *
 * An input is a file of conf.d; a byte 0xff begins a second one. Plugins are not asked: the one of
 * each stage takes what the stage before it makes (conf_plugins() below).
 */
#include "core/common/mem.h"
#include "core/rrd/plan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/reliability/store_rig.h"

static struct manifest first, second;
static struct paths paths;
static struct conf last; /* the one taken before */

/* Instead of conf_plugin.c. */
void
conf_plugins(struct conf *conf)
{
    for (size_t i = 0; i < conf->n_stages; i++) {
        struct conf_stage *s = &conf->stages[i];

        s->manifest = i % 2 == 0 ? &first : &second;
        (void)snprintf(s->hash, sizeof s->hash, "%s", s->plugin == NULL ? "" : s->plugin);
        s->file = mem_dup("/p/plugin.so");
    }
}

char *
conf_installed_new(const struct conf *conf, const char *plugin)
{
    (void)conf;
    return mem_dup(plugin);
}

void
conf_stage_use(struct conf_stage *stage, char *file_take)
{
    free(stage->file);
    stage->file = file_take;
}

static void
make_manifest(struct manifest *m, const char *in, const char *out)
{
    struct rr_err err = RR_ERR_INIT;
    char *text = mem_printf("{\"name\":\"p\",\"version\":\"1\",\"options\":[],\"consumes\":[{"
                            "\"type\":\"%s\",\"version\":1,\"fields\":[]}],\"produces\":[{\"type\":"
                            "\"%s\",\"version\":1,\"fields\":[]}]}",
                            in, out);

    check(manifest_parse(m, text, strlen(text), &err) == 0);
    free(text);
}

static void
tear_down(void)
{
    conf_free(&last);
    manifest_fini(&first);
    manifest_fini(&second);
    rig_remove(rig_dir);
}

static void
set_up(void)
{
    paths.plugin_dir = rig_dir;
    paths.libexec_dir = rig_dir;
    make_manifest(&first, "T_A", "T_B");
    make_manifest(&second, "T_B", "T_A");
    check(rig_begin_fast() && atexit(tear_down) == 0);
    rig_fresh("conf.d");
}

static void
put(const char *name, const uint8_t *data, size_t size)
{
    char path[300];

    rig_path(path, sizeof path, "conf.d", name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    check(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct text_list sets = {0};
    const uint8_t *cut = memchr(data, 0xff, size);
    struct conf conf;
    struct plan plan;

    if (rig_dir[0] == '\0') {
        set_up();
    }
    put("10-a.ini", data, cut == NULL ? size : (size_t)(cut - data));
    put("20-b.ini", cut == NULL ? data : cut + 1,
        cut == NULL ? 0 : size - 1 - (size_t)(cut - data));
    if (conf_load(&conf, rig_dir, &paths, &sets) != 0) {
        check(conf.problems.n > 0 && conf_status(&conf) != 0);
        for (size_t i = 0; i < conf.problems.n; i++) {
            check(strncmp(conf.problems.v[i], "conf.d", 6) == 0);
        }
        conf_free(&conf);
        return 0;
    }
    check(conf.problems.n == 0 && conf.n_stages > 0);
    plan_make(&plan, &conf, &conf);
    check(!plan.changes);
    plan_fini(&plan);
    if (last.n_stages > 0) {
        plan_make(&plan, &last, &conf);
        json_decref(plan_json_new(&plan));
        plan_fini(&plan);
    }
    conf_free(&last);
    last = conf;
    return 0;
}
