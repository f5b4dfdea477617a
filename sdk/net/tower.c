/* SPDX-License-Identifier: MIT */
/*
 * tower.c - writes the graph of the default net for games: a residual tower.
 *
 * No normalisation layers: as in Fixup (Zhang, Dauphin & Ma 2019) the last layer of each residual
 * branch and of each head starts at zero and the first of a branch is scaled by blocks^(-1/2), so
 * that the net starts as the identity and trains at normal rates at any depth. Global pooling as a
 * bias to the trunk and the heads follows KataGo (Wu 2019): it lets one cell see the whole board.
 */
#include <rr/net.h>

#include <jansson.h>

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#define BLOCKS_MAX 64u
#define CHANNELS_MAX 1024u

/* Append a node, in the notation of json_pack. Without memory it is left out, and whoever parses
 * the graph finds that. */
static void
node(json_t *nodes, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)json_array_append_new(nodes, json_vpack_ex(NULL, 0, fmt, ap));
    va_end(ap);
}

static void
conv(json_t *nodes, const char *name, const char *in, uint32_t out, int kernel, int relu,
     double gain)
{
    node(nodes, "{ss ss s[s] si si sb sf}", "name", name, "op", "conv2d", "in", in, "out", (int)out,
         "kernel", kernel, "relu", relu, "gain", gain);
}

static void
linear(json_t *nodes, const char *name, const char *in, uint32_t out, int relu, double gain)
{
    node(nodes, "{ss ss s[s] si sb sf}", "name", name, "op", "linear", "in", in, "out", (int)out,
         "relu", relu, "gain", gain);
}

static void
join(json_t *nodes, const char *name, const char *op, const char *a, const char *b)
{
    node(nodes, "{ss ss s[ss] sb}", "name", name, "op", op, "in", a, b, "relu", 1);
}

static void
pool(json_t *nodes, const char *name, const char *in)
{
    node(nodes, "{ss ss s[s]}", "name", name, "op", "global_pool", "in", in);
}

/* The names of nodes are block NUMBER, a dot and what they are; 32 bytes hold all of them. */
static void
block(json_t *nodes, const struct rr_tower *t, uint32_t number, const char *in, char *out)
{
    const double gain = 1.0 / sqrt((double)t->blocks);
    char name[6][32];
    static const char *const what[6] = {"conv1", "pool", "bias", "biased", "conv2", "out"};
    const char *mid = name[0];

    for (int i = 0; i < 6; i++) {
        (void)snprintf(name[i], sizeof name[i], "b%u.%s", number, what[i]);
    }
    conv(nodes, name[0], in, t->channels, 3, 1, gain);
    if (t->pool_every != 0 && number % t->pool_every == 0) {
        pool(nodes, name[1], name[0]);
        linear(nodes, name[2], name[1], t->channels, 0, 0.0);
        join(nodes, name[3], "add_channels", name[0], name[2]);
        mid = name[3];
    }
    conv(nodes, name[4], mid, t->channels, 3, 0, 0.0);
    join(nodes, name[5], "add", in, name[4]);
    memcpy(out, name[5], sizeof name[5]);
}

static void
heads(json_t *nodes, const struct rr_tower *t, const char *trunk)
{
    const uint32_t c = t->head_channels;

    conv(nodes, "policy.conv", trunk, c, 1, 1, 1.0);
    pool(nodes, "policy.pool", "policy.conv");
    linear(nodes, "policy.bias", "policy.pool", c, 0, 0.0);
    join(nodes, "policy.biased", "add_channels", "policy.conv", "policy.bias");
    conv(nodes, "policy.cells", "policy.biased", t->io.policy_planes, 1, 0, 0.0);
    if (t->io.policy_scalars > 0) {
        linear(nodes, "policy.single", "policy.pool", t->io.policy_scalars, 0, 0.0);
        node(nodes, "{ss ss s[ss]}", "name", "policy", "op", "policy", "in", "policy.cells",
             "policy.single");
    } else {
        node(nodes, "{ss ss s[s]}", "name", "policy", "op", "policy", "in", "policy.cells");
    }
    conv(nodes, "value.conv", trunk, c, 1, 1, 1.0);
    pool(nodes, "value.pool", "value.conv");
    linear(nodes, "value.hidden", "value.pool", 2 * c, 1, 1.0);
    linear(nodes, "value.logits", "value.hidden", t->io.seats, 0, 0.0);
    node(nodes, "{ss ss s[s]}", "name", "value", "op", "value", "in", "value.logits");
}

int
rr_tower_graph(const struct rr_tower *tower, char **json, struct rr_err *err)
{
    const struct rr_net_io *io = &tower->io;
    char trunk[32] = "stem";
    json_t *nodes, *root;

    *json = NULL;
    if (tower->channels == 0 || tower->channels > CHANNELS_MAX || tower->blocks == 0 ||
        tower->blocks > BLOCKS_MAX || tower->head_channels == 0 ||
        tower->head_channels > CHANNELS_MAX) {
        return rr_err_set(err, RR_E_INPUT,
                          "tower: blocks must be 1 to %u, channels and head channels 1 to %u",
                          BLOCKS_MAX, CHANNELS_MAX);
    }
    nodes = json_array();
    node(nodes, "{ss ss}", "name", "planes", "op", "input_planes");
    if (io->scalars > 0) {
        node(nodes, "{ss ss}", "name", "scalars", "op", "input_scalars");
        conv(nodes, "stem.cells", "planes", tower->channels, 3, 0, 1.0);
        linear(nodes, "stem.scalars", "scalars", tower->channels, 0, 1.0);
        join(nodes, "stem", "add_channels", "stem.cells", "stem.scalars");
    } else {
        conv(nodes, "stem", "planes", tower->channels, 3, 1, 1.0);
    }
    for (uint32_t i = 1; i <= tower->blocks; i++) {
        char in[32];

        memcpy(in, trunk, sizeof in);
        block(nodes, tower, i, in, trunk);
    }
    heads(nodes, tower, trunk);
    root = json_pack("{ss s{si si si si si si si} so}", "format", "rr-graph/1", "io", "height",
                     (int)io->height, "width", (int)io->width, "planes", (int)io->planes, "scalars",
                     (int)io->scalars, "policy_planes", (int)io->policy_planes, "policy_scalars",
                     (int)io->policy_scalars, "seats", (int)io->seats, "nodes", nodes);
    *json = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return *json == NULL ? rr_err_set(err, -ENOMEM, "tower: out of memory") : 0;
}
