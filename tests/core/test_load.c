/* SPDX-License-Identifier: MIT */
/*
 * test_load.c - every way in which a plugin can be wrong gets its own message and status 69.
 *
 * Files are copies of the puppet plugin with bytes of its descriptor changed, tried with
 * `rrd-worker --probe`; tables are judged directly.
 */
#include <sys/stat.h>

#include "core/worker/load.h"
#include "core/worker/manifest.h"
#include "tests/core/rig.h"

static char dir[300];
static unsigned char *image; /* the puppet plugin */
static size_t image_bytes;
static size_t descriptor_at; /* offset of its struct rr_plugin */

static void
read_image(void)
{
    char path[600];
    const struct rr_plugin head = {.magic = RR_PLUGIN_MAGIC, .size = sizeof head, .abi_major = 1};

    (void)snprintf(path, sizeof path, "%s/tests/puppet/puppet.so", rig_build_dir());
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        rig_die("%s: %s", path, strerror(errno));
    }
    image = malloc(64u << 20);
    image_bytes = fread(image, 1, 64u << 20, file);
    fclose(file);
    for (descriptor_at = 0; descriptor_at + 12 < image_bytes; descriptor_at++) {
        if (memcmp(image + descriptor_at, &head, 12) == 0) {
            return;
        }
    }
    rig_die("no descriptor found in %s", path);
}

static void
write_file(const char *name, const void *data, size_t bytes, mode_t mode, char *path, size_t cap)
{
    (void)snprintf(path, cap, "%s/%s", dir, name);
    (void)unlink(path);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, bytes, file) != bytes || fclose(file) != 0 ||
        chmod(path, mode) != 0) {
        rig_die("%s: %s", path, strerror(errno));
    }
}

/* Probe a file; *text gets what was printed, in one static buffer. */
static int
probe(const char *path, const char **text)
{
    static char printed[65536];
    char command[1400];

    (void)snprintf(command, sizeof command, "'%s/rrd-worker' --probe '%s' 2>&1", rig_build_dir(),
                   path);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL) {
        rig_die("popen: %s", strerror(errno));
    }
    printed[fread(printed, 1, sizeof printed - 1, pipe)] = '\0';
    *text = printed;
    const int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
refused(const char *path, const char *want, const char *what)
{
    const char *text;
    const int status = probe(path, &text);
    const char *line_end = strchr(text, '\n');
    const int one_line = line_end != NULL && line_end[1] == '\0';
    if (!ok(status == 69 && one_line && strstr(text, want) != NULL && strstr(text, path) != NULL,
            "%s", what)) {
        diag("status %d, text: %s", status, text);
    }
}

/* Probe a copy of the puppet with some bytes changed at an offset of its descriptor. */
static void
patched(size_t offset, const void *bytes, size_t n, const char *want, const char *what)
{
    char path[600];
    unsigned char before[16];
    memcpy(before, image + descriptor_at + offset, n);
    memcpy(image + descriptor_at + offset, bytes, n);
    write_file("puppet.so", image, image_bytes, 0700, path, sizeof path);
    memcpy(image + descriptor_at + offset, before, n);
    char name[200];

    (void)snprintf(name, sizeof name, "R32 %s", what);
    refused(path, want, name);
}

static void
test_good(void)
{
    char path[600];
    const char *text;
    write_file("puppet.so", image, image_bytes, 0755, path, sizeof path);
    is_int(probe(path, &text), 0, "a good plugin is taken");
    json_t *manifest = json_loads(text, 0, NULL);
    is_str(json_string_value(json_object_get(manifest, "name")), "puppet", "its name");
    is_str(json_string_value(json_object_get(manifest, "abi")), "1.0", "its ABI");
    is_int((int64_t)json_array_size(json_object_get(manifest, "callbacks")), 6, "its callbacks");
    const json_t *consumed = json_array_get(json_object_get(manifest, "consumes"), 0);
    is_str(json_string_value(json_object_get(consumed, "alias")), "PUPPET_PRODDED", "an alias");
    const json_t *field = json_array_get(json_object_get(consumed, "fields"), 2);
    is_str(json_string_value(json_object_get(field, "kind")), "u64", "a field's kind");
    const json_t *row = json_array_get(json_object_get(manifest, "options"), 4);
    is_str(json_string_value(json_object_get(row, "type")), "duration", "an option's type");
    is_str(json_string_value(json_object_get(row, "fallback")), "0ms", "an option's default");
    json_decref(manifest);
}

static void
test_files(void)
{
    char path[600];

    (void)snprintf(path, sizeof path, "%s/missing.so", dir);
    refused(path, "No such file", "R30 missing file");
    write_file("plugin.txt", image, image_bytes, 0700, path, sizeof path);
    refused(path, "is called NAME.so", "R30 name without .so");
    write_file("text.so", "#!/bin/sh\n", 10, 0700, path, sizeof path);
    refused(path, "not an ELF", "R30 not ELF");
    write_file("empty.so", "", 0, 0700, path, sizeof path);
    refused(path, "not an ELF", "R30 empty file");
    write_file("cut.so", image, 300, 0700, path, sizeof path);
    refused(path, "it is cut off", "R30 truncated file");
    write_file("puppet.so", image, image_bytes, 0702, path, sizeof path);
    refused(path, "chmod go-w", "R30 writable by everybody");
    write_file("puppet.so", image, image_bytes, 0720, path, sizeof path);
    refused(path, "chmod go-w", "R30 writable by its group");
    write_file("puppet.so", image, image_bytes, 0700, path, sizeof path);
    (void)chmod(dir, 0770);
    refused(path, "its folder", "R30 in a folder that the group may write to");
    (void)chmod(dir, 0700);
    if (geteuid() == 0) {
        const int gave = chown(path, 12345, (gid_t)-1);

        (void)gave;
        refused(path, "belongs to user 12345", "R30 somebody else's");
    }
    write_file("other.so", image, image_bytes, 0700, path, sizeof path);
    refused(path, "name \"puppet\", its file says \"other\"", "R30 another name than the file's");
    (void)snprintf(path, sizeof path, "%s/fifo.so", dir);
    (void)mkfifo(path, 0600);
    refused(path, "not a regular file", "R30 a fifo does not hang it");
    (void)snprintf(path, sizeof path, "%s/dir.so", dir);
    (void)mkdir(path, 0700);
    refused(path, "not a regular file", "R30 a directory");
}

static void
test_symbol(void)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/tests/puppet/no_symbol.so", rig_build_dir());
    refused(path, "exports no symbol \"rr_plugin\"", "no symbol");
}

static void
test_head(void)
{
    const uint32_t magic = 0x12345678;
    const uint32_t sizes[] = {0, 4, sizeof(struct rr_plugin) - 8, 5000};
    const uint16_t newer_major = 2;
    const uint16_t older_major = 0;
    const uint16_t newer_minor = RR_PLUGIN_ABI_MINOR + 1;

    patched(0, &magic, 4, "magic 0x12345678", "bad magic");
    patched(8, &newer_major, 2, "ABI 2.0, this host has 1.", "newer major");
    patched(8, &older_major, 2, "ABI 0.0, this host has 1.", "older major");
    patched(10, &newer_minor, 2, "install a newer rrd", "newer minor");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char want[40];
        (void)snprintf(want, sizeof want, "a size of %u bytes", sizes[i]);
        patched(4, &sizes[i], 4, want, want);
    }
}

static int
nothing(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    (void)ctx;
    (void)event;
    (void)err;
    return 0;
}

/* The least that a descriptor has. */
static const struct rr_plugin good = {
    .magic = RR_PLUGIN_MAGIC,
    .size = sizeof good,
    .abi_major = RR_PLUGIN_ABI_MAJOR,
    .abi_minor = RR_PLUGIN_ABI_MINOR,
    .opt_size = sizeof(struct rr_opt),
    .name = "t",
    .version = "1",
    .summary = "test",
    .event = nothing,
};

static void
judged(const struct rr_plugin *api, const char *want, const char *what)
{
    struct plugin out = {0};
    struct rr_err err = RR_ERR_INIT;
    const int rc = load_check_descriptor(api, "t", &out, &err);
    const int pass = want == NULL ? rc == 0
                                  : rc == RR_E_PLUGIN && err.code == RR_E_PLUGIN &&
                                        strstr(err.text, want) != NULL;
    if (!ok(pass, "R32 %s", what)) {
        diag("rc %d, text: %s", rc, err.text);
    }
}

static void
test_tables(void)
{
    static const struct {
        struct rr_opt row;
        const char *want;
    } options[] = {
        {{"Key", RR_OPT_INT, 0, "1", "", "Help."}, "not a lower-case name"},
        {{"key", 99, 0, "1", "", "Help."}, "unknown type 99"},
        {{"key", RR_OPT_INT, 8, "1", "", "Help."}, "unknown flags"},
        {{"key", RR_OPT_INT, 0, "1", "", ""}, "no help text"},
        {{"key", RR_OPT_INT, 0, NULL, "", "Help."}, "no default"},
        {{"key", RR_OPT_INT, RR_OPT_REQUIRED, "1", "", "Help."}, "required and has a default"},
        {{"key", RR_OPT_INT, 0, "9", "1..5", "Help."}, "above the allowed range"},
        {{"key", RR_OPT_DURATION, 0, "9", "", "Help."}, "unit"},
        {{"key", RR_OPT_INT, 0, "9", "", "Help."}, NULL},
        {{"key", RR_OPT_INT, RR_OPT_REQUIRED, NULL, "", "Help."}, NULL},
    };
    struct rr_plugin api = good;

    judged(&api, NULL, "a minimal descriptor");
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const struct rr_opt table[] = {options[i].row, RR_OPT_END};
        api.options = table;
        judged(&api, options[i].want, options[i].want == NULL ? "good option" : options[i].want);
    }
    const struct rr_opt twice[] = {options[8].row, options[8].row, RR_OPT_END};
    api.options = twice;
    judged(&api, "declared twice", "the same option twice");
    api = good;
    api.opt_size = 8;
    api.options = twice;
    judged(&api, "option rows have 8 bytes", "option rows too small");
    api = good;
    api.event = NULL;
    judged(&api, "neither .event nor .idle", "no callback that could work");
    api = good;
    api.summary = NULL;
    judged(&api, "no summary", "no summary");
    api = good;
    api.flags = 4;
    judged(&api, "unknown flags 0x4", "unknown flags");
}

static void
test_events(void)
{
    static const struct rr_field good_field[] = {{"a", RR_FIELD_U64, 0, "", "Help."}, {0}};
    static const struct rr_field bad_kind[] = {{"a", 77, 0, "", "Help."}, {0}};
    static const struct rr_field outside[] = {{"a", RR_FIELD_U64, 8, "", "Help."}, {0}};
    static const struct rr_field twice[] = {
        {"a", RR_FIELD_U64, 0, "", "Help."}, {"a", RR_FIELD_U64, 0, "", "Help."}, {0}};
    struct rr_event_type type = {.size = sizeof type,
                                 .version = 1,
                                 .name = "GOOD_NAME",
                                 .struct_size = 8,
                                 .fields = good_field};
    const struct rr_port ports[] = {{&type, 0, 0}, {0}};
    struct rr_plugin api = good;

    api.consumes = ports;
    judged(&api, NULL, "a consumed type");
    type.fields = bad_kind;
    judged(&api, "unknown kind 77", "field of an unknown kind");
    type.fields = outside;
    judged(&api, "outside its struct", "field outside the struct");
    type.fields = twice;
    judged(&api, "declared twice", "the same field twice");
    type.fields = good_field;
    type.name = "lower";
    judged(&api, "upper-case", "a type name in lower case");
    type.name = "GOOD_NAME";
    type.version = 0;
    judged(&api, "no version", "a type without a version");
    type.version = 1;
    const struct rr_port same[] = {{&type, 0, 0}, {&type, 0, 0}, {0}};
    api.consumes = same;
    judged(&api, "listed twice", "the same type twice");
    api.consumes = NULL;
    api.produces = ports;
    judged(&api, NULL, "a produced type");
}

/* An older plugin knows fewer members: what it does not know must read as zero. */
static void
test_copy_size(void)
{
    unsigned char bytes[sizeof(struct rr_plugin) + 64];
    struct rr_plugin api = good;

    api.size = sizeof bytes;
    memset(bytes, 0xff, sizeof bytes);
    memcpy(bytes, &api, sizeof api);
    struct plugin out = {0};
    struct rr_err err = RR_ERR_INIT;
    is_int(load_check_descriptor(bytes, NULL, &out, &err), 0, "a larger descriptor is taken");
    ok(memcmp(&out.api, &api, sizeof api) == 0, "as far as it is known");
}

static void
test_copy_by_hash(void)
{
    char path[600];
    char name[100];
    char copy[600];
    struct plugin plugin;
    struct rr_err err = RR_ERR_INIT;

    write_file("puppet.so", image, image_bytes, 0700, path, sizeof path);
    is_int(load_plugin(path, dir, NULL, &plugin, &err), 0, "load with a state directory");
    (void)snprintf(name, sizeof name, "plugins/puppet-%s.so", plugin.sha256);
    (void)snprintf(copy, sizeof copy, "%s/%s", dir, name);
    ok(access(copy, R_OK) == 0, "the copy is named by its hash");
    write_file(name, "damage", 6, 0500, copy, sizeof copy);
    is_int(load_plugin(path, dir, NULL, &plugin, &err), 0, "a damaged copy is made again");
    is_int(load_plugin(path, "/proc/nowhere", NULL, &plugin, &err), RR_E_PLUGIN,
           "no state directory, no plugin");
}

int
main(void)
{
    char command[400];
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(dir, sizeof dir, "%s/load-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(dir) == NULL) {
        rig_die("%s: %s", dir, strerror(errno));
    }
    read_image();
    test_good();
    test_files();
    test_symbol();
    test_head();
    test_tables();
    test_events();
    test_copy_size();
    test_copy_by_hash();
    free(image);
    (void)snprintf(command, sizeof command, "rm -rf -- '%s'", dir);
    is_int(system(command), 0, "clean up");
    return tap_done();
}
