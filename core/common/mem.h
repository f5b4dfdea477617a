/* SPDX-License-Identifier: MIT */
/*
 * mem.h - allocation for the programs of the core.
 *
 * These functions never return NULL: a process that cannot get the few bytes it asked for ends at
 * once, with a message and status 1. That loses nothing, because everything that was promised to
 * anybody lies in the store already, and it keeps paths that no test reaches out of every caller.
 * Sizes that come from outside (frames, requests, files) are limited before anything is allocated.
 */
#ifndef RR_CORE_MEM_H
#define RR_CORE_MEM_H

#include <stdarg.h>
#include <stddef.h>

/* Multiply or add sizes; an overflow ends the process. */
size_t mem_mul(size_t a, size_t b);
size_t mem_add(size_t a, size_t b);

/* Allocate zeroed memory for n items of a size. */
void *mem_zalloc(size_t n, size_t size);

/* Resize to n items of a size; new memory is not cleared. */
void *mem_resize(void *p, size_t n, size_t size);

/* Copy a string; NULL gives NULL. */
char *mem_dup(const char *s);

/* Copy n bytes and put a NUL behind them. */
char *mem_dupn(const char *s, size_t n);

/* Print into a new string. */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

#endif
