/* SPDX-License-Identifier: MIT */
/*
 * rr/err.h - how a call that failed says what happened.
 *
 * A function that can fail returns an int: 0 on success, a negative errno value or a negative
 * RR_E_* code on failure. Its last parameter is a struct rr_err, filled by the lowest function
 * that knows the context. A function either returns an error or logs it, never both.
 */
#ifndef RR_ERR_H
#define RR_ERR_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define RR_E_EMPTY (-1001)    /* nothing there (yet); not a fault */
#define RR_E_CONFIG (-1002)   /* configuration is wrong; exit status 78 */
#define RR_E_PLUGIN (-1003)   /* a plugin cannot be loaded; exit status 69 */
#define RR_E_CORRUPT (-1004)  /* stored data fails its checks; exit status 65 */
#define RR_E_PROTO (-1005)    /* the other side broke the protocol */
#define RR_E_BUSY (-1006)     /* locked or running already; exit status 5 */
#define RR_E_TIMEOUT (-1007)  /* no answer in time; exit status 6 */
#define RR_E_MISMATCH (-1008) /* layouts or versions differ; refused, never guessed */
#define RR_E_STOPPED (-1009)  /* ended early because a stop was asked for */
#define RR_E_INPUT (-1010)    /* malformed input: file, text or argument */

struct rr_err {
    uint32_t size; /* sizeof(struct rr_err) of whoever made it */
    int32_t code;  /* 0 when no error */
    char text[248];
};

#define RR_ERR_INIT                                                                                \
    {                                                                                              \
        .size = sizeof(struct rr_err)                                                              \
    }

/* Fill *err (NULL is allowed) and return code, so that `return rr_err_set(...)` reads well. */
__attribute__((format(printf, 3, 4))) static inline int
rr_err_set(struct rr_err *err, int code, const char *fmt, ...)
{
    if (err != NULL) {
        va_list ap;
        va_start(ap, fmt);
        err->code = code;
        (void)vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
    }
    return code;
}

/* Put "text: " (120 bytes of it at most) in front of what *err says already; returns err->code. */
__attribute__((format(printf, 2, 3))) static inline int
rr_err_wrap(struct rr_err *err, const char *fmt, ...)
{
    char head[sizeof err->text];
    char tail[sizeof err->text];
    va_list ap;

    if (err == NULL) {
        return RR_E_INPUT;
    }
    va_start(ap, fmt);
    (void)vsnprintf(head, sizeof head, fmt, ap);
    va_end(ap);
    memcpy(tail, err->text, sizeof tail);
    const int n = snprintf(err->text, sizeof err->text, "%.120s: ", head);
    (void)snprintf(err->text + n, sizeof err->text - (size_t)n, "%.*s",
                   (int)sizeof err->text - n - 1, tail);
    return err->code;
}

#endif
