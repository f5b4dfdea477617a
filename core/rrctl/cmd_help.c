/* SPDX-License-Identifier: MIT */
/*
 * cmd_help.c - rrctl help and version.
 */
#include "core/common/text.h"
#include "core/rrctl/proc.h"
#include "core/rrctl/rrctl.h"

#include "config.h"

#include <stdio.h>
#include <string.h>

static void
print_options(const struct opt_row *rows)
{
    for (; rows != NULL && rows->name != NULL; rows++) {
        char left[48];
        char letter[8] = "    ";

        if (rows->letter != 0) {
            (void)snprintf(letter, sizeof letter, "-%c, ", rows->letter);
        }
        (void)snprintf(left, sizeof left, "%s--%s%s%s", letter, rows->name,
                       rows->value == NULL ? "" : " ", rows->value == NULL ? "" : rows->value);
        (void)printf("  %-26s %s\n", left, rows->help);
    }
}

void
help_command(const struct command *command)
{
    const bool has_options = command->options != NULL && command->options[0].name != NULL;

    (void)printf("usage: rrctl %s%s%s%s\n\n%s\n", command->name, has_options ? " [OPTION...]" : "",
                 command->operands[0] == '\0' ? "" : " ", command->operands, command->help);
    if (has_options) {
        (void)puts("Options:");
        print_options(command->options);
        (void)putchar('\n');
    }
    (void)puts("Options of every command:");
    print_options(global_options);
}

static void
print_overview(const struct rrctl *app)
{
    struct text_list names = {0};

    (void)puts("usage: rrctl [--dir DIR] COMMAND [OPTION...] [OPERAND...]\n");
    for (const struct command *c = commands; c->name != NULL; c++) {
        (void)printf("  %-10s %s\n", c->name, c->summary);
    }
    proc_list_externals(app, &names);
    if (names.n > 0) {
        (void)puts("\nFurther programs:");
        for (size_t i = 0; i < names.n; i++) {
            (void)printf("  %s\n", names.v[i]);
        }
    }
    text_list_free(&names);
    (void)puts("\nOptions of every command:");
    print_options(global_options);
    (void)puts("\nrrctl help COMMAND tells more. The directory is ., $RR_DIR or --dir.");
}

static json_t *
options_json_new(const struct opt_row *rows)
{
    json_t *all = json_array();

    for (; rows != NULL && rows->name != NULL; rows++) {
        const char letter[2] = {rows->letter, '\0'};
        json_t *row = json_pack("{s:s, s:s, s:s?, s:s}", "name", rows->name, "letter", letter,
                                "value", rows->value, "help", rows->help);

        (void)json_array_append_new(all, row);
    }
    return all;
}

/* The table, or with only set that command; the man page and the tests are made from it. */
static int
say_table(const struct command *only)
{
    json_t *all = json_array();

    for (const struct command *c = commands; c->name != NULL; c++) {
        if (only == NULL || c == only) {
            json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", c->name, "operands",
                                    c->operands, "summary", c->summary, "help", c->help, "options",
                                    options_json_new(c->options));

            (void)json_array_append_new(all, row);
        }
    }
    (void)say_json(
        json_pack("{s:o, s:o}", "commands", all, "options", options_json_new(global_options)),
        JSON_INDENT(2));
    return 0;
}

/* One line per command, with its options, for the completion script; = means that a value follows.
 */
static void
print_words(void)
{
    for (const struct command *c = commands; c->name != NULL; c++) {
        (void)printf("%s", c->name);
        for (const struct opt_row *row = c->options; row != NULL && row->name != NULL; row++) {
            (void)printf(" --%s%s", row->name, row->value == NULL ? "" : "=");
        }
        (void)putchar('\n');
    }
}

/* Become `rrd --help-stage NAME`: the option table of a stage. */
int
cmd_help(struct rrctl *app, struct rr_err *err)
{
    const char *topic = app->args.operands[0]; /* both may be NULL */
    const char *name = app->args.operands[1];
    const struct command *command;

    if (args_has(&app->args, "words")) {
        print_words();
        return 0;
    }
    if (topic == NULL && app->json) {
        return say_table(NULL);
    }
    if (topic == NULL) {
        print_overview(app);
        return 0;
    }
    if (strcmp(topic, "stage") == 0 && name != NULL) {
        return proc_become_rrd(app, "--help-stage", name, err);
    }
    command = command_find(topic);
    if (command == NULL && name == NULL) {
        return run_external(app, 2, (const char *const[]){topic, "--help"}, err);
    }
    if (name != NULL) {
        return rr_err_set(err, RR_E_INPUT,
                          "help explains one command, or with 'stage NAME' the options of a stage");
    }
    if (app->json) {
        return say_table(command);
    }
    help_command(command);
    return 0;
}

int
cmd_version(struct rrctl *app, struct rr_err *err)
{
    (void)err;
    (void)printf(app->json ? "{\"program\":\"rrctl\",\"version\":\"%s\"}\n" : "rrctl %s\n",
                 PACKAGE_VERSION);
    return 0;
}
