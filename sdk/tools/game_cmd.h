/* SPDX-License-Identifier: MIT */
/*
 * game_cmd.h - the commands of `rrctl game` that have a file of their own. argv[0] is the command;
 * each returns the exit status.
 */
#ifndef RR_TOOLS_GAME_CMD_H
#define RR_TOOLS_GAME_CMD_H

#include "sdk/tools/session.h"

#include <rr/opponent.h>

enum { EXIT_MISMATCH = 1, EXIT_USAGE = 2, EXIT_DATA = 65, EXIT_PLUGIN = 69 };

int game_play(int argc, char **argv);   /* against people */
int game_show(int argc, char **argv);   /* a recorded game */
int game_engine(int argc, char **argv); /* for programs; rr-game(7) */

/* Say what is wrong on standard error; the exit status for it. */
int game_fail(const char *command, const struct rr_err *err);
int game_usage(const char *command, const char *what);

/* Options that play and engine share; getopt leaves the words in their place. */
struct game_args {
    char plugins[4096];
    const char *opponent, *load;
    uint64_t seed;
    uint32_t simulations, time_ms;
    uint32_t seat; /* of the person, from 1; 0 for none */
    const char *options;
    bool is_help;
};

/* Read the options of a command, but for those whose letters are in `without`; words are left at
 * argv[optind]. Returns 0 or an exit status. */
int game_read_args(int argc, char **argv, const char *without, struct game_args *args);

/* Open the variant that the words name, GAME VARIANT or VARIANT, with the options that are set. */
int game_open(const struct game_args *args, int count, char **words, struct session *s,
              struct rr_err *err);

#endif
