/* SPDX-License-Identifier: MIT */
/*
 * R60: configuration files made of anything. Whatever stands in them, reading them ends, and each
 * refusal says in which file. The sanitizers of the second build see the rest.
 */
#include "core/common/mem.h"
#include "core/rrd/ini.h"
#include "tests/reliability/store_rig.h"

static const char *const seeds[] = {
    "[core]\nslots = cpu:2\nretain_events = 1000\n# a comment\n\n[stage selfplay]\nattempts = 5\n",
    "[stage a]\nplugin = puppet\nneeds = b, c\n[stage b]\nstart_limit = 5s\n[stage c]\n",
    "; comment\n[core]\nplugin_path = /x:/y\n[stage x]\ntext = a = b ; c\n",
};
static const char *const bits[] = {"[",       "]",        "=",
                                   "\n",      "\r\n",     ";",
                                   "#",       " ",        "\t",
                                   "\0",      "\xff",     "\xef\xbb\xbf",
                                   "[stage ", "[core]\n", "key = value\n",
                                   "= ",      "\\",       "\"",
                                   ":"};

/* Change a text at some places: cut, repeat, put something in, flip. */
static size_t
mutate(uint64_t *seed, char *text, size_t n, size_t cap)
{
    for (uint64_t k = 1 + rig_random(seed) % 8; k > 0; k--) {
        const size_t at = n == 0 ? 0 : (size_t)(rig_random(seed) % n);
        const size_t bit = (size_t)(rig_random(seed) % (sizeof bits / sizeof *bits));
        const size_t len = bits[bit][0] == '\0' ? 1 : strlen(bits[bit]);

        switch (rig_random(seed) % 4) {
        case 0:
            n = at;
            break;
        case 1:
            if (n + len < cap) {
                memmove(text + at + len, text + at, n - at);
                memcpy(text + at, bits[bit], len);
                n += len;
            }
            break;
        case 2:
            if (n > 0) {
                text[at] = (char)rig_random(seed);
            }
            break;
        default:
            if (2 * n - at < cap) {
                memcpy(text + n, text + at, n - at);
                n += n - at;
            }
            break;
        }
    }
    return n;
}

int
main(void)
{
    const int n = rig_count(3000, 1000000);
    static char text[80000];
    uint64_t seed = 60;
    char path[300];
    char file[300];
    int unplaced = 0;
    int refused = 0;
    int taken = 0;

    if (!rig_begin()) {
        return 1;
    }
    rig_fresh("conf.d");
    rig_path(path, sizeof path, "conf.d", "");
    rig_path(file, sizeof file, "conf.d", "10-t.ini");
    for (int i = 0; i < n; i++) {
        struct text_list problems = {0};
        struct ini ini;
        const char *start = seeds[rig_random(&seed) % (sizeof seeds / sizeof *seeds)];

        memcpy(text, start, strlen(start));
        const size_t bytes = mutate(&seed, text, strlen(start), sizeof text);
        FILE *f = fopen(file, "wb");

        if (f == NULL || fwrite(text, 1, bytes, f) != bytes || fclose(f) != 0) {
            return 1;
        }
        ini_read(&ini, path, "conf.d", &problems);
        for (size_t k = 0; k < problems.n; k++) {
            unplaced += strncmp(problems.v[k], "conf.d/10-t.ini:", 16) != 0;
        }
        refused += problems.n > 0;
        taken += problems.n == 0;
        ini_free(&ini);
        text_list_free(&problems);
    }
    ok(refused > n / 10 && taken > n / 100, "R60 %d files: %d refused, %d taken", n, refused,
       taken);
    is_int(unplaced, 0, "R60 each refusal names the file");
    return rig_end();
}
