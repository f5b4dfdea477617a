/* SPDX-License-Identifier: MIT */
/*
 * net_data.h - random positions and targets for the tests of nets, and a folder for their files.
 */
#ifndef TESTS_KIT_NET_DATA_H
#define TESTS_KIT_NET_DATA_H

#include <rr/net.h>

#include <sys/stat.h>
#include <unistd.h>

#include "tests/tap.h"

#define NET_LEGAL_MAX 12

struct net_data {
    struct rr_batch batch;
    uint8_t *planes;
    float *scalars, *val, *value, *weight;
    int64_t *policy_off, *legal_off;
    int32_t *policy_idx, *legal_idx;
};

static inline uint32_t
net_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static inline size_t
net_logits(const struct rr_net_io *io)
{
    return (size_t)io->height * io->width * io->policy_planes + io->policy_scalars;
}

/* n samples; of each three the third has no policy target. */
static inline void
net_data_init(struct net_data *d, const struct rr_net_io *io, uint32_t n, uint64_t seed)
{
    const size_t row = (size_t)io->height * io->width * io->planes;
    const size_t logits = net_logits(io);

    d->planes = malloc(n * row);
    d->scalars = calloc((size_t)n * io->scalars + 1, sizeof(float));
    d->val = calloc((size_t)n * NET_LEGAL_MAX, sizeof(float));
    d->value = calloc((size_t)n * io->seats, sizeof(float));
    d->weight = calloc(n, sizeof(float));
    d->policy_off = calloc(n + 1, sizeof(int64_t));
    d->legal_off = calloc(n + 1, sizeof(int64_t));
    d->policy_idx = calloc((size_t)n * NET_LEGAL_MAX, sizeof(int32_t));
    d->legal_idx = calloc((size_t)n * NET_LEGAL_MAX, sizeof(int32_t));
    for (size_t i = 0; i < n * row; i++) {
        d->planes[i] = net_random(&seed) % 3 == 0 ? (uint8_t)net_random(&seed) : 0;
    }
    for (size_t i = 0; i < (size_t)n * io->scalars; i++) {
        d->scalars[i] = (float)(net_random(&seed) % 200) / 100.0f - 1.0f;
    }
    for (uint32_t i = 0; i < n; i++) {
        const size_t legal = 2 + net_random(&seed) % (NET_LEGAL_MAX - 1);
        const size_t first = net_random(&seed) % logits;
        int64_t at = d->legal_off[i];
        float sum = 0;

        for (size_t k = 0; k < legal; k++) {
            d->legal_idx[at++] = (int32_t)((first + k * (logits / NET_LEGAL_MAX)) % logits);
        }
        d->legal_off[i + 1] = at;
        at = d->policy_off[i];
        for (int64_t k = d->legal_off[i]; k < d->legal_off[i + 1] && i % 3 != 2; k += 2) {
            d->policy_idx[at] = d->legal_idx[k];
            d->val[at] = 0.1f + (float)(net_random(&seed) % 100);
            sum += d->val[at++];
        }
        for (int64_t k = d->policy_off[i]; k < at; k++) {
            d->val[k] /= sum;
        }
        d->policy_off[i + 1] = at;
        d->value[i * io->seats + net_random(&seed) % io->seats] += 0.75f;
        d->value[i * io->seats + net_random(&seed) % io->seats] += 0.25f;
        d->weight[i] = 0.5f + (float)(i % 3) * 0.5f;
    }
    d->batch = (struct rr_batch){.n = n,
                                 .planes = d->planes,
                                 .scalars = d->scalars,
                                 .policy_off = d->policy_off,
                                 .policy_idx = d->policy_idx,
                                 .policy_val = d->val,
                                 .legal_off = d->legal_off,
                                 .legal_idx = d->legal_idx,
                                 .value = d->value,
                                 .weight = d->weight};
}

static inline void
net_data_fini(struct net_data *d)
{
    free(d->planes);
    free(d->scalars);
    free(d->val);
    free(d->value);
    free(d->weight);
    free(d->policy_off);
    free(d->legal_off);
    free(d->policy_idx);
    free(d->legal_idx);
}

/* A folder of its own for the files of a test; removed, with them, by net_folder_remove(). */
static char net_folder[256];

static inline const char *
net_file(const char *name)
{
    static char path[2][320];
    static int turn;

    if (net_folder[0] == '\0') {
        const char *tmp = getenv("TMPDIR");

        (void)snprintf(net_folder, sizeof net_folder, "%s/rr-net-XXXXXX",
                       tmp == NULL ? "/tmp" : tmp);
        if (mkdtemp(net_folder) == NULL) {
            perror(net_folder);
            exit(1);
        }
    }
    turn = !turn;
    (void)snprintf(path[turn], sizeof path[turn], "%s/%s", net_folder, name);
    return path[turn];
}

static inline void
net_folder_remove(const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        (void)unlink(net_file(names[i]));
    }
    ok(rmdir(net_folder) == 0, "nothing else was left in the folder");
}

/* Whole files as bytes. */
static inline char *
net_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    char *bytes = NULL;

    *n = 0;
    if (f != NULL && fstat(fileno(f), &st) == 0) {
        bytes = malloc((size_t)st.st_size + 1);
        *n = bytes == NULL ? 0 : fread(bytes, 1, (size_t)st.st_size, f);
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return bytes;
}

static inline bool
net_write(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    const bool good = f != NULL && fwrite(bytes, 1, n, f) == n;

    return f != NULL && fclose(f) == 0 && good;
}

#endif
