/* SPDX-License-Identifier: MIT */
/*
 * broken.c - plugins that are broken, each in one way: the one that BREAK_… says.
 *
 * Tests compile them (lib.sh beside this) and compare what `rrctl plugin check` says.
 * PLUGIN_NAME is the name of the file.
 */
#include <rr/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONSTRUCTOR __attribute__((constructor)) static void

#if defined BREAK_CRASH
CONSTRUCTOR
begin(void)
{
    abort(); /* not by SIGSEGV, which sanitizers take for themselves */
}
#elif defined BREAK_HANG
CONSTRUCTOR
begin(void)
{
    for (;;) {
        (void)pause();
    }
}
#elif defined BREAK_FORK
CONSTRUCTOR
begin(void)
{
    if (fork() == 0) {
        (void)setsid();
        for (;;) {
            (void)pause();
        }
    }
}
#elif defined BREAK_DOUBLE
/* Both go on, and both would print a manifest. */
CONSTRUCTOR
begin(void)
{
    (void)!fork();
}
#elif defined BREAK_BOMB
CONSTRUCTOR
begin(void)
{
    for (int i = 0; i < 60; i++) {
        if (fork() == 0) {
            for (;;) {
                (void)pause();
            }
        }
    }
    for (;;) {
        (void)pause();
    }
}
#elif defined BREAK_PRINT
CONSTRUCTOR
begin(void)
{
    static char block[1 << 16];

    memset(block, 'x', sizeof block);
    for (size_t i = 0; i < (1u << 30) / sizeof block; i++) {
        (void)!write(1, block, sizeof block);
    }
}
#elif defined BREAK_CHATTER
CONSTRUCTOR
begin(void)
{
    puts("here I am");
    (void)fflush(stdout);
}
#elif defined BREAK_EXIT
CONSTRUCTOR
begin(void)
{
    _exit(0);
}
#elif defined BREAK_MEMORY
CONSTRUCTOR
begin(void)
{
    const size_t bytes = (size_t)1 << 29;
    volatile char *block = malloc(bytes);

    for (size_t i = 0; block != NULL && i < bytes; i += 4096) {
        block[i] = 1;
    }
    for (;;) {
        (void)pause();
    }
}
#endif

#ifdef BREAK_UNDEFINED
int there_is_no_such_function(void);
#endif

static int
on_event(struct rr_ctx *ctx, const struct rr_event *event, struct rr_err *err)
{
    (void)ctx;
    (void)event;
    (void)err;
#ifdef BREAK_UNDEFINED
    return there_is_no_such_function();
#else
    return RR_DONE;
#endif
}

static const struct rr_opt options[] = {
    {"greeting", RR_OPT_STRING, 0, "Hello", "", "What is said."},
#if defined BREAK_RANGE
    {"limit", RR_OPT_INT, 0, "9", "1..5", "Most of it."},
#elif defined BREAK_TWICE
    {"greeting", RR_OPT_INT, 0, "9", "", "Most of it."},
#elif defined BREAK_HELP
    {"limit", RR_OPT_INT, 0, "9", "", ""},
#elif defined BREAK_CORE_KEY
    {"attempts", RR_OPT_INT, 0, "9", "", "Most of it."},
#endif
#ifdef BREAK_ROWS
#define ROW(n) {"option_" #n, RR_OPT_INT, 0, "9", "", "Nothing."},
#define ROWS(n) ROW(n##0) ROW(n##1) ROW(n##2) ROW(n##3) ROW(n##4) ROW(n##5) ROW(n##6) ROW(n##7)
#define TABLE(n)                                                                                   \
    ROWS(n##0) ROWS(n##1) ROWS(n##2) ROWS(n##3) ROWS(n##4) ROWS(n##5) ROWS(n##6) ROWS(n##7)
#define BIG(n)                                                                                     \
    TABLE(n##0) TABLE(n##1) TABLE(n##2) TABLE(n##3) TABLE(n##4) TABLE(n##5) TABLE(n##6) TABLE(n##7)
    BIG(a) BIG(b) BIG(c) BIG(d) BIG(e) BIG(f) BIG(g) BIG(h) BIG(i) BIG(j) BIG(k) BIG(l) BIG(m)
        BIG(n) BIG(o) BIG(p) BIG(q) BIG(r) BIG(s) BIG(t)
#endif
            RR_OPT_END};

#ifdef BREAK_ENDLESS
/* No row that ends it, and behind it what is no address. */
static const struct {
    struct rr_opt rows[1];
    uint64_t behind[64];
} endless = {{{"greeting", RR_OPT_STRING, 0, "Hello", "", "What is said."}},
             {[0 ... 63] = 0x4141414141414141}};
#define OPTIONS endless.rows
#else
#define OPTIONS options
#endif

#ifdef BREAK_TYPE
#define TYPE_NAME "lower_case"
#else
#define TYPE_NAME "SOMETHING_SAID"
#endif
#define SAID_FIELDS(F, S) F(S, str, who, "", "who said it")
RR_EVENT_TYPE(said, TYPE_NAME, 1, SAID_FIELDS);
static const struct rr_port consumes[] = {{&rr_type_said, 0, 0}, {0}};

#if defined BREAK_DEFAULTS || defined BREAK_CHECK
static int
on_check(struct rr_ctx *ctx, struct rr_err *err)
{
    (void)ctx;
#ifdef BREAK_CHECK
    abort();
#endif
    return rr_err_set(err, RR_E_CONFIG, "greeting is too short");
}
#endif

#ifdef BREAK_STACK
__asm__(".section .note.GNU-stack,\"x\",@progbits\n.text");
#endif
#ifdef BREAK_TEXTREL
__asm__(".text\n.type rr_textrel, @function\nrr_textrel: .quad rr_plugin\n");
#endif
#ifdef BREAK_EXPORTS
RR_EXPORT int helper(void);
int
helper(void)
{
    return 1;
}
#endif

#ifndef BREAK_NAME
#define BREAK_NAME PLUGIN_NAME
#endif
#ifndef BREAK_MAGIC
#define BREAK_MAGIC RR_PLUGIN_MAGIC
#endif
#ifndef BREAK_MAJOR
#define BREAK_MAJOR RR_PLUGIN_ABI_MAJOR
#endif
#ifndef BREAK_MINOR
#define BREAK_MINOR RR_PLUGIN_ABI_MINOR
#endif
#ifndef BREAK_SIZE
#define BREAK_SIZE sizeof(struct rr_plugin)
#endif
#if !defined BREAK_DEFAULTS && !defined BREAK_CHECK
#define on_check NULL
#endif
#ifdef BREAK_CALLBACK
#define on_event NULL
#endif

#ifndef BREAK_SYMBOL
RR_PLUGIN(.magic = BREAK_MAGIC, .size = BREAK_SIZE, .abi_major = BREAK_MAJOR,
          .abi_minor = BREAK_MINOR, .name = BREAK_NAME, .version = "1.0", .summary = "is broken",
          .options = OPTIONS, .consumes = consumes, .check = on_check, .event = on_event)
#endif
