/* SPDX-License-Identifier: MIT */
/*
 * elf.c - read heads, dynamic section and symbols of a shared object of this machine's kind.
 */
#include "core/common/elf.h"

#include "core/common/mem.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if __ELF_NATIVE_CLASS == 64
#define ST_BIND ELF64_ST_BIND
#define ST_VISIBILITY ELF64_ST_VISIBILITY
#else
#define ST_BIND ELF32_ST_BIND
#define ST_VISIBILITY ELF32_ST_VISIBILITY
#endif

/* Tables of symbols, strings and the like that are larger are not looked at. */
#define TABLE_MAX ((size_t)64 << 20)

static const char *
machine_name(unsigned machine)
{
    static const struct {
        unsigned machine;
        const char *name;
    } all[] = {{EM_X86_64, "x86-64"}, {EM_386, "x86, 32 bits"}, {EM_AARCH64, "ARM, 64 bits"},
               {EM_ARM, "ARM"},       {EM_RISCV, "RISC-V"},     {EM_PPC64, "POWER"},
               {EM_S390, "S/390"}};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].machine == machine) {
            return all[i].name;
        }
    }
    return "another machine";
}

static bool
read_at(int fd, uint64_t at, void *out, size_t n)
{
    return at <= INT64_MAX && pread(fd, out, n, (off_t)at) == (ssize_t)n;
}

static bool
read_head(int fd, ElfW(Ehdr) * head)
{
    return read_at(fd, 0, head, sizeof *head) && memcmp(head->e_ident, ELFMAG, SELFMAG) == 0;
}

int
elf_check(int fd, struct rr_err *err)
{
    const int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ElfW(Ehdr) head;
    ElfW(Ehdr) own = {0};
    ElfW(Phdr) segment;
    struct stat st;
    const bool has_own = self >= 0 && read_head(self, &own);

    if (self >= 0) {
        (void)close(self);
    }
    if (!read_head(fd, &head) || fstat(fd, &st) != 0) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "it is not an ELF shared object: build it with cc -shared -fPIC");
    }
    if (has_own &&
        (head.e_machine != own.e_machine || memcmp(head.e_ident, own.e_ident, EI_VERSION) != 0)) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "it is for %s, this machine is %s: build it for this one",
                          machine_name(head.e_machine), machine_name(own.e_machine));
    }
    if (head.e_type != ET_DYN || head.e_phentsize != sizeof segment) {
        return rr_err_set(err, RR_E_PLUGIN,
                          "it is ELF, but no shared object: build it with cc -shared -fPIC");
    }
    for (unsigned i = 0; i < head.e_phnum; i++) {
        if (!read_at(fd, head.e_phoff + i * sizeof segment, &segment, sizeof segment) ||
            segment.p_filesz > (uint64_t)st.st_size ||
            segment.p_offset > (uint64_t)st.st_size - segment.p_filesz) {
            return rr_err_set(err, RR_E_PLUGIN, "it is cut off: copy or build it again");
        }
    }
    return 0;
}

/* n bytes of the file with a NUL behind them, NULL when it has not so many. */
static char *
piece_new(int fd, uint64_t at, uint64_t n)
{
    char *piece = n > TABLE_MAX ? NULL : mem_zalloc(n + 1, 1);

    if (piece != NULL && !read_at(fd, at, piece, n)) {
        free(piece);
        piece = NULL;
    }
    return piece;
}

static void
look_at_dynamic(const char *table, uint64_t bytes, const char *strings, uint64_t n_strings,
                struct elf_look *out)
{
    ElfW(Dyn) row;

    for (uint64_t at = 0; at + sizeof row <= bytes; at += sizeof row) {
        memcpy(&row, table + at, sizeof row);
        if (row.d_tag == DT_NEEDED && row.d_un.d_val < n_strings) {
            text_list_add(&out->needs, strings + row.d_un.d_val);
        }
        out->has_text_relocations = out->has_text_relocations || row.d_tag == DT_TEXTREL ||
                                    (row.d_tag == DT_FLAGS && (row.d_un.d_val & DF_TEXTREL) != 0);
    }
}

static void
look_at_symbols(const char *table, uint64_t bytes, const char *strings, uint64_t n_strings,
                struct elf_look *out)
{
    ElfW(Sym) row;

    for (uint64_t at = 0; at + sizeof row <= bytes; at += sizeof row) {
        memcpy(&row, table + at, sizeof row);
        if (row.st_shndx != SHN_UNDEF && ST_BIND(row.st_info) != STB_LOCAL &&
            ST_VISIBILITY(row.st_other) == STV_DEFAULT && row.st_name < n_strings) {
            text_list_add(&out->exports, strings + row.st_name);
        }
    }
}

void
elf_look(int fd, struct elf_look *out)
{
    ElfW(Ehdr) head;
    ElfW(Phdr) segment;
    ElfW(Shdr) section;
    ElfW(Shdr) names;

    memset(out, 0, sizeof *out);
    if (!read_head(fd, &head)) {
        return;
    }
    for (unsigned i = 0; i < head.e_phnum; i++) {
        if (read_at(fd, head.e_phoff + i * sizeof segment, &segment, sizeof segment) &&
            segment.p_type == PT_GNU_STACK) {
            out->wants_exec_stack = (segment.p_flags & PF_X) != 0;
        }
    }
    for (unsigned i = 0; i < head.e_shnum; i++) {
        if (!read_at(fd, head.e_shoff + i * sizeof section, &section, sizeof section) ||
            (section.sh_type != SHT_DYNAMIC && section.sh_type != SHT_DYNSYM) ||
            !read_at(fd, head.e_shoff + section.sh_link * sizeof names, &names, sizeof names)) {
            continue;
        }
        char *table = piece_new(fd, section.sh_offset, section.sh_size);
        char *strings = piece_new(fd, names.sh_offset, names.sh_size);

        if (table != NULL && strings != NULL) {
            (section.sh_type == SHT_DYNAMIC ? look_at_dynamic : look_at_symbols)(
                table, section.sh_size, strings, names.sh_size, out);
        }
        free(table);
        free(strings);
    }
}

void
elf_look_free(struct elf_look *look)
{
    text_list_free(&look->exports);
    text_list_free(&look->needs);
}
