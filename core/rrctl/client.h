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
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CLIENT_PROTOCOL_VERSION 1

struct client {
    int fd; /* -1 when closed */
    char *buffer;
    size_t used, cap;
    size_t scanned;                           /* bytes of the buffer known to hold no newline */
    char dir[200];                            /* for messages */
    const volatile sig_atomic_t *interrupted; /* ends a wait with -EINTR; may be NULL */
};

/*
 * Connect to the daemon of a directory.
 *
 * Returns 0, -ECONNREFUSED when none runs there, -EACCES, RR_E_TIMEOUT, or another negative code.
 */
int client_open(struct client *cl, const char *dir, int timeout_ms, struct rr_err *err);
void client_close(struct client *cl);

/* Process id of the daemon at the other end; 0 when the kernel does not tell. */
pid_t client_peer(const struct client *cl);

/* Send one request; args is borrowed and may be NULL. */
int client_send(struct client *cl, const char *cmd, json_t *args, int timeout_ms,
                struct rr_err *err);

/* Wait for the next line. *line is new. Returns 0, RR_E_TIMEOUT, -EINTR, -ECONNRESET when the
 * daemon closed the connection, or RR_E_PROTO. */
int client_line(struct client *cl, int timeout_ms, json_t **line, struct rr_err *err);

/* Judge the line that ends an answer: *result is new on success, else the daemon's refusal is
 * turned into *err and the code that belongs to its exit status. */
int client_result(struct client *cl, json_t *line, json_t **result, struct rr_err *err);

/* Open, ask, take the result, close. */
int client_ask(const char *dir, int timeout_ms, const volatile sig_atomic_t *interrupted,
               const char *cmd, json_t *args, json_t **result, struct rr_err *err);

#endif
