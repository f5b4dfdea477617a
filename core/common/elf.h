/* SPDX-License-Identifier: MIT */
/*
 * elf.h - look at a shared object without loading it.
 *
 * To load one that is cut off ends in SIGBUS, and loading runs what is in it: so it is looked at
 * before. Reads only what the file has, whatever its tables say.
 */
#ifndef RR_CORE_ELF_H
#define RR_CORE_ELF_H

#include "core/common/text.h"

#include <rr/err.h>

#include <stdbool.h>

/* Whether this machine could load it: ELF, a shared object, of this machine, all of it there.
 * Returns 0 or RR_E_PLUGIN. */
int elf_check(int fd, struct rr_err *err);

struct elf_look {
    struct text_list exports; /* symbols that others can find */
    struct text_list needs;   /* libraries */
    bool wants_exec_stack;
    bool has_text_relocations;
};

/* Look into one that elf_check() has passed. What its tables leave out is not found. */
void elf_look(int fd, struct elf_look *out);
void elf_look_free(struct elf_look *look);

#endif
