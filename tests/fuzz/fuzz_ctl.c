/* SPDX-License-Identifier: MIT */
/*
 * fuzz_ctl.c - whoever may use the control socket, and what he says to it, in pieces of any size.
 *
 * An input is what one connection sends; a byte 0xff ends a piece, and the loop turns between two
 * of them. The daemon is the real one but for clocks, processes (tests/fake/world.c) and the check
 * of a reload, which cannot start. After each input: the others are still answered.
 */
#include "core/common/mem.h"
#include "core/rrd/ctl.h"
#include "core/rrd/route.h"
#include "core/rrd/sup_run.h"
#include "tests/fake/world.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct text_list sets;

static void
tear_down(void)
{
    ctl_close(world.rrd.ctl);
    world_end();
}

static void
set_up(void)
{
    struct rr_err err = RR_ERR_INIT;
    char *run;

    world_begin(1);
    world_plug(1);
    world.rrd.conf.control_gid = -1;
    world.rrd.sets = &sets;
    (void)atexit(tear_down);
    run = mem_printf("%s/run", world.dir);
    check(mkdir(run, 0700) == 0 && ctl_open(&world.rrd, &world.rrd.ctl, &err) == 0);
    free(run);
}

static void
turn(void)
{
    for (int i = 0; i < 3; i++) {
        (void)event_base_loop(world.rrd.base, EVLOOP_NONBLOCK);
        store_drain(world.rrd.store);
        ctl_pump(world.rrd.ctl);
    }
}

static int
connect_new(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s/run/ctl.sock", world.dir);
    check(fd >= 0 && connect(fd, (const struct sockaddr *)&addr, sizeof addr) == 0);
    return fd;
}

static void
say(int fd, const void *data, size_t size)
{
    static char answers[1 << 17];

    (void)send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    turn();
    (void)recv(fd, answers, sizeof answers, MSG_DONTWAIT);
}

static void
check_others(void)
{
    static const char request[] = "{\"v\":1,\"cmd\":\"keys\",\"args\":{\"stage\":\"s0\"}}\n";
    static const char want[] = "{\"ok\":true,";
    char answer[sizeof want - 1];
    const int fd = connect_new();

    (void)send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
    turn();
    check(recv(fd, answer, sizeof answer, MSG_DONTWAIT) == (ssize_t)sizeof answer &&
          memcmp(answer, want, sizeof answer) == 0);
    (void)close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd;

    if (world.manifest.name == NULL) {
        set_up();
    }
    fd = connect_new();
    while (size > 0) {
        const uint8_t *end = memchr(data, 0xff, size);
        const size_t n = end == NULL ? size : (size_t)(end - data);

        say(fd, data, n);
        data += n + (end != NULL);
        size -= n + (end != NULL);
    }
    (void)close(fd);
    turn();
    world_pass(10);
    world.rrd.is_stopping = false;
    world.rrd.is_hurried = false;
    check_others();
    return 0;
}
