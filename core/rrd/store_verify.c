/* SPDX-License-Identifier: MIT */
/*
 * store_verify.c - the head of the file, its size, and every page and record in it.
 *
 * Reads LMDB's file by itself, with bounds checked, so that no damage can end the process. The
 * layout is that of LMDB 0.9 on 64-bit machines: lmdb 0.9.24, mdb.c, sections "Page headers",
 * "Nodes" and "Meta pages".
 *
 * Does not: write, or mend anything (store_repair.c).
 */
#include "core/rrd/store_verify.h"

#include "core/common/mem.h"
#include "core/rrd/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u
#define NO_PAGE UINT64_MAX

enum { PAGE_HEAD = 16, NODE_HEAD = 8, DEPTH_MAX = 32 };
enum page_flag { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4 };
enum node_flag { NODE_BIG = 1, NODE_TABLE = 2 };

struct table_head {
    uint32_t pad; /* of the first table: the page size */
    uint16_t flags, depth;
    uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
};

struct meta {
    uint32_t magic, version;
    uint64_t address, map_bytes;
    struct table_head tables[2]; /* free pages, names of tables */
    uint64_t last_page, txn;
};

struct page_head {
    uint64_t number;
    uint16_t pad, flags, lower, upper; /* lower and upper: the number of pages of an overflow */
};

struct page {
    struct page_head head;
    const uint8_t *bytes;
};

struct node {
    uint16_t low, high, flags, key_bytes;
    const uint8_t *key, *data;
};

/* A walk through the whole file. */
struct walk {
    const uint8_t *file;
    uint32_t page_bytes;
    uint64_t pages;
    uint8_t *seen; /* a bit for each page */
    struct store_check *out;
    char why[120];
};

/* One table on the way. */
struct table_walk {
    struct walk *w;
    int table;              /* enum store_table; -1 names of tables, -2 free pages */
    struct table_head met;  /* what there was: pages and entries */
    struct store_key last;  /* that was met last */
    struct store_key floor; /* of a branch: the next key is not below this one; n 0: none */
};

static const char advice[] = "restore it from a copy, or move the directory away and start with an "
                             "empty store";

static int
read_meta(int fd, off_t at, struct meta *out)
{
    uint8_t page[PAGE_HEAD + sizeof *out];

    if (pread(fd, page, sizeof page, at) != (ssize_t)sizeof page) {
        return RR_E_CORRUPT;
    }
    memcpy(out, page + PAGE_HEAD, sizeof *out);
    return out->magic == META_MAGIC && out->version == META_VERSION ? 0 : RR_E_CORRUPT;
}

static int
check_head(int fd, off_t bytes, struct meta *out, struct rr_err *err)
{
    struct meta a;
    struct meta b;

    if (read_meta(fd, 0, &a) != 0) {
        return rr_err_set(err, RR_E_CORRUPT, "its head is damaged, or it is no store of rrd; %s",
                          advice);
    }
    const uint32_t page = a.tables[0].pad;

    if (page < 512 || page > 65536 || (page & (page - 1)) != 0 || read_meta(fd, page, &b) != 0 ||
        b.tables[0].pad != page) {
        return rr_err_set(err, RR_E_CORRUPT, "its second head is damaged; %s", advice);
    }
    const struct meta *newest = a.txn > b.txn ? &a : &b;
    const struct meta *other = a.txn > b.txn ? &b : &a;
    const uint64_t last = newest->last_page;

    /* Transaction n is in head n mod 2. A changed number would bring back the state before the last
     * commit. */
    if (newest->txn > 0 && (newest->txn - other->txn != 1 || (newest->txn & 1) != (newest == &b))) {
        return rr_err_set(err, RR_E_CORRUPT, "its heads do not belong together; %s", advice);
    }

    if (last >= UINT64_MAX / page - 1 || (uint64_t)bytes < (last + 1) * page) {
        return rr_err_set(err, RR_E_CORRUPT,
                          "the file has been cut off: it has %lld bytes and needs %llu; %s",
                          (long long)bytes, (unsigned long long)((last + 1) * page), advice);
    }
    *out = *newest;
    return 0;
}

/* *fd is -1 when there is no file, or an empty one: LMDB begins with that. */
static int
check_file(const char *path, int *fd, struct meta *meta, struct rr_err *err)
{
    struct stat st;
    int rc = 0;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*fd < 0) {
        return errno == ENOENT ? 0
               : errno == ELOOP
                   ? rr_err_set(err, RR_E_CORRUPT, "it is a symbolic link; move the link away")
                   : rr_err_set(err, -errno, "cannot open it: %s", strerror(errno));
    }
    if (fstat(*fd, &st) != 0) {
        rc = rr_err_set(err, -errno, "cannot look at it: %s", strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        rc = rr_err_set(err, RR_E_CORRUPT, "it is not a regular file; move it away");
    } else if (st.st_uid != geteuid()) {
        rc = rr_err_set(err, -EPERM, "it belongs to user %ld and not to us; use chown",
                        (long)st.st_uid);
    } else if ((st.st_mode & 022) != 0) {
        rc = rr_err_set(err, -EPERM, "others may write it; use chmod go-w");
    } else if (st.st_size > 0) {
        rc = check_head(*fd, st.st_size, meta, err);
        if (rc == 0) {
            return 0;
        }
    }
    (void)close(*fd);
    *fd = -1;
    return rc;
}

static bool
broken(struct walk *w, const char *what, uint64_t page)
{
    if (w->why[0] == '\0') {
        (void)snprintf(w->why, sizeof w->why, "%s, page %llu", what, (unsigned long long)page);
    }
    return false;
}

/* Take pages into use: each may be taken once. */
static bool
take_pages(struct walk *w, uint64_t first, uint64_t n)
{
    if (first < 2 || first >= w->pages || n == 0 || n > w->pages - first) {
        return broken(w, "a link leads out of the file", first);
    }
    for (uint64_t p = first; p < first + n; p++) {
        if ((w->seen[p / 8] >> (p % 8) & 1) != 0) {
            return broken(w, "a page is used twice", p);
        }
        w->seen[p / 8] |= (uint8_t)(1u << p % 8);
    }
    return true;
}

static struct page
page_at(const struct walk *w, uint64_t number)
{
    struct page page = {.bytes = w->file + number * w->page_bytes};

    memcpy(&page.head, page.bytes, sizeof page.head);
    return page;
}

/* Bytes of the value of a leaf node. */
static size_t
value_bytes(const struct node *node)
{
    return (size_t)node->low | (size_t)node->high << 16;
}

/* Node i of a page whose head is sound. */
static bool
node_at(struct walk *w, const struct page *page, size_t i, struct node *out)
{
    uint16_t at;

    memcpy(&at, page->bytes + PAGE_HEAD + 2 * i, sizeof at);
    if (at < PAGE_HEAD || (uint32_t)at + NODE_HEAD > w->page_bytes) {
        return broken(w, "a node lies outside", page->head.number);
    }
    memcpy(out, page->bytes + at, NODE_HEAD);
    out->key = page->bytes + at + NODE_HEAD;
    out->data = out->key + out->key_bytes;
    return (uint32_t)at + NODE_HEAD + out->key_bytes <= w->page_bytes ||
           broken(w, "a key is cut off", page->head.number);
}

/* The value of a leaf node. */
static bool
value_of(struct table_walk *t, const struct page *page, const struct node *node, MDB_val *out)
{
    struct walk *w = t->w;
    const bool is_big = (node->flags & NODE_BIG) != 0;
    uint64_t over;
    uint64_t n;

    *out = (MDB_val){value_bytes(node), (void *)(uintptr_t)node->data};
    if (node->data + (is_big ? sizeof over : out->mv_size) > page->bytes + w->page_bytes) {
        return broken(w, "a value is cut off", page->head.number);
    }
    if (!is_big) {
        return true;
    }
    memcpy(&over, node->data, sizeof over);
    n = (PAGE_HEAD + out->mv_size + w->page_bytes - 1) / w->page_bytes;
    if (!take_pages(w, over, n)) {
        return false;
    }
    const struct page first = page_at(w, over);

    out->mv_data = (void *)(uintptr_t)(first.bytes + PAGE_HEAD);
    t->met.overflow_pages += n;
    return (first.head.number == over && first.head.flags == PAGE_OVERFLOW &&
            ((uint64_t)first.head.lower | (uint64_t)first.head.upper << 16) == n) ||
           broken(w, "a large value is damaged", over);
}

/* The order of the key of a node, which can be one of that table, and another one. */
static int
compare(const struct table_walk *t, const struct node *node, const struct store_key *key)
{
    const size_t n = node->key_bytes;

    if (t->table == -2) { /* numbers of transactions, as the machine has them */
        uint64_t x;
        uint64_t y;

        memcpy(&x, node->key, sizeof x);
        memcpy(&y, key->bytes, sizeof y);
        return (x > y) - (x < y);
    }
    const int order = memcmp(node->key, key->bytes, n < key->n ? n : key->n);

    return order != 0 ? order : (n > key->n) - (n < key->n);
}

/* Take the key of a node if it can be one of that table and comes after the last. */
static bool
take_key(const struct table_walk *t, const struct node *node, struct store_key *out)
{
    if (node->key_bytes == 0 || node->key_bytes > STORE_KEY_MAX ||
        (t->table == -2 && node->key_bytes != 8) ||
        (t->met.entries > 0 && compare(t, node, &t->last) <= 0)) {
        return false;
    }
    out->n = node->key_bytes;
    memcpy(out->bytes, node->key, out->n);
    return true;
}

static bool walk_table(struct walk *w, int table, const struct table_head *head);

/* A list of free pages: how many, then which. */
static bool
take_free(struct walk *w, const MDB_val *v)
{
    uint64_t n;

    memcpy(&n, v->mv_data, v->mv_size < sizeof n ? 0 : sizeof n);
    if (v->mv_size < sizeof n || v->mv_size / sizeof n < n + 1 || n > w->pages) {
        return broken(w, "a list of free pages is damaged", 0);
    }
    for (uint64_t i = 1; i <= n; i++) {
        uint64_t page;

        memcpy(&page, (const uint8_t *)v->mv_data + i * sizeof page, sizeof page);
        if (!take_pages(w, page, 1)) {
            return false;
        }
    }
    return true;
}

static bool
take_name(struct walk *w, const struct store_key *key, const MDB_val *v)
{
    struct table_head head;

    if (v->mv_size != sizeof head) {
        return broken(w, "the head of a table is damaged", 0);
    }
    memcpy(&head, v->mv_data, sizeof head);
    for (int t = 0; t < T_COUNT; t++) {
        if (store_key_is(key, store_table_names[t])) {
            return walk_table(w, t, &head);
        }
    }
    return broken(w, "it has a table that is not ours", 0);
}

static bool
take_record(struct table_walk *t, const MDB_val *v)
{
    const MDB_val k = {t->last.n, t->last.bytes};
    struct store_check *out = t->w->out;
    MDB_val data;

    if (t->table == -2) {
        return take_free(t->w, v);
    }
    if (t->table == -1) {
        return take_name(t->w, &t->last, v);
    }
    out->records++;
    if (store_record((enum store_table)t->table, &k, v, &data, NULL) == 0) {
        return true;
    }
    if (out->n_damaged == STORE_DAMAGE_MAX) {
        return broken(t->w, "too many records are damaged", 0);
    }
    if (out->damaged == NULL) {
        out->damaged = mem_zalloc(STORE_DAMAGE_MAX, sizeof *out->damaged);
    }
    out->damaged[out->n_damaged++] = (struct store_damage){t->table, t->last};
    return true;
}

static bool
walk_leaf(struct table_walk *t, const struct page *page, const struct node *node)
{
    MDB_val v;

    if ((node->flags & ~(unsigned)NODE_BIG) != (t->table == -1 ? NODE_TABLE : 0u) ||
        !take_key(t, node, &t->last) || (t->floor.n > 0 && compare(t, node, &t->floor) < 0)) {
        return broken(t->w, "keys are out of order", page->head.number);
    }
    t->floor.n = 0;
    t->met.entries++;
    return value_of(t, page, node, &v) && take_record(t, &v);
}

static bool walk_page(struct table_walk *t, uint64_t number, int depth);

/* What is left of a key of a branch is before it, what is right of it is not: else a search, which
 * goes by these keys, would miss what is there. */
static bool
walk_branch(struct table_walk *t, const struct page *page, const struct node *node, bool is_first,
            int depth)
{
    const uint64_t child =
        (uint64_t)node->low | (uint64_t)node->high << 16 | (uint64_t)node->flags << 32;
    const uint64_t entries = t->met.entries;

    /* the first key counts as lower than all */
    if (!is_first && !take_key(t, node, &t->floor)) {
        return broken(t->w, "a branch leads astray", page->head.number);
    }
    return (walk_page(t, child, depth - 1) && t->met.entries > entries) ||
           broken(t->w, "a branch leads nowhere", page->head.number);
}

static bool
walk_page(struct table_walk *t, uint64_t number, int depth)
{
    const bool is_leaf = depth == 1;
    struct walk *w = t->w;
    struct page page;
    size_t bytes = 0;

    if (!take_pages(w, number, 1)) {
        return false;
    }
    page = page_at(w, number);
    const struct page_head *head = &page.head;

    if (head->number != number || head->lower < PAGE_HEAD || head->lower > head->upper ||
        head->upper > w->page_bytes || head->flags != (is_leaf ? PAGE_LEAF : PAGE_BRANCH)) {
        return broken(w, "its head is damaged", number);
    }
    t->met.leaf_pages += is_leaf;
    t->met.branch_pages += !is_leaf;
    for (size_t i = 0; i < (size_t)(head->lower - PAGE_HEAD) / 2; i++) {
        struct node node;

        if (!node_at(w, &page, i, &node) ||
            !(is_leaf ? walk_leaf(t, &page, &node) : walk_branch(t, &page, &node, i == 0, depth))) {
            return false;
        }
        const size_t value = !is_leaf                       ? 0
                             : (node.flags & NODE_BIG) != 0 ? sizeof(uint64_t)
                                                            : value_bytes(&node);

        bytes += (NODE_HEAD + (size_t)node.key_bytes + value + 1) & ~(size_t)1;
    }
    /* The nodes of a page fill it from `upper` to its end; LMDB moves them by their sizes, so that
     * a wrong size would destroy its neighbours. */
    return bytes == w->page_bytes - head->upper || broken(w, "its nodes do not fill it", number);
}

static bool
walk_table(struct walk *w, int table, const struct table_head *head)
{
    struct table_walk t = {.w = w, .table = table};

    /* of the first table the page size stands in pad; its keys are numbers */
    if (head->flags != (table == -2 ? MDB_INTEGERKEY : 0) || head->depth > DEPTH_MAX ||
        (head->root == NO_PAGE) != (head->depth == 0)) {
        return broken(w, "the head of a table is damaged", 0);
    }
    if (head->root != NO_PAGE && !walk_page(&t, head->root, head->depth)) {
        return false;
    }
    return (t.met.entries == head->entries && t.met.branch_pages == head->branch_pages &&
            t.met.leaf_pages == head->leaf_pages && t.met.overflow_pages == head->overflow_pages) ||
           broken(w, "a table has more or less than it should", 0);
}

static bool
all_seen(struct walk *w)
{
    for (uint64_t p = 2; p < w->pages; p++) {
        if ((w->seen[p / 8] >> (p % 8) & 1) == 0) {
            return broken(w, "a page is neither used nor free", p);
        }
    }
    return true;
}

static int
check_pages(int fd, const struct meta *meta, struct store_check *out, struct rr_err *err)
{
    const uint32_t page = meta->tables[0].pad;
    struct walk w = {.page_bytes = page, .pages = meta->last_page + 1, .out = out};
    const size_t bytes = (size_t)(w.pages * page);
    void *file = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    bool is_whole;

    if (file == MAP_FAILED) {
        return rr_err_set(err, -errno, "cannot map it: %s", strerror(errno));
    }
    w.file = file;
    w.seen = mem_zalloc((size_t)(w.pages / 8 + 1), 1);
    is_whole = walk_table(&w, -2, &meta->tables[0]) && walk_table(&w, -1, &meta->tables[1]) &&
               all_seen(&w);
    free(w.seen);
    (void)munmap(file, bytes);
    return is_whole
               ? 0
               : rr_err_set(err, RR_E_CORRUPT, "its structure is damaged (%s); %s", w.why, advice);
}

int
store_verify(const char *dir, bool is_full, struct store_check *out, struct rr_err *err)
{
    char *path = mem_printf("%s/data.mdb", dir);
    struct meta meta;
    int fd = -1;
    int rc;

    memset(out, 0, sizeof *out);
    rc = check_file(path, &fd, &meta, err);
    if (rc == 0 && fd < 0) {
        out->is_new = true;
    } else if (rc == 0 && is_full) {
        rc = check_pages(fd, &meta, out, err);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (rc != 0) {
        free(out->damaged);
        out->damaged = NULL;
        (void)rr_err_wrap(err, "%s", path);
    }
    free(path);
    return rc;
}
