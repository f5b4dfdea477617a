/* SPDX-License-Identifier: MIT */
/*
 * game_cmd.c - arguments that the commands of `rrctl game` share.
 */
#include "sdk/tools/game_cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/tools/tool.h"

int
game_usage(const char *command, const char *what)
{
    fprintf(stderr, "rrctl game %s: %s (rrctl game --help explains)\n", command, what);
    return EXIT_USAGE;
}

int
game_fail(const char *command, const struct rr_err *err)
{
    fprintf(stderr, "rrctl game %s: %s\n", command, err->text);
    return err->code == RR_E_PLUGIN ? EXIT_PLUGIN : EXIT_DATA;
}

static bool
read_number(const char *text, uint64_t most, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' && text[0] >= '0' && text[0] <= '9' && *out <= most;
}

int
game_read_args(int argc, char **argv, const char *without, struct game_args *args)
{
    static const struct option table[] = {
        {"plugins", required_argument, NULL, 'p'}, {"opponent", required_argument, NULL, 'o'},
        {"seat", required_argument, NULL, 's'},    {"simulations", required_argument, NULL, 'n'},
        {"time-ms", required_argument, NULL, 't'}, {"seed", required_argument, NULL, 'e'},
        {"options", required_argument, NULL, 'x'}, {"load", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},          {0}};
    uint64_t number = 0;
    int at = 0;

    *args = (struct game_args){.opponent = "mcts_light", .seat = 1, .options = ""};
    tool_plugins(NULL, args->plugins, sizeof args->plugins);
    for (int c; (c = getopt_long(argc, argv, "h", table, &at)) != -1;) {
        const uint64_t most = c == 's'   ? RR_GAME_MAX_SEATS
                              : c == 'e' ? UINT64_MAX
                              : c == 'n' ? 1000000
                                         : 86400000;
        if (c == '?') {
            return EXIT_USAGE; /* getopt has said what is wrong */
        }
        if (strchr(without, c) != NULL) {
            fprintf(stderr, "rrctl game %s: --%s is not for %s\n", argv[0], table[at].name,
                    argv[0]);
            return EXIT_USAGE;
        }
        if (strchr("snte", c) != NULL && !read_number(optarg, most, &number)) {
            fprintf(stderr, "rrctl game %s: --%s %s: not a number from 0 to %llu\n", argv[0],
                    table[at].name, optarg, (unsigned long long)most);
            return EXIT_USAGE;
        }
        switch (c) {
        case 'p':
            (void)snprintf(args->plugins, sizeof args->plugins, "%s", optarg);
            break;
        case 'o':
            args->opponent = optarg;
            break;
        case 's':
            args->seat = (uint32_t)number;
            break;
        case 'n':
            args->simulations = (uint32_t)number;
            break;
        case 't':
            args->time_ms = (uint32_t)number;
            break;
        case 'e':
            args->seed = number;
            break;
        case 'x':
            args->options = optarg;
            break;
        case 'l':
            args->load = optarg;
            break;
        default:
            args->is_help = true;
            break;
        }
    }
    return 0;
}

static int
read_options(const struct rr_game *game, const char *list, uint64_t *bits, struct rr_err *err)
{
    *bits = 0;
    while (*list != '\0') {
        char name[64];
        const size_t n = strcspn(list, ",");
        (void)snprintf(name, sizeof name, "%.*s", (int)n, list);
        const uint64_t bit = session_option(game, name);
        if (bit == 0) {
            return rr_err_set(err, RR_E_INPUT, "game %s has no option \"%s\"; it has%s%s",
                              game->name, name, game->options[0] != NULL ? " " : " none",
                              game->options[0] != NULL ? game->options[0] : "");
        }
        *bits |= bit;
        list += n + (list[n] == ',');
    }
    return 0;
}

int
game_open(const struct game_args *args, int count, char **words, struct session *s,
          struct rr_err *err)
{
    const struct rr_game *game;
    const struct rr_variant *variant;
    uint64_t bits;
    int rc = rr_game_find(args->plugins, words[count - 1], &game, &variant, err);

    if (rc == 0 && count == 2 && strcmp(words[0], game->name) != 0) {
        rc = rr_err_set(err, RR_E_INPUT, "%s is no variant of %s, but of %s", variant->name,
                        words[0], game->name);
    }
    if (rc == 0) {
        rc = read_options(game, args->options, &bits, err);
    }
    return rc == 0 ? session_open(s, game, variant, bits, err) : rc;
}
