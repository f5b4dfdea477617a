/* SPDX-License-Identifier: MIT */
/*
 * R07: the power goes. All writes and syncs of a store at work are recorded; then, for many
 * moments, the file is made as a disk may have it after a cut at that moment: what was synced is
 * there, and of what was not any sectors, in any order. Each such file opens, verifies, has
 * everything that was acknowledged, no operation in part, and works on.
 *
 * The model: a sector of 512 bytes is old or new; fdatasync covers all writes before it; a write to
 * a descriptor with O_DSYNC is durable when it returns; a new file is there after its directory was
 * synced.
 */
#include "tests/fake/disk.h"
#include "tests/reliability/store_rig.h"

#include <pthread.h>

enum { SECTOR = 512, WINDOW = 16, BURST = 8, RETAIN = 64, IMAGE_MAX = RIG_MAP };

/* ---- the recorder ---- */

enum kind { WRITE, SYNC, DIR_SYNC, ASKED, ACKED };

struct entry {
    enum kind kind;
    bool is_sync; /* of a write */
    off_t at;
    size_t bytes;
    uint8_t *data;
    int number; /* of the operation */
};

static struct entry *tape;
static size_t n_tape, cap_tape;
static pthread_mutex_t tape_lock = PTHREAD_MUTEX_INITIALIZER;

static void
record(struct entry e)
{
    (void)pthread_mutex_lock(&tape_lock);
    if (n_tape == cap_tape) {
        cap_tape = cap_tape * 2 + 1000;
        tape = realloc(tape, cap_tape * sizeof *tape);
    }
    if (tape == NULL) {
        abort();
    }
    tape[n_tape++] = e;
    (void)pthread_mutex_unlock(&tape_lock);
}

/* Whether a descriptor is that file of the recorded store; "" is its directory. */
static bool
is_of(int fd, const char *file)
{
    char link[64];
    char path[300];
    char want[320];

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);

    path[n < 0 ? 0 : n] = '\0';
    rig_path(want, sizeof want, "rec", file);
    return strcmp(path, want) == 0;
}

static void
on_write(int fd, const struct iovec *v, int n, off_t at)
{
    struct entry e = {.kind = WRITE, .at = at, .is_sync = (fcntl(fd, F_GETFL) & O_DSYNC) != 0};

    if (!is_of(fd, "data.mdb")) {
        return;
    }
    for (int i = 0; i < n; i++) {
        e.data = realloc(e.data, e.bytes + v[i].iov_len);
        if (e.data == NULL) {
            abort();
        }
        memcpy(e.data + e.bytes, v[i].iov_base, v[i].iov_len);
        e.bytes += v[i].iov_len;
    }
    record(e);
}

static void
on_sync(int fd)
{
    if (is_of(fd, "data.mdb")) {
        record((struct entry){.kind = SYNC});
    } else if (is_of(fd, "")) {
        record((struct entry){.kind = DIR_SYNC});
    }
}

/* ---- the store at work ---- */

static int n_acked;
static uint64_t *ids; /* of event i */

static void
on_done(void *arg, const struct store_result *r)
{
    uint64_t *id = arg;

    if (r->rc == 0) {
        *id = r->ids[0];
        n_acked++;
        record((struct entry){.kind = ACKED, .number = (int)(id - ids)});
    } else {
        diag("operation %d: %s", (int)(id - ids), r->err.text);
    }
}

/* Operation i adds event i, sets the key "last" to i and takes event i - WINDOW. */
static void
submit(struct store *st, int i)
{
    static const char *const queue[] = {"q"};
    struct store_op *op = store_op_new();
    struct store_item item;
    char text[16];

    (void)snprintf(text, sizeof text, "%d", i);
    rig_add(op, i, queue, 1);
    store_op_text(op, STORE_KEY, "q", "last", text);
    if (i > WINDOW && store_find(st, "q", ids[i - WINDOW], &item, &rig_err) == 0) {
        store_op_take(op, "q", &item, true);
    }
    record((struct entry){.kind = ASKED, .number = i});
    store_submit(st, op, on_done, &ids[i]);
}

/* n operations, in commits of a few. */
static bool
run(int n)
{
    uint64_t seed = 7;
    struct store *st;

    ids = calloc((size_t)n + 1, sizeof *ids);
    rig_fresh("rec");
    disk.on_write = on_write;
    disk.on_sync = on_sync;
    if (ids == NULL || rig_open("rec", &st) != 0) {
        diag("%s", rig_err.text);
        return false;
    }
    for (int i = 1; i <= n;) {
        const int burst = 1 + (int)(rig_random(&seed) % BURST);

        for (int k = 0; k < burst && i <= n; k++) {
            submit(st, i++);
        }
        store_drain(st);
    }
    store_close(st);
    disk.on_write = NULL;
    disk.on_sync = NULL;
    return n_acked == n;
}

/* ---- the disk after the cut ---- */

static uint8_t image[IMAGE_MAX];
static size_t image_bytes;

static void
put_sectors(const struct entry *e, unsigned percent, uint64_t *seed)
{
    for (size_t at = 0; at < e->bytes; at += SECTOR) {
        const size_t n = e->bytes - at < SECTOR ? e->bytes - at : SECTOR;
        const size_t to = (size_t)e->at + at;

        if (rig_random(seed) % 100 < percent) {
            memcpy(image + to, e->data + at, n);
            image_bytes = to + n > image_bytes ? to + n : image_bytes;
        }
    }
}

/* What the disk may have when n entries were through and the next one was under way. */
static void
cut(size_t n, uint64_t *seed)
{
    static const unsigned shares[] = {0, 10, 50, 90, 100};
    const unsigned percent = shares[rig_random(seed) % 5];
    const bool in_reverse = rig_random(seed) % 2 == 0;
    size_t synced = 0;

    for (size_t i = 0; i < n; i++) {
        synced = tape[i].kind == SYNC ? i : synced;
    }
    memset(image, 0, sizeof image);
    image_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        if (tape[i].kind == WRITE && (i < synced || tape[i].is_sync)) {
            put_sectors(&tape[i], 100, seed);
        }
    }
    for (size_t k = synced; k <= n && n < n_tape; k++) {
        const size_t i = in_reverse ? n - (k - synced) : k;

        if (tape[i].kind == WRITE && (!tape[i].is_sync || i == n)) {
            put_sectors(&tape[i], percent, seed);
        }
    }
}

/* Write it; a file whose directory was not synced after it was made may not be there. */
static void
place(size_t n)
{
    bool is_written = false;
    bool is_there = false;
    char path[300];

    for (size_t i = 0; i < n; i++) {
        is_there = is_there || (is_written && tape[i].kind == DIR_SYNC);
        is_written = is_written || tape[i].kind == WRITE;
    }
    rig_fresh("cut");
    if (is_there) {
        rig_path(path, sizeof path, "cut", "data.mdb");
        FILE *file = fopen(path, "wb");

        if (file == NULL || fwrite(image, 1, image_bytes, file) != image_bytes ||
            fclose(file) != 0) {
            abort();
        }
        (void)chmod(path, 0600);
    }
}

/* ---- the verdict ---- */

struct seen {
    int first, last, n;
    bool is_right;
};

static void
see(struct seen *seen, int number, bool is_right)
{
    seen->is_right = seen->is_right && is_right && (seen->n == 0 || number == seen->last + 1);
    seen->first = seen->n++ == 0 ? number : seen->first;
    seen->last = number;
}

static bool
see_event(void *arg, uint64_t id, const char *text, size_t n)
{
    json_t *doc = text == NULL ? NULL : json_loadb(text, n, 0, NULL);
    const json_t *number = json_object_get(json_object_get(doc, "payload"), "number");

    (void)id;
    see(arg, (int)json_integer_value(number), json_is_integer(number));
    json_decref(doc);
    return true;
}

static bool
see_entry(void *arg, const char *queue, const struct store_item *item)
{
    struct seen *seen = arg;
    const uint64_t first = ids[1]; /* ids of one start have no gaps */

    (void)queue;
    see(seen, 1 + (int)(item->id - first), item->state == STORE_READY && !item->is_damaged);
    return true;
}

/* The number of the last operation that the store has, if it has all before and none in part; else
 * a negative one. */
static int
judge(struct store *st)
{
    struct seen events = {.is_right = true};
    struct seen entries = {.is_right = true};
    char *text = NULL;
    int last = 0;

    if (store_text_new(st, STORE_KEY, "q", "last", &text, &rig_err) == 0) {
        last = atoi(text);
    }
    free(text);
    (void)store_events(st, 0, see_event, &events, &rig_err);
    (void)store_items(st, "q", NULL, see_entry, &entries, &rig_err);
    if (!events.is_right || events.last != last || events.n < (last < RETAIN ? last : RETAIN)) {
        diag("key %d, events %d..%d", last, events.first, events.last);
        return -1;
    }
    if (!entries.is_right || entries.last != last || entries.n != (last < WINDOW ? last : WINDOW)) {
        diag("key %d, queue %d..%d (%d)", last, entries.first, entries.last, entries.n);
        return -1;
    }
    return last;
}

/* In a process of its own: 0 when all is well. */
static int
look(int acked, int asked)
{
    struct store *st;
    int rc = rig_open("cut", &st);

    if (rc != 0) {
        diag("not opened: %s", rig_err.text);
        return 1;
    }
    const int last = judge(st);

    if (last < acked || last > asked) {
        diag("it has %d operations; %d were acknowledged, %d asked for", last, acked, asked);
        return 1;
    }
    for (int i = 1; i <= 5; i++) {
        if (rig_append(st, "more", 1000000 + i, 1) != 0) {
            diag("it does not go on: %s", rig_err.text);
            return 1;
        }
    }
    store_close(st);
    rc = rig_open("cut", &st);
    store_close(rc == 0 ? st : NULL);
    return rc == 0 ? 0 : 1;
}

/* Whether a cut after n entries does no harm. */
static bool
try_cut(size_t n, uint64_t *seed)
{
    int acked = 0;
    int asked = 0;
    int status = 0;

    for (size_t i = 0; i < n; i++) {
        acked = tape[i].kind == ACKED ? tape[i].number : acked;
        asked = tape[i].kind == ASKED ? tape[i].number : asked;
    }
    cut(n, seed);
    place(n);
    (void)fflush(stdout);
    const pid_t pid = fork();

    if (pid == 0) {
        (void)alarm(60);
        const int rc = look(acked, asked);

        (void)fflush(stdout);
        _exit(rc);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        diag("cut after %zu of %zu: status %d", n, n_tape, status);
        return false;
    }
    return true;
}

int
main(void)
{
    const int n_images = rig_count(100, 1500);
    uint64_t seed = (uint64_t)getpid();
    int bad = 0;

    rig_retain = RETAIN;
    const bool is_done = rig_begin() && run(rig_count(400, 2000));

    if (!ok(is_done, "R07 a store at work: %d operations", n_acked)) {
        return 1;
    }
    diag("seed %" PRIu64 ", %zu writes, syncs and acknowledgements", seed, n_tape);
    for (int i = 0; i < n_images; i++) {
        /* some of the first moments, when the file is made, and any */
        const size_t n = i < 40 ? (size_t)i : (size_t)(rig_random(&seed) % (n_tape + 1));

        bad += !try_cut(n, &seed);
    }
    ok(bad == 0, "R07 %d cuts of the power: nothing acknowledged is lost, nothing is in part",
       n_images);
    for (size_t i = 0; i < n_tape; i++) {
        free(tape[i].data);
    }
    free(tape);
    free(ids);
    return rig_end();
}
