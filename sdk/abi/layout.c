/* SPDX-License-Identifier: MIT */
/*
 * layout.c - print the layout of everything that crosses the border between host and plugin.
 *
 * `layout plugin` and `layout game` print one line per struct, member and constant. The records of
 * each ABI version lie beside this file; tests/core/test_abi.sh compares. A new member or constant
 * must be added here, too: the size of its struct gives it away.
 */
#include <rr/game.h>
#include <rr/plugin.h>

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define STRUCT(type) printf("struct %s size %zu\n", #type, sizeof(struct type))
#define MEMBER(type, member)                                                                       \
    printf("member %s.%s at %zu size %zu\n", #type, #member, offsetof(struct type, member),        \
           sizeof(((const struct type *)NULL)->member))
#define CONSTANT(name) printf("constant %s %lld\n", #name, (long long)(name))

static void
print_errors(void)
{
    STRUCT(rr_err);
    MEMBER(rr_err, size);
    MEMBER(rr_err, code);
    MEMBER(rr_err, text);
    CONSTANT(RR_E_EMPTY);
    CONSTANT(RR_E_CONFIG);
    CONSTANT(RR_E_PLUGIN);
    CONSTANT(RR_E_CORRUPT);
    CONSTANT(RR_E_PROTO);
    CONSTANT(RR_E_BUSY);
    CONSTANT(RR_E_TIMEOUT);
    CONSTANT(RR_E_MISMATCH);
    CONSTANT(RR_E_STOPPED);
    CONSTANT(RR_E_INPUT);
}

static void
print_options(void)
{
    STRUCT(rr_opt);
    MEMBER(rr_opt, key);
    MEMBER(rr_opt, type);
    MEMBER(rr_opt, flags);
    MEMBER(rr_opt, fallback);
    MEMBER(rr_opt, range);
    MEMBER(rr_opt, help);
    CONSTANT(RR_OPT_STRING);
    CONSTANT(RR_OPT_INT);
    CONSTANT(RR_OPT_REAL);
    CONSTANT(RR_OPT_BOOL);
    CONSTANT(RR_OPT_DURATION);
    CONSTANT(RR_OPT_SIZE);
    CONSTANT(RR_OPT_CHOICE);
    CONSTANT(RR_OPT_LIST);
    CONSTANT(RR_OPT_REQUIRED);
}

static void
print_events(void)
{
    STRUCT(rr_field);
    MEMBER(rr_field, name);
    MEMBER(rr_field, kind);
    MEMBER(rr_field, offset);
    MEMBER(rr_field, unit);
    MEMBER(rr_field, help);
    STRUCT(rr_event_type);
    MEMBER(rr_event_type, size);
    MEMBER(rr_event_type, version);
    MEMBER(rr_event_type, name);
    MEMBER(rr_event_type, alias);
    MEMBER(rr_event_type, struct_size);
    MEMBER(rr_event_type, reserved);
    MEMBER(rr_event_type, fields);
    STRUCT(rr_event);
    MEMBER(rr_event, size);
    MEMBER(rr_event, attempt);
    MEMBER(rr_event, id);
    MEMBER(rr_event, time_ms);
    MEMBER(rr_event, type);
    MEMBER(rr_event, source);
    MEMBER(rr_event, config);
    MEMBER(rr_event, payload);
    CONSTANT(RR_FIELD_STR);
    CONSTANT(RR_FIELD_U64);
    CONSTANT(RR_FIELD_I64);
    CONSTANT(RR_FIELD_F64);
    CONSTANT(RR_FIELD_BOOL);
    CONSTANT(RR_FIELD_JSON);
}

static void
print_host(void)
{
    STRUCT(rr_ctx);
    MEMBER(rr_ctx, host);
    MEMBER(rr_ctx, user);
    STRUCT(rr_host);
    MEMBER(rr_host, size);
    MEMBER(rr_host, abi_major);
    MEMBER(rr_host, abi_minor);
    MEMBER(rr_host, opt_str);
    MEMBER(rr_host, opt_int);
    MEMBER(rr_host, opt_real);
    MEMBER(rr_host, fact);
    MEMBER(rr_host, log);
    MEMBER(rr_host, decode);
    MEMBER(rr_host, emit);
    MEMBER(rr_host, emit_now);
    MEMBER(rr_host, put);
    MEMBER(rr_host, get);
    MEMBER(rr_host, progress);
    MEMBER(rr_host, note);
    MEMBER(rr_host, should_stop);
    MEMBER(rr_host, set_idle_ms);
    CONSTANT(RR_LOG_ERROR);
    CONSTANT(RR_LOG_WARN);
    CONSTANT(RR_LOG_INFO);
    CONSTANT(RR_LOG_DEBUG);
}

static void
print_plugin(void)
{
    STRUCT(rr_port);
    MEMBER(rr_port, type);
    MEMBER(rr_port, flags);
    MEMBER(rr_port, reserved);
    STRUCT(rr_plugin);
    MEMBER(rr_plugin, magic);
    MEMBER(rr_plugin, size);
    MEMBER(rr_plugin, abi_major);
    MEMBER(rr_plugin, abi_minor);
    MEMBER(rr_plugin, opt_size);
    MEMBER(rr_plugin, flags);
    MEMBER(rr_plugin, reserved);
    MEMBER(rr_plugin, name);
    MEMBER(rr_plugin, version);
    MEMBER(rr_plugin, summary);
    MEMBER(rr_plugin, options);
    MEMBER(rr_plugin, consumes);
    MEMBER(rr_plugin, produces);
    MEMBER(rr_plugin, check);
    MEMBER(rr_plugin, init);
    MEMBER(rr_plugin, event);
    MEMBER(rr_plugin, idle);
    MEMBER(rr_plugin, drain);
    MEMBER(rr_plugin, fini);
    CONSTANT(RR_PLUGIN_MAGIC);
    CONSTANT(RR_DONE);
    CONSTANT(RR_RETRY);
    CONSTANT(RR_REJECT);
    CONSTANT(RR_FATAL);
}

static void
print_variant(void)
{
    STRUCT(rr_variant);
    MEMBER(rr_variant, size);
    MEMBER(rr_variant, seats);
    MEMBER(rr_variant, name);
    MEMBER(rr_variant, help);
    MEMBER(rr_variant, layout);
    MEMBER(rr_variant, state_bytes);
    MEMBER(rr_variant, max_moves);
    MEMBER(rr_variant, max_plies);
    MEMBER(rr_variant, height);
    MEMBER(rr_variant, width);
    MEMBER(rr_variant, planes);
    MEMBER(rr_variant, scalars);
    MEMBER(rr_variant, policy_planes);
    MEMBER(rr_variant, policy_scalars);
    MEMBER(rr_variant, symmetries);
    MEMBER(rr_variant, flags);
    MEMBER(rr_variant, reserved);
    MEMBER(rr_variant, data);
}

static void
print_game(void)
{
    STRUCT(rr_game);
    MEMBER(rr_game, magic);
    MEMBER(rr_game, size);
    MEMBER(rr_game, abi_major);
    MEMBER(rr_game, abi_minor);
    MEMBER(rr_game, flags);
    MEMBER(rr_game, name);
    MEMBER(rr_game, version);
    MEMBER(rr_game, summary);
    MEMBER(rr_game, variants);
    MEMBER(rr_game, options);
    MEMBER(rr_game, init);
    MEMBER(rr_game, mover);
    MEMBER(rr_game, legal);
    MEMBER(rr_game, apply);
    MEMBER(rr_game, result);
    MEMBER(rr_game, state_text);
    MEMBER(rr_game, state_parse);
    MEMBER(rr_game, move_text);
    MEMBER(rr_game, move_parse);
    MEMBER(rr_game, variant_text);
    MEMBER(rr_game, result_text);
    MEMBER(rr_game, encode);
    MEMBER(rr_game, policy_index);
    MEMBER(rr_game, transform);
    MEMBER(rr_game, transform_move);
    MEMBER(rr_game, evaluate);
    MEMBER(rr_game, board_text);
    CONSTANT(RR_GAME_MAGIC);
    CONSTANT(RR_GAME_MAX_SEATS);
    CONSTANT(RR_GAME_TEXT_MAX);
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "plugin") == 0) {
        printf("abi plugin %d.%d\n", RR_PLUGIN_ABI_MAJOR, RR_PLUGIN_ABI_MINOR);
        print_errors();
        print_options();
        print_events();
        print_host();
        print_plugin();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "game") == 0) {
        printf("abi game %d.%d\n", RR_GAME_ABI_MAJOR, RR_GAME_ABI_MINOR);
        print_variant();
        print_game();
        return 0;
    }
    fprintf(stderr, "usage: layout plugin|game\n");
    return 2;
}
