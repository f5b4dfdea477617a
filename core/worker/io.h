/* SPDX-License-Identifier: MIT */
/*
 * io.h - the worker's end of the link: one thread that reads frames while the plugin works.
 *
 * The I/O thread answers PING and takes note of STOP at once; everything else waits for the main
 * thread. When the daemon's end closes, the process ends there and then, with its group, whatever
 * the plugin is doing: nobody is left to take its result.
 */
#ifndef RR_WORKER_IO_H
#define RR_WORKER_IO_H

#include <rr/err.h>

#include <jansson.h>
#include <stdint.h>

struct io;

#define IO_STOP 1 /* a stop was asked for */
#define IO_TIMEOUT 2

/* Start the I/O thread on a SEQPACKET socket. Returns NULL with *err filled. */
struct io *io_new(int fd, uint64_t epoch, struct rr_err *err);

/*
 * Send a frame; body_take may be NULL for {}. May be called from every thread.
 *
 * Returns 0, or -EMSGSIZE with *err filled when the body is too large. A link that fails ends the
 * process.
 */
int io_send(struct io *io, uint16_t type, uint64_t id, json_t *body_take, struct rr_err *err);

/* Bytes that a body takes in a frame. */
size_t io_body_bytes(const json_t *body);

/*
 * Wait for an event until deadline_ms of io_now_ms(), UINT64_MAX for ever. A stop comes before an
 * event that waits.
 *
 * Returns 0 with *lease and *body (new reference), IO_STOP or IO_TIMEOUT.
 */
int io_wait_event(struct io *io, uint64_t deadline_ms, uint64_t *lease, json_t **body);

/* Take an event that arrived and was not waited for. Returns 1 and its lease, or 0. */
int io_take_event(struct io *io, uint64_t *lease);

/* Wait until every DONE but that of lease 0, for which io_wait_reply() waits, is answered. */
void io_settle(struct io *io);

/* Wait for the answer to a request: RESULT, VALUE, or the ACK of lease 0; or for CONFIG, with id 0.
 * Returns its body (new reference), NULL when a stop comes before CONFIG; an answer to anything
 * else is a broken protocol and ends the process. */
json_t *io_wait_reply(struct io *io, uint16_t type, uint64_t id);

/* The same for a RESULT or an ACK, of which only the verdict counts. Returns 0, or the code of the
 * daemon with its text in *err. */
int io_wait_verdict(struct io *io, uint16_t type, uint64_t id, struct rr_err *err);

/* 1 when a stop was asked for. May be called from every thread. */
int io_stopping(const struct io *io);

/* From now on the daemon may close the link: the process is about to end by itself. */
void io_closing(struct io *io);

/* Milliseconds of the monotonic clock. */
uint64_t io_now_ms(void);

/* End this process, and its process group when it leads one. Safe in a signal handler. */
void io_die_with_group(void) __attribute__((noreturn));

#endif
