/* SPDX-License-Identifier: MIT */
/*
 * fake_rrd.c - stands in for rrd in the tests of rrctl: a small loop that pretends, or a daemon
 * that misbehaves in the way that $FAKE_RRD names.
 *
 *     normal   answers; stages make progress, one EVALUATION_COMPLETED every 300 ms
 *     mute     takes requests and never answers       full      does not even accept
 *     garbage  answers what is not JSON               array     answers JSON that is no object
 *     empty    answers an object without ok           half      closes in the middle of an answer
 *     stuck    stops in the middle of an answer       endless   sends a line that never ends
 *     drip     answers byte by byte                   newer, older  speak another version
 *     refuse   refuses with exit status 65            die       ends by itself after 500 ms
 *     failed   as normal, but a stage has failed      bad       cannot start: exit status 78
 *     stubborn as normal, but ends only at the second SIGTERM
 *
 * It writes its command line into DIR/argv.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char *mode = "normal";
static int64_t began_ms;
static volatile sig_atomic_t terms;
static bool is_stopping;

static void
on_term(int sig)
{
    (void)sig;
    terms = terms + 1;
}

static int64_t
wall_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool
is_mode(const char *name)
{
    return strcmp(mode, name) == 0;
}

static json_t *
stage(const char *name, const char *state, int ready, int buried, double fraction, const char *note)
{
    json_t *s =
        json_pack("{s:s,s:s,s:s,s:i,s:i,s:s,s:{s:i,s:i,s:i,s:i,s:i},s:n,s:n,s:[]}", "name", name,
                  "plugin", name, "state", state, "pid", 4711, "restarts", 0, "waits",
                  "its queue is empty", "queue", "ready", ready, "delayed", 0, "leased",
                  fraction >= 0, "buried", buried, "done_total", 12, "event", "progress", "notes");

    if (fraction >= 0) {
        (void)json_object_set_new(s, "event",
                                  json_pack("{s:I,s:s,s:s,s:i,s:I}", "id",
                                            (json_int_t)1099511627777, "type", "SELFPLAY_REQUESTED",
                                            "config", "hex8_2p", "attempt", 1, "since_ms",
                                            (json_int_t)began_ms));
        (void)json_object_set_new(s, "progress",
                                  json_pack("{s:i,s:i,s:s,s:f}", "done", (int)(fraction * 512),
                                            "total", 512, "text", "games", "rate", 41.25));
    }
    if (note != NULL) {
        (void)json_array_append_new(json_object_get(s, "notes"),
                                    json_pack("{s:s,s:s,s:I}", "config", "hex8_2p", "text", note,
                                              "time_ms", (json_int_t)began_ms));
    }
    return s;
}

static json_t *
status(const char *dir)
{
    const int64_t age_ms = wall_ms() - began_ms;
    const double fraction = (double)(age_ms % 4000) / 4000.0;
    char elo[64];

    (void)snprintf(elo, sizeof elo, "Elo %d \xc2\xb1 35, 97 %% against random",
                   (int)(700 + age_ms / 100));
    return json_pack(
        "{s:s,s:i,s:s,s:s,s:I,s:I,s:[{s:s,s:i,s:i}],s:[o,o,o,o],s:{s:i,s:{s:i,s:i}}}", "version",
        "0.0.fake", "pid", (int)getpid(), "dir", dir, "state", is_stopping ? "stopping" : "running",
        "started_ms", (json_int_t)began_ms, "now_ms", (json_int_t)wall_ms(), "slots", "name", "cpu",
        "total", 2, "used", 1, "stages", stage("scheduler", "ready", 0, 0, -1, NULL),
        stage("selfplay", "ready", 3, 0, fraction, "1450 games/h"),
        stage("trainer", is_mode("failed") ? "failed" : "backoff", 0, 2, -1,
              "loss 1.83, policy 1.21"),
        stage("gauntlet", "ready", 1, 0, 1 - fraction, elo), "events", "total", 77, "by_type",
        "EVALUATION_COMPLETED", (int)(age_ms / 300), "SELFPLAY_COMPLETE", 40);
}

static json_t *
event(int id)
{
    return json_pack("{s:i,s:I,s:s,s:s,s:s,s:[],s:{s:s,s:f,s:i,s:s}}", "id", id, "time_ms",
                     (json_int_t)wall_ms(), "type", id % 2 == 0 ? "OTHER" : "EVALUATION_COMPLETED",
                     "source", "gauntlet", "config", "hex8_2p", "parents", "payload", "config",
                     "hex8_2p", "win_rate", 0.97125, "games", 200, "path",
                     "models/hex8_2p/0123456789abcdef0123456789abcdef");
}

static void
send_json(int fd, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);

    if (text != NULL) {
        (void)dprintf(fd, "%s\n", text);
    }
    free(text);
    json_decref(json);
}

static void
send_events(int fd, json_t *args)
{
    const bool follow = json_is_true(json_object_get(args, "follow"));
    const char *type = json_string_value(json_object_get(args, "type"));

    if (follow) {
        send_json(fd, json_pack("{s:b}", "follows", 1));
    }
    for (int id = 1; id <= 4; id++) {
        json_t *e = event(id);
        if (type == NULL || strcmp(type, json_string_value(json_object_get(e, "type"))) == 0) {
            send_json(fd, e);
        } else {
            json_decref(e);
        }
    }
    if (!follow) {
        send_json(fd, json_pack("{s:b,s:b}", "ok", 1, "end", 1));
    }
}

/* Answer one well-formed request as a good daemon does. Returns true to keep the connection. */
static bool
answer(int fd, const char *dir, json_t *request)
{
    const char *cmd = json_string_value(json_object_get(request, "cmd"));
    json_t *args = json_object_get(request, "args");

    cmd = cmd == NULL ? "" : cmd;
    if (strcmp(cmd, "status") == 0) {
        send_json(fd, json_pack("{s:b,s:o}", "ok", 1, "result", status(dir)));
    } else if (strcmp(cmd, "events") == 0) {
        send_events(fd, args);
        return json_is_true(json_object_get(args, "follow"));
    } else if (strcmp(cmd, "stop") == 0 && json_object_get(args, "stage") == NULL) {
        is_stopping = true;
        send_json(fd, json_pack("{s:b,s:{}}", "ok", 1, "result"));
    } else {
        /* Everything else gets its own arguments back. */
        send_json(fd, json_pack("{s:b,s:O}", "ok", 1, "result", args));
    }
    return false;
}

static void
send_drip(int fd, const char *dir)
{
    json_t *json = json_pack("{s:b,s:o}", "ok", 1, "result", status(dir));
    char *text = json_dumps(json, JSON_COMPACT);

    for (const char *c = text; c != NULL && *c != '\0'; c++) {
        (void)send(fd, c, 1, MSG_NOSIGNAL);
        if ((c - text) % 16 == 0) {
            (void)poll(NULL, 0, 1);
        }
    }
    (void)send(fd, "\n", 1, MSG_NOSIGNAL);
    free(text);
    json_decref(json);
}

/* Misbehave. Returns true to keep the connection open. */
static bool
misbehave(int fd, const char *dir)
{
    static char block[65536];

    if (is_mode("garbage")) {
        (void)dprintf(fd, "HTTP/1.1 400 Bad Request\n");
    } else if (is_mode("array")) {
        (void)dprintf(fd, "[1,2]\n");
    } else if (is_mode("empty")) {
        (void)dprintf(fd, "{}\n");
    } else if (is_mode("half") || is_mode("stuck")) {
        (void)dprintf(fd, "{\"ok\":true,\"resu");
        return is_mode("stuck");
    } else if (is_mode("newer")) {
        (void)dprintf(fd, "{\"v\":2,\"ok\":true,\"result\":[]}\n");
    } else if (is_mode("older")) {
        (void)dprintf(fd, "{\"ok\":false,\"code\":1,\"error\":\"rrd 0.0.1 speaks version 0 of the "
                          "control protocol: use an rrctl of the same release\"}\n");
    } else if (is_mode("refuse")) {
        (void)dprintf(fd, "{\"ok\":false,\"code\":65,\"error\":\"the store is damaged\"}\n");
    } else if (is_mode("drip")) {
        send_drip(fd, dir);
    } else if (is_mode("endless")) {
        memset(block, 'x', sizeof block);
        while (send(fd, block, sizeof block, MSG_NOSIGNAL) > 0) {
        }
    }
    return is_mode("mute");
}

static void
serve(int fd, const char *dir)
{
    char text[8192];
    size_t used = 0;
    bool keep = false;

    while (used < sizeof text - 1 && memchr(text, '\n', used) == NULL) {
        const ssize_t n = read(fd, text + used, sizeof text - 1 - used);
        if (n <= 0) {
            break;
        }
        used += (size_t)n;
    }
    json_t *request = json_loadb(text, used, 0, NULL);
    if (is_mode("normal") || is_mode("failed") || is_mode("die") || is_mode("stubborn")) {
        keep = answer(fd, dir, request);
    } else {
        keep = misbehave(fd, dir);
    }
    json_decref(request);
    if (!keep) {
        (void)close(fd); /* what is kept is closed by the end of the process */
    }
}

/* The socket gets its name when it listens, so that who sees it can connect. */
static int
listen_in(const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/run", dir);
    (void)mkdir(path, 0700);
    const int run_fd = open(path, O_PATH | O_CLOEXEC);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/new.sock", run_fd);
    (void)unlinkat(run_fd, "new.sock", 0);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, is_mode("full") ? 0 : 16) < 0 ||
        renameat(run_fd, "new.sock", run_fd, "ctl.sock") < 0) {
        perror("fake_rrd");
        exit(1);
    }
    return fd;
}

static bool
is_over(void)
{
    if (is_mode("die")) {
        return wall_ms() - began_ms > 500;
    }
    return is_stopping || terms > (is_mode("stubborn") ? 1 : 0);
}

static void
write_argv(const char *dir, int argc, char **argv)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/argv", dir);
    FILE *file = fopen(path, "we");
    for (int i = 1; file != NULL && i < argc; i++) {
        (void)fprintf(file, "%s\n", argv[i]);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

int
main(int argc, char **argv)
{
    const struct sigaction act = {.sa_handler = on_term};
    const char *dir = ".";
    bool is_daemon = false;

    began_ms = wall_ms();
    mode = getenv("FAKE_RRD") == NULL ? mode : getenv("FAKE_RRD");
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc) {
            dir = argv[++i];
        } else if (strcmp(argv[i], "--daemon") == 0) {
            is_daemon = true;
        } else if (strcmp(argv[i], "--check") == 0 || strcmp(argv[i], "--help-stage") == 0) {
            (void)printf("fake:");
            for (int k = 1; k < argc; k++) {
                (void)printf(" %s", argv[k]);
            }
            (void)putchar('\n');
            return 0;
        } else if (strcmp(argv[i], "--dump-events") == 0) {
            for (int id = 1; id <= 4; id++) {
                json_t *e = event(id);
                (void)json_dumpf(e, stdout, JSON_COMPACT);
                (void)putchar('\n');
                json_decref(e);
            }
            return 0;
        }
    }
    write_argv(dir, argc, argv);
    if (is_mode("bad")) {
        (void)fprintf(stderr, "conf.d/10-x.ini:3: option \"a\" is not known\n");
        return 78;
    }
    (void)sigaction(SIGTERM, &act, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    const int fd = listen_in(dir);
    if (is_daemon && daemon(1, 0) < 0) {
        return 1;
    }
    while (!is_over()) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        if (poll(&pfd, 1, 50) > 0 && !is_mode("full")) {
            const int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
            if (peer >= 0) {
                serve(peer, dir);
            }
        }
    }
    return is_mode("die") ? 7 : 0;
}
