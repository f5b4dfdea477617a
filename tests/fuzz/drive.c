/* SPDX-License-Identifier: MIT */
/*
 * drive.c - run a fuzz target without libFuzzer: the files of its corpus, then so many mutations of
 * them, the same ones in every run.
 *
 *     TARGET [RUNS]        without RUNS: what the target can do in 2 s, with RR_FULL=1 in 60 s
 *
 * Compiled with FUZZ_CORPUS, the folder in tests/fuzz/corpus, and FUZZ_ID, the reliability id.
 * A crash ends the program; the input is then in standard error as hexadecimal digits.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/tap.h"

#include <dirent.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_MAX = 70000, SEEDS_MAX = 200 };

static struct {
    uint8_t *data;
    size_t size;
} seeds[SEEDS_MAX];
static size_t n_seeds;

static uint8_t input[INPUT_MAX];
static size_t input_size;
static uint64_t state = 88172645463325252u;

static size_t
below(size_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return n == 0 ? 0 : (size_t)(state % n);
}

static void
on_crash(int signo)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < input_size; i++) {
        const char two[2] = {digits[input[i] >> 4], digits[input[i] & 15]};
        const ssize_t ignored = write(STDERR_FILENO, two, 2);

        (void)ignored;
    }
    (void)signal(signo, SIG_DFL);
    (void)raise(signo);
}

static void
read_corpus(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir != NULL && n_seeds < SEEDS_MAX && (entry = readdir(dir)) != NULL) {
        char name[1024];
        FILE *file;

        (void)snprintf(name, sizeof name, "%.700s/%s", path, entry->d_name);
        file = entry->d_name[0] == '.' ? NULL : fopen(name, "rb");
        if (file != NULL) {
            seeds[n_seeds].data = malloc(INPUT_MAX);
            if (seeds[n_seeds].data != NULL) {
                seeds[n_seeds].size = fread(seeds[n_seeds].data, 1, INPUT_MAX, file);
                n_seeds++;
            }
            (void)fclose(file);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

static void
mutate(void)
{
    const size_t at = below(input_size);
    const size_t n = 1 + below(input_size - at < 32 ? input_size - at : 32);
    const size_t other = below(n_seeds);

    switch (below(7)) {
    case 0:
        input[at] ^= (uint8_t)(1u << below(8));
        break;
    case 1:
        input[at] = (uint8_t)below(256);
        break;
    case 2: /* cut out */
        memmove(input + at, input + at + n, input_size - at - n);
        input_size -= n;
        break;
    case 3: /* repeat */
        if (input_size + n <= INPUT_MAX) {
            memmove(input + at + n, input + at, input_size - at);
            input_size += n;
        }
        break;
    case 4: /* end early */
        input_size = at;
        break;
    case 5: { /* the rest of another one */
        const size_t from = below(seeds[other].size);
        const size_t most = seeds[other].size - from;
        const size_t take = most < INPUT_MAX - at ? most : INPUT_MAX - at;

        memcpy(input + at, seeds[other].data + from, take);
        input_size = at + take;
        break;
    }
    default: /* a number at a border */
        input[at] = (uint8_t[]){0, 1, 127, 128, 255, '"', '\\', '{', '9', '-'}[below(10)];
        break;
    }
}

static double
now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int
main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : NULL;
    const char *source = getenv("RR_SRCDIR");
    char corpus[1024];
    const double end = now_s() + (getenv("RR_FULL") == NULL ? 2 : 60);
    size_t runs = 0;

    (void)snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s", source == NULL ? "." : source,
                   FUZZ_CORPUS);
    (void)signal(SIGSEGV, on_crash);
    (void)signal(SIGABRT, on_crash);
    (void)signal(SIGBUS, on_crash);
    read_corpus(corpus);
    ok(n_seeds > 0, FUZZ_ID " the corpus %s has %zu inputs", FUZZ_CORPUS, n_seeds);
    for (size_t i = 0; i < n_seeds; i++) {
        memcpy(input, seeds[i].data, seeds[i].size);
        input_size = seeds[i].size;
        (void)LLVMFuzzerTestOneInput(input, input_size);
    }
    while (n_seeds > 0 && (wanted == NULL ? now_s() < end : runs < strtoull(wanted, NULL, 10))) {
        const size_t i = below(n_seeds);

        memcpy(input, seeds[i].data, seeds[i].size);
        input_size = seeds[i].size;
        for (size_t k = 1 + below(8); k > 0 && input_size > 0; k--) {
            mutate();
        }
        (void)LLVMFuzzerTestOneInput(input, input_size);
        runs++;
    }
    ok(runs > 0, FUZZ_ID " %zu mutations of them do no harm", runs);
    for (size_t i = 0; i < n_seeds; i++) {
        free(seeds[i].data);
    }
    return tap_done();
}
