/* SPDX-License-Identifier: MIT */
/*
 * wire.h - frames between the daemon and a worker.
 *
 * One frame is one SEQPACKET message on descriptor 3 of the worker: a header of 32 bytes and one
 * JSON object in UTF-8. All numbers of the header are little endian:
 *
 *     offset  0  u32  magic "RRF1"      offset 12  u32  flags, 0
 *             4  u16  version               16  u64  id
 *             6  u16  type                  24  u64  epoch of the stage
 *             8  u32  bytes of body
 *
 * Version log (goes up when a frame is added or changes meaning; both sides are built together, so
 * they must be equal):
 *   1  first version
 *   2  credit: several EVENTs at a time; RESULT answers EMIT; ASIDE
 *
 *     worker -> daemon                                   daemon -> worker
 *     HELLO    {abi,name,version,sha256,pid}             CONFIG {stage,credit,options:{},facts:{}}
 *     READY    {}                                        EVENT  id=lease {attempt,id,time_ms,type,
 *     DONE     id=lease, 0 when aside                           source,config,parents:[],
 *              {emits:[{type,version,key|null,                  payload:{},key if it has one}
 *              config,payload:{}}],puts:{k:text|null}}   ACK    id=lease {ok:true} or
 *     RETRY    id=lease {error,stop}                            {ok:false,code,error}
 *     REJECT   id=lease {error}                          RESULT id=request, as ACK
 *     FATAL    id=lease, 0 when aside {error}            VALUE  id=request {value:text|null}
 *     EMIT     id=request                                       or {value:null,code,error}
 *              {type,version,key,config,payload:{}}      PING   id {}
 *     GET      id=request {key}                          STOP   {}
 *     PROGRESS {done,total,text}
 *     NOTE     {config,text}
 *     LOG      {level,text}
 *     PONG     id {}
 *     ASIDE    {on}
 *     DRAINED  {}
 *
 * Credit: a worker has at most `credit` EVENTs that it did not answer by DONE, RETRY or REJECT. It
 * handles them one after another and answers in the order of their arrival; an answer to any other
 * is a breach of the protocol. The daemon counts the first unanswered one as the event being
 * handled, unless the worker said ASIDE {on:true}: it runs idle or drain, which belong to no event,
 * until ASIDE {on:false}.
 *
 * ACK answers DONE, when its commit is durable or was refused; the worker goes on meanwhile, but
 * for DONE 0, whose ACK it waits for. The daemon may hold that ACK, and the RESULT of an EMIT
 * outside an event, back while a queue that it adds to has no room. RESULT answers EMIT, VALUE
 * answers GET. A VALUE contains what every DONE before the GET has put, and only when that is
 * durable. At most one EMIT or GET is open at a time.
 */
#ifndef RR_CORE_WIRE_H
#define RR_CORE_WIRE_H

#include <rr/err.h>

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define RR_WIRE_MAGIC 0x31465252u
#define RR_WIRE_VERSION 2u
#define RR_WIRE_HEADER_BYTES 32u
#define RR_WIRE_BODY_MAX 65536u
#define RR_WIRE_FRAME_MAX (RR_WIRE_HEADER_BYTES + RR_WIRE_BODY_MAX)

/* Longest name in a frame: event type, stage, configuration key, durable key, emit key. */
#define RR_WIRE_NAME_MAX 255u
/* Longest payload of one event, as compact JSON: what is left of a body when every name around it
 * has full length and is escaped. Both sides refuse a larger one when it is emitted. */
#define RR_WIRE_PAYLOAD_MAX 57344u
/* Most EVENTs that a worker may hold. */
#define RR_WIRE_CREDIT_MAX 256u
/* Longest text of a durable key. */
#define RR_WIRE_VALUE_MAX 32768u

enum wire_type {
    WIRE_HELLO = 1,
    WIRE_READY,
    WIRE_DONE,
    WIRE_RETRY,
    WIRE_REJECT,
    WIRE_FATAL,
    WIRE_EMIT,
    WIRE_GET,
    WIRE_PROGRESS,
    WIRE_NOTE,
    WIRE_LOG,
    WIRE_PONG,
    WIRE_DRAINED,
    WIRE_ASIDE,
    WIRE_FROM_WORKER_END, /* not a frame: one past the last that a worker sends */
    WIRE_CONFIG = 64,
    WIRE_EVENT,
    WIRE_ACK,
    WIRE_RESULT,
    WIRE_VALUE,
    WIRE_PING,
    WIRE_STOP,
    WIRE_FROM_DAEMON_END /* not a frame */
};

struct wire_frame {
    uint16_t type; /* WIRE_* */
    uint64_t id;
    uint64_t epoch;
    const char *body; /* not NUL terminated when decoded; borrowed from the message */
    size_t body_bytes;
};

/* Name of a frame type for messages; "unknown" for anything else. */
const char *wire_name(uint16_t type);

/* 1 when a worker sends (from_daemon 0) or the daemon sends (from_daemon 1) frames of this type. */
int wire_type_known(uint16_t type, int from_daemon);

/* Write the header of a frame with body_bytes of body into out[RR_WIRE_HEADER_BYTES]. The body may
 * then follow in the same message from elsewhere (sendmsg with two parts). */
void wire_put_header(uint8_t *out, uint16_t type, uint64_t id, uint64_t epoch, uint32_t body_bytes);

/*
 * Write a whole frame into out.
 *
 * Returns the bytes written, or -EMSGSIZE when the body is over RR_WIRE_BODY_MAX or cap too small.
 */
int wire_encode(const struct wire_frame *frame, uint8_t *out, size_t cap, struct rr_err *err);

/*
 * Take a received message apart. Everything in the header is checked, the type against the
 * direction; the body is checked for its length only (wire_body parses it).
 *
 * Returns 0 or RR_E_PROTO.
 */
int wire_decode(const uint8_t *message, size_t bytes, int from_daemon, struct wire_frame *frame,
                struct rr_err *err);

/* Parse the body of a frame, which must be one JSON object without duplicate names.
 * Returns a new reference, or NULL with *err filled (RR_E_PROTO). */
json_t *wire_body_new(const struct wire_frame *frame, struct rr_err *err);

#endif
