/* SPDX-License-Identifier: MIT */
/*
 * game_verify.c - replays recorded games: every list, every state, every result.
 *
 * Knows the record format, but no game: lists, states and results are compared as text. In a
 * recorded state the value `*` matches anything.
 */
#include "sdk/tools/game_verify.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/tools/game_reader.h"

struct listed {
    size_t at; /* of the text in the arena */
    rr_move move;
};

struct verify {
    struct reader in;
    const struct rr_game *g;
    const struct rr_variant *v;
    struct verify_count *count;
    struct rr_err *err;
    void *state;
    rr_move *moves;
    struct listed *list;
    uint32_t listed;
    uint64_t *owner; /* of each policy index: number of the list that used it last */
    uint64_t list_no;
    char *arena; /* texts of the list, each with its NUL */
    size_t arena_cap;
    char *text;
    uint64_t games; /* of this file */
    uint64_t ply;   /* of this game */
    bool skipping;  /* until the next game: this one has a mismatch */
    bool is_vectors;
    bool ended; /* Z was seen */
    bool have_list;
    bool have_before; /* a vector's first state was read */
    bool have_move;
};

static const char *arena_of_sort; /* qsort has no context argument; set just before each sort */

static int
malformed(struct verify *vf, const char *what)
{
    return rr_err_set(vf->err, RR_E_INPUT, "%s:%lu: %s: \"%.60s\"", vf->in.file, vf->in.number,
                      what, vf->in.line);
}

/* One mismatch; the first one of all is shown. */
static int
mismatch(struct verify *vf, const char *what, const char *got, const char *want)
{
    if (vf->count->mismatches++ == 0) {
        printf("%s:%lu: %s\n  ours:     %s\n  recorded: %s\n", vf->in.file, vf->in.number, what,
               got, want);
        if (!vf->is_vectors &&
            vf->g->state_text(vf->v, vf->state, vf->text, RR_GAME_TEXT_MAX) > 0) {
            printf("  state:    %s\n", vf->text);
        }
    }
    vf->skipping = true;
    return 0;
}

static uint64_t
fnv(uint64_t hash, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3U;
    }
    return hash;
}

#define FNV_START 0xcbf29ce484222325U

static int
by_text(const void *a, const void *b)
{
    const struct listed *x = a;
    const struct listed *y = b;

    return strcmp(arena_of_sort + x->at, arena_of_sort + y->at);
}

/* Put our legal list, as sorted texts, into vf->list. */
static int
make_list(struct verify *vf)
{
    size_t used = 0;

    vf->listed = vf->g->legal(vf->v, vf->state, vf->moves);
    for (uint32_t i = 0; i < vf->listed; i++) {
        if (vf->arena_cap - used < RR_GAME_TEXT_MAX) {
            char *bigger = realloc(vf->arena, vf->arena_cap * 2 + RR_GAME_TEXT_MAX);
            if (bigger == NULL) {
                return rr_err_set(vf->err, -ENOMEM, "%s: out of memory", vf->in.file);
            }
            vf->arena = bigger;
            vf->arena_cap = vf->arena_cap * 2 + RR_GAME_TEXT_MAX;
        }
        const int32_t n =
            vf->g->move_text(vf->v, vf->state, vf->moves[i], vf->arena + used, RR_GAME_TEXT_MAX);
        if (n < 0) {
            return rr_err_set(vf->err, RR_E_PLUGIN, "%s:%lu: the game cannot write a move",
                              vf->in.file, vf->in.number);
        }
        vf->list[i] = (struct listed){.at = used, .move = vf->moves[i]};
        used += (size_t)n + 1;
    }
    arena_of_sort = vf->arena;
    qsort(vf->list, vf->listed, sizeof *vf->list, by_text);
    vf->have_list = true;
    return 0;
}

/* No two moves of a list may share a policy index. */
static int
check_policy(struct verify *vf)
{
    const uint32_t size = rr_variant_policy_size(vf->v);
    char ours[60];

    vf->list_no++;
    for (uint32_t i = 0; i < vf->listed; i++) {
        const uint32_t index = vf->g->policy_index(vf->v, vf->state, vf->list[i].move);
        if (index >= size || vf->owner[index] == vf->list_no) {
            (void)snprintf(ours, sizeof ours, "index %u of %u", index, size);
            return mismatch(vf, "a policy index is taken twice or out of range", ours,
                            vf->arena + vf->list[i].at);
        }
        vf->owner[index] = vf->list_no;
    }
    return 0;
}

static uint64_t
hash_list(const struct verify *vf)
{
    uint64_t hash = FNV_START;

    for (uint32_t i = 0; i < vf->listed; i++) {
        const char *text = vf->arena + vf->list[i].at;
        hash = i > 0 ? fnv(hash, " ", 1) : hash;
        hash = fnv(hash, text, strlen(text));
    }
    return hash;
}

static const struct listed *
find_listed(const struct verify *vf, const char *text, size_t n)
{
    for (uint32_t i = 0; i < vf->listed; i++) {
        const char *own = vf->arena + vf->list[i].at;
        if (strncmp(own, text, n) == 0 && own[n] == '\0') {
            return &vf->list[i];
        }
    }
    return NULL;
}

/* Show the first move that is in one list only. */
static int
list_mismatch(struct verify *vf, const char *recorded)
{
    char got[120];
    uint32_t i = 0;

    while (*recorded != '\0') {
        const size_t n = strcspn(recorded, " ");
        const char *own = i < vf->listed ? vf->arena + vf->list[i].at : "(end of list)";
        if (strncmp(own, recorded, n) != 0 || own[n] != '\0') {
            (void)snprintf(got, sizeof got, "%.80s (of %u moves)", own, vf->listed);
            return mismatch(vf, "the sorted lists of legal moves differ, first here", got,
                            recorded);
        }
        recorded += n + (recorded[n] == ' ');
        i++;
    }
    if (i < vf->listed) {
        return mismatch(vf, "a move that is not in the recorded list", vf->arena + vf->list[i].at,
                        "(end of list)");
    }
    return 0;
}

/* Value of `key=` among the words of text; its length in *n; NULL when absent. */
static const char *
word(const char *text, const char *key, size_t *n)
{
    const size_t k = strlen(key);

    while (*text != '\0') {
        const size_t len = strcspn(text, " ");
        if (len > k && strncmp(text, key, k) == 0 && text[k] == '=') {
            *n = len - k - 1;
            return text + k + 1;
        }
        text += len + (text[len] == ' ');
    }
    return NULL;
}

static bool
word_is(const char *text, const char *key, const char *value)
{
    size_t n = 0;
    const char *got = word(text, key, &n);

    return got != NULL && n == strlen(value) && strncmp(got, value, n) == 0;
}

/* Our text of the state, without the words at its end that a recorded one does not have: it has
 * them with the result (w=) and the options of the game (swap=). */
static int
write_state(struct verify *vf)
{
    static const char *const own[] = {" w=", " swap="};

    if (vf->g->state_text(vf->v, vf->state, vf->text, RR_GAME_TEXT_MAX) < 0) {
        return rr_err_set(vf->err, RR_E_PLUGIN, "%s:%lu: the game cannot write a state",
                          vf->in.file, vf->in.number);
    }
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        char *at = strstr(vf->text, own[i]);
        if (at != NULL) {
            *at = '\0';
        }
    }
    return 0;
}

/* Equal texts; a recorded value of `*` matches any value. */
static bool
same_state(const char *ours, const char *recorded)
{
    while (*ours != '\0' && *recorded != '\0') {
        const size_t a = strcspn(ours, " ");
        const size_t b = strcspn(recorded, " ");
        const bool any = b >= 2 && strncmp(recorded + b - 2, "=*", 2) == 0 && a >= b - 1 &&
                         strncmp(ours, recorded, b - 1) == 0;
        if (!any && (a != b || strncmp(ours, recorded, a) != 0)) {
            return false;
        }
        ours += a + (ours[a] == ' ');
        recorded += b + (recorded[b] == ' ');
    }
    return *ours == *recorded;
}

static int
compare_state(struct verify *vf, const char *recorded)
{
    const int rc = write_state(vf);

    if (rc != 0) {
        return rc;
    }
    return same_state(vf->text, recorded)
               ? 0
               : mismatch(vf, "the states after the move differ", vf->text, recorded);
}

static int
compare_state_hash(struct verify *vf, const char *recorded)
{
    const int rc = write_state(vf);
    char ours[24];

    if (rc != 0) {
        return rc;
    }
    (void)snprintf(ours, sizeof ours, "%016llx",
                   (unsigned long long)fnv(FNV_START, vf->text, strlen(vf->text)));
    return strcmp(ours, recorded) == 0 ? 0
                                       : mismatch(vf, "hashes of states differ", ours, recorded);
}

/* (Re)allocate what depends on the variant. */
static int
use_variant(struct verify *vf, const char *board, unsigned players)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%.40s_%up%.18s", board, players, vf->count->rules);
    vf->v = rr_game_variant(vf->g, name);
    if (vf->v == NULL) {
        return rr_err_set(vf->err, RR_E_INPUT, "%s:%lu: game %s has no variant %s", vf->in.file,
                          vf->in.number, vf->g->name, name);
    }
    free(vf->state);
    free(vf->moves);
    free(vf->list);
    free(vf->owner);
    vf->state = malloc(vf->v->state_bytes);
    vf->moves = malloc(((size_t)vf->v->max_moves + 1) * sizeof *vf->moves);
    vf->list = malloc(((size_t)vf->v->max_moves + 1) * sizeof *vf->list);
    vf->owner = calloc(rr_variant_policy_size(vf->v), sizeof *vf->owner);
    vf->list_no = 0;
    if (vf->state == NULL || vf->moves == NULL || vf->list == NULL || vf->owner == NULL) {
        return rr_err_set(vf->err, -ENOMEM, "%s: out of memory", vf->in.file);
    }
    vf->g->init(vf->v, 0, vf->state);
    return 0;
}

static int
record_header(struct verify *vf)
{
    char board[41];
    unsigned players = 0;
    int rest = 0;

    if (sscanf(vf->in.line, "RRG 1 %40s %nplayers=%u", board, &rest, &players) != 2) {
        return malformed(vf, "expected \"RRG 1 BOARD players=N ...\"");
    }
    const int rc = use_variant(vf, board, players);
    if (rc != 0) {
        return rc;
    }
    if (vf->g->variant_text(vf->v, vf->text, RR_GAME_TEXT_MAX) < 0 ||
        strcmp(vf->text, vf->in.line + rest) != 0) {
        char ours[200];
        (void)snprintf(ours, sizeof ours, "%s", vf->text);
        return mismatch(vf, "the constants of the variant differ", ours, vf->in.line + rest);
    }
    return 0;
}

static int
record_game(struct verify *vf)
{
    uint64_t options = 0;

    for (unsigned i = 0; vf->g->options[i] != NULL; i++) {
        options |= (uint64_t)word_is(vf->in.line, vf->g->options[i], "1") << i;
    }
    vf->g->init(vf->v, options, vf->state);
    vf->games++;
    vf->count->games++;
    vf->ply = 0;
    vf->skipping = false;
    vf->have_list = false;
    return 0;
}

static int
record_ply(struct verify *vf)
{
    unsigned long long ply = 0;
    unsigned long long hash = 0;
    unsigned player = 0;
    unsigned n = 0;
    char phase[16];
    char ours[160];

    if (sscanf(vf->in.line, "P %llu %u %15s n=%u h=%16llx", &ply, &player, phase, &n, &hash) != 5) {
        return malformed(vf, "expected \"P PLY PLAYER PHASE n=COUNT h=HASH\"");
    }
    int rc = make_list(vf);
    if (rc == 0) {
        rc = check_policy(vf);
    }
    if (rc != 0 || vf->skipping) {
        return rc;
    }
    vf->count->plies++;
    if (vf->g->mover(vf->v, vf->state) != (int32_t)player - 1 || ply != vf->ply) {
        (void)snprintf(ours, sizeof ours, "ply %llu, seat %d (0 is player 1)",
                       (unsigned long long)vf->ply, vf->g->mover(vf->v, vf->state));
        return mismatch(vf, "another ply or player is to act", ours, vf->in.line);
    }
    if (vf->listed != n || hash_list(vf) != hash) {
        /* The list itself follows on an L line, if the file has one here, and is shown then. */
        const int next = reader_next(&vf->in, vf->err);
        if (next < 0) {
            return next;
        }
        if (next == 1 && strncmp(vf->in.line, "L ", 2) == 0) {
            (void)list_mismatch(vf, vf->in.line + 2);
        }
        if (vf->skipping) {
            return 0;
        }
        (void)snprintf(ours, sizeof ours, "%u moves, another hash", vf->listed);
        return mismatch(vf, "count or hash of the legal moves differ, before this line", ours,
                        vf->in.line);
    }
    return 0;
}

/* Moves that are refused: none of them may be legal. */
static int
record_refused(struct verify *vf)
{
    const char *at = vf->in.line + 2;

    while (*at != '\0') {
        const size_t n = strcspn(at, " ");
        if (find_listed(vf, at, n) != NULL) {
            return mismatch(vf, "a refused move is legal", at, "refused");
        }
        at += n + (at[n] == ' ');
    }
    return 0;
}

static int
record_move(struct verify *vf)
{
    const char *text = vf->in.line + 2;

    if (!vf->have_list) {
        return malformed(vf, "a move without a P line before it");
    }
    const struct listed *l = find_listed(vf, text, strlen(text));
    if (l == NULL) {
        return mismatch(vf, "the recorded move is not legal", "(not in our list)", text);
    }
    rr_move parsed = RR_MOVE_NONE;
    char why[160] = "";
    if (vf->g->move_parse(vf->v, vf->state, text, &parsed, why, sizeof why) != 0 ||
        parsed != l->move) {
        return mismatch(vf, "the recorded move cannot be read", why, text);
    }
    vf->g->apply(vf->v, vf->state, parsed);
    vf->ply++;
    vf->have_list = false;
    return 0;
}

/* Each `key=value` of an E or R line must stand in the game's own result; plies is ours. */
static int
record_result(struct verify *vf)
{
    const char *at = vf->in.line + 2;
    char plies[24];
    char key[24];
    char value[200];
    int n = 0;

    if (vf->g->mover(vf->v, vf->state) != -1) {
        return mismatch(vf, "the game goes on", "(not over)", vf->in.line);
    }
    if (vf->g->result_text(vf->v, vf->state, vf->text, RR_GAME_TEXT_MAX) < 0) {
        return rr_err_set(vf->err, RR_E_PLUGIN, "%s:%lu: the game cannot write a result",
                          vf->in.file, vf->in.number);
    }
    (void)snprintf(plies, sizeof plies, "%llu", (unsigned long long)vf->ply);
    while (sscanf(at, "%23[^= ]=%199s%n", key, value, &n) == 2) {
        const bool same =
            strcmp(key, "plies") == 0 ? strcmp(value, plies) == 0 : word_is(vf->text, key, value);
        if (!same) {
            char ours[400];
            (void)snprintf(ours, sizeof ours, "%.340s plies=%s", vf->text, plies);
            return mismatch(vf, "the results differ", ours, vf->in.line);
        }
        at += n + (at[n] == ' ');
    }
    return *at == '\0' ? 0 : malformed(vf, "expected KEY=VALUE words");
}

static int
record_end(struct verify *vf)
{
    unsigned long long games = 0;

    if (sscanf(vf->in.line, "Z %llu", &games) != 1 || games != vf->games) {
        return malformed(vf, "the number of games before this line is another one");
    }
    vf->ended = true;
    return 0;
}

static int
game_record(struct verify *vf)
{
    const char type = vf->in.line[0];

    if (vf->ended) {
        return malformed(vf, "more after the last line");
    }
    if (vf->in.number == 1) {
        return record_header(vf);
    }
    if (type == '\0' || vf->in.line[1] != ' ') {
        return malformed(vf, "not a record");
    }
    if (type == 'G') {
        return record_game(vf);
    }
    if (type == 'Z') {
        return record_end(vf);
    }
    if (strchr("PLXMSHER", type) == NULL) {
        return malformed(vf, "unknown type of record");
    }
    if (vf->games == 0) {
        return malformed(vf, "a record before the first game");
    }
    if (vf->skipping) {
        return 0;
    }
    switch (type) {
    case 'P':
        return record_ply(vf);
    case 'L':
        return vf->have_list ? list_mismatch(vf, vf->in.line + 2) : malformed(vf, "no P line");
    case 'X':
        return vf->have_list ? record_refused(vf) : malformed(vf, "no P line");
    case 'M':
        return record_move(vf);
    case 'S':
        return compare_state(vf, vf->in.line + 2);
    case 'H':
        return compare_state_hash(vf, vf->in.line + 2);
    default:
        return record_result(vf);
    }
}

static int
vector_move(struct verify *vf)
{
    rr_move m = RR_MOVE_NONE;
    char why[160] = "";

    vf->count->plies++;
    vf->have_move = true;
    if (vf->g->move_parse(vf->v, vf->state, vf->in.line + 2, &m, why, sizeof why) != 0) {
        return mismatch(vf, "the move of the vector is not legal", why, vf->in.line + 2);
    }
    vf->g->apply(vf->v, vf->state, m);
    return 0;
}

static int
vector_state(struct verify *vf)
{
    char why[160] = "";

    if (vf->have_move) {
        return compare_state(vf, vf->in.line + 2);
    }
    if (vf->have_before) {
        return malformed(vf, "two states without a move between them");
    }
    vf->have_before = true;
    if (vf->g->state_parse(vf->v, vf->in.line + 2, vf->state, why, sizeof why) != 0) {
        return rr_err_set(vf->err, RR_E_INPUT, "%s:%lu: %.120s", vf->in.file, vf->in.number, why);
    }
    return 0;
}

static int
vector_record(struct verify *vf)
{
    char board[41];
    unsigned players = 0;

    if (sscanf(vf->in.line, "V %*s %40s players=%u", board, &players) == 2) {
        vf->count->games++;
        vf->skipping = false;
        vf->have_before = false;
        vf->have_move = false;
        return use_variant(vf, board, players);
    }
    if (vf->v == NULL || vf->in.line[0] == '\0' || vf->in.line[1] != ' ') {
        return malformed(vf, "expected \"V ID BOARD players=N\"");
    }
    if (vf->skipping) {
        return 0;
    }
    switch (vf->in.line[0]) {
    case 'S':
        return vector_state(vf);
    case 'M':
        return vf->have_before ? vector_move(vf) : malformed(vf, "a move before the state");
    default:
        return malformed(vf, "unknown type of record");
    }
}

static int
run(struct verify *vf)
{
    int rc;

    while ((rc = reader_next(&vf->in, vf->err)) == 1) {
        if (vf->in.number == 1) {
            vf->is_vectors = strncmp(vf->in.line, "V ", 2) == 0;
        }
        rc = vf->is_vectors ? vector_record(vf) : game_record(vf);
        if (rc != 0) {
            return rc;
        }
    }
    if (rc == 0 && vf->in.number == 0) {
        return rr_err_set(vf->err, RR_E_INPUT, "%s: empty file", vf->in.file);
    }
    if (rc == 0 && !vf->is_vectors && !vf->ended) {
        return rr_err_set(vf->err, RR_E_INPUT, "%s:%lu: the file ends without its last line (Z)",
                          vf->in.file, vf->in.number);
    }
    return rc;
}

int
verify_file(const struct rr_game *game, const char *file, struct verify_count *count,
            struct rr_err *err)
{
    struct verify vf = {.g = game, .count = count, .err = err};
    int rc = reader_open(&vf.in, file, err);

    if (rc != 0) {
        return rc;
    }
    vf.text = malloc(RR_GAME_TEXT_MAX);
    rc = vf.text == NULL ? rr_err_set(err, -ENOMEM, "%s: out of memory", file) : run(&vf);
    count->files++;
    reader_close(&vf.in);
    free(vf.state);
    free(vf.moves);
    free(vf.list);
    free(vf.owner);
    free(vf.arena);
    free(vf.text);
    return rc;
}
