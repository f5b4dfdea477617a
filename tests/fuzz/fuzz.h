/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what every fuzz target has.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The target, by the name that libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
check(bool holds)
{
    if (!holds) {
        abort();
    }
}

#endif
