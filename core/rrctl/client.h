/* SPDX-License-Identifier: MIT */
/*
 * client.h - questions to a running daemon over its control socket.
 *
 * One JSON line asks; JSON lines answer. Every wait has a limit, and no answer is believed that is
 * not what the protocol says: a daemon that hangs, dies half way or speaks another version ends in
 * one clear message.
 */
#ifndef RR_CORE_RRCTL_CLIENT_H
#define RR_CORE_RRCTL_CLIENT_H

#include <rr/err.h>

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CLIENT_PROTOCOL_VERSION 1

struct client {
    int fd;              /* -1 when closed */
    int64_t deadline_ms; /* all waits end then */
    char *buffer;
    size_t used, cap;
    const char *dir; /* for messages, borrowed */
    bool follows;    /* the daemon has said that events may come at any time */
    const volatile sig_atomic_t *interrupted; /* ends a wait with -EINTR; may be NULL */
};

/* The monotonic clock. */
int64_t client_now_ms(void);

/*
 * Connect to the daemon of a directory.
 *
 * Returns 0, -ECONNREFUSED when none runs there, -EACCES, RR_E_TIMEOUT, or another negative code.
 */
int client_open(struct client *cl, const char *dir, int timeout_ms, struct rr_err *err);
void client_close(struct client *cl);

/* Waits end so long from now; client_open() sets that too. */
void client_limit(struct client *cl, int timeout_ms);

/* Process id of the daemon at the other end; 0 when the kernel does not tell. */
pid_t client_peer(const struct client *cl);

/* Send a request, whose args may be NULL, and wait for the one line that answers it: *result is new
 * on success, else the daemon's refusal is turned into *err and the code that belongs to its exit
 * status. */
int client_call(struct client *cl, const char *cmd, json_t *args_take, json_t **result,
                struct rr_err *err);

/* Open, call, close. */
int client_ask(const char *dir, int timeout_ms, const char *cmd, json_t *args_take, json_t **result,
               struct rr_err *err);

/* Open and ask for events, which client_event() then gives. On failure cl is closed. */
int client_follow(struct client *cl, const char *dir, int timeout_ms, json_t *args_take,
                  struct rr_err *err);

/* Wait for the next event. Returns 1 with *event new, 0 at the end, or a negative code. Once the
 * daemon follows, any limit but 0 means as long as it takes. */
int client_event(struct client *cl, int timeout_ms, json_t **event, struct rr_err *err);

#endif
