/* SPDX-License-Identifier: MIT */
/*
 * test_data_sync.c - good shards are registered once, bad ones are rejected with the reason.
 */
#include <rr/events.h>
#include <rr/test.h>

#include "tests/loop/loop.h"
#include "tests/tap.h"

extern const struct rr_plugin rr_plugin;

static struct rr_test *t;

static struct ev_selfplay_complete
event_of(const struct loop_shard *shard, uint64_t request, uint64_t generation)
{
    return (struct ev_selfplay_complete){.config = LOOP_CONFIG,
                                         .request = request,
                                         .games_completed = shard->games,
                                         .plies = shard->plies,
                                         .samples = shard->samples,
                                         .shard_path = shard->path,
                                         .shard_sha256 = shard->sha256,
                                         .shard_bytes = shard->bytes,
                                         .model_id = generation > 0 ? "m" : "none",
                                         .generation = generation};
}

static int
deliver(const struct ev_selfplay_complete *ev)
{
    return rr_test_event(t, &rr_type_selfplay_complete, LOOP_CONFIG, ev);
}

static const struct ev_data_sync_completed *
last(void)
{
    return rr_test_payload(t, "DATA_SYNC_COMPLETED", rr_test_count(t, "DATA_SYNC_COMPLETED") - 1);
}

static void
test_good(struct loop_shard *a, struct loop_shard *b)
{
    struct ev_selfplay_complete ev;

    is_int(loop_shard("a", 1, 20, 0, a), 0, "a shard of random games");
    is_int(loop_shard("b", 2, 10, 3, b), 0, "a shard of searched games");
    ev = event_of(a, 1, 0);
    is_int(deliver(&ev), RR_DONE, "the first is taken");
    ok(last()->files_synced == 1 && last()->games_synced == 20 && last()->samples_synced == 0 &&
           last()->games_total == 20,
       "and counted");
    ev = event_of(b, 2, 3);
    is_int(deliver(&ev), RR_DONE, "the second too");
    ok(last()->games_synced == 10 && last()->samples_synced == b->samples &&
           last()->games_total == 30 && last()->samples_total == b->samples &&
           last()->generation == 3,
       "and the totals grow");
    ev = event_of(a, 1, 0);
    is_int(deliver(&ev), RR_DONE, "a known file is no error");
    ok(last()->files_synced == 0 && last()->games_synced == 0 && last()->games_total == 30,
       "and counts nothing");
    is_str(rr_test_note(t, LOOP_CONFIG) == NULL ? "" : "noted", "noted", "a note tells the totals");
}

static void
rejected(const struct ev_selfplay_complete *ev, const char *reason, const char *what)
{
    const size_t before = rr_test_count(t, NULL);

    is_int(deliver(ev), RR_REJECT, what);
    if (!ok(strstr(t->err.text, reason) != NULL, "and the reason says: %s", reason)) {
        diag("%s", t->err.text);
    }
    ok(rr_test_count(t, NULL) == before, "nothing is emitted");
}

static void
test_bad(const struct loop_shard *a)
{
    struct loop_shard c;
    struct ev_selfplay_complete ev;
    char path[400];
    FILE *file;

    is_int(loop_shard("c", 3, 5, 0, &c), 0, "another shard");
    ev = event_of(&c, 3, 0);
    ev.shard_sha256 = a->sha256;
    rejected(&ev, "sha256", "a wrong hash");
    ev = event_of(&c, 3, 0);
    ev.plies++;
    rejected(&ev, "plies", "wrong counts");
    ev = event_of(&c, 3, 0);
    ev.config = "nosuch_2p";
    rejected(&ev, "nosuch_2p", "an unknown configuration");
    ev = event_of(&c, 3, 0);
    ev.shard_path = "../etc/passwd";
    rejected(&ev, "below the data directory", "a path that climbs out");
    ev = event_of(&c, 3, 0);
    ev.games_completed = 5000;
    rejected(&ev, "games_per_request", "too many games at once");
    loop_layout = "connect4/1/" LOOP_CONFIG "@other_rules";
    is_int(loop_shard("o", 9, 5, 0, &c), 0, "a shard of games by other rules");
    loop_layout = NULL;
    ev = event_of(&c, 9, 0);
    rejected(&ev, "layout connect4/1/" LOOP_CONFIG "@other_rules", "is not taken for ours");
    /* The same games in another file: one more game makes the file a different one. */
    is_int(loop_shard("d", 3, 6, 0, &c), 0, "a shard that repeats games");
    ev = event_of(&c, 4, 0);
    is_int(deliver(&ev), RR_DONE, "is good when it comes first");
    is_int(loop_shard("e", 3, 5, 0, &c), 0, "and its like");
    ev = event_of(&c, 5, 0);
    rejected(&ev, "5 of its games are in games/d", "is not counted twice");

    (void)snprintf(path, sizeof path, "%s/%s", loop_dir, c.path);
    file = fopen(path, "r+b");
    (void)fseek(file, (long)c.bytes / 2, SEEK_SET);
    (void)fputc('x', file);
    (void)fclose(file);
    {
        struct rr_err err = RR_ERR_INIT;

        (void)rr_sha256_file(path, c.sha256, NULL, &err);
    }
    ev = event_of(&c, 6, 0);
    rejected(&ev, "damaged", "a damaged shard whose hash is right");
    (void)unlink(path);
    is_int(deliver(&ev), RR_RETRY, "a file that is not there may come: try again");
}

int
main(void)
{
    struct loop_shard a;
    struct loop_shard b;

    if (loop_begin() != 0) {
        return 99;
    }
    t = rr_test_new(&rr_plugin);
    t->quiet = 1;
    rr_test_fact(t, "data_dir", loop_dir);
    rr_test_fact(t, "plugin_path", loop_plugins);
    test_good(&a, &b);
    test_bad(&a);
    rr_test_free(t);
    (void)loop_end();
    return tap_done();
}
