/* SPDX-License-Identifier: MIT */
/*
 * mem.c - checked allocation; see mem.h for why it does not return NULL.
 */
#include "core/common/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noreturn)) static void
out_of_memory(void)
{
    static const char text[] = "out of memory\n";

    (void)fwrite(text, 1, sizeof text - 1, stderr);
    _Exit(1);
}

size_t
mem_mul(size_t a, size_t b)
{
    size_t product;

    if (__builtin_mul_overflow(a, b, &product)) {
        out_of_memory();
    }
    return product;
}

size_t
mem_add(size_t a, size_t b)
{
    size_t sum;

    if (__builtin_add_overflow(a, b, &sum)) {
        out_of_memory();
    }
    return sum;
}

void *
mem_zalloc(size_t n, size_t size)
{
    void *p = calloc(n == 0 ? 1 : n, size == 0 ? 1 : size);

    if (p == NULL) {
        out_of_memory();
    }
    return p;
}

void *
mem_resize(void *p, size_t n, size_t size)
{
    const size_t bytes = mem_mul(n, size);
    void *q = realloc(p, bytes == 0 ? 1 : bytes);

    if (q == NULL) {
        out_of_memory();
    }
    return q;
}

char *
mem_dup(const char *s)
{
    return s == NULL ? NULL : mem_dupn(s, strlen(s));
}

char *
mem_dupn(const char *s, size_t n)
{
    char *copy = mem_zalloc(mem_add(n, 1), 1);

    memcpy(copy, s, n);
    return copy;
}

char *
mem_vprintf(const char *fmt, va_list ap)
{
    char *text = NULL;

    if (vasprintf(&text, fmt, ap) < 0) {
        out_of_memory();
    }
    return text;
}

char *
mem_printf(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    char *text = mem_vprintf(fmt, ap);

    va_end(ap);
    return text;
}
