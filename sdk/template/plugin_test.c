/* SPDX-License-Identifier: MIT */
/*
 * plugin_test.c - the template plugin in a unit test: no daemon needed. Run by `make check`.
 */
#include "plugin.c"

#include <rr/test.h>

#undef NDEBUG
#include <assert.h>

int
main(void)
{
    char dir[] = "/tmp/plugin-test-XXXXXX";
    char command[64];

    assert(mkdtemp(dir) != NULL);
    struct rr_test *t = rr_test_new(&rr_plugin);
    rr_test_fact(t, "data_dir", dir);
    rr_test_opt(t, "greeting", "Good morning");
    assert(rr_test_check(t) == 0);

    const struct ev_hello_asked ask = {.who = "world", .times = 3};
    assert(rr_test_event(t, &rr_type_hello_asked, "", &ask) == RR_DONE);
    assert(rr_test_event(t, &rr_type_hello_asked, "", &ask) == RR_DONE);
    assert(rr_test_count(t, "HELLO_SAID") == 2);
    const struct ev_hello_said *said = rr_test_payload(t, "HELLO_SAID", 1);
    assert(said->count == 6);
    assert(strcmp(rr_test_durable(t, "count"), "6") == 0);

    const struct ev_hello_asked too_often = {.who = "world", .times = 101};
    assert(rr_test_event(t, &rr_type_hello_asked, "", &too_often) == RR_REJECT);
    assert(rr_test_count(t, "HELLO_SAID") == 2);

    rr_test_opt(t, "greeting", "");
    assert(rr_test_check(t) == RR_E_CONFIG);

    rr_test_free(t);
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    assert(system(command) == 0);
    puts("all well");
    return 0;
}
