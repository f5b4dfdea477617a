# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# lib.sh - for scripts that torment a daemon with the puppet: a directory, the daemon in it, looks at
# it, and an end that leaves nothing behind. Source it; it sources tap.sh.

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

build=${RR_BUILDDIR:-$PWD}
rrd=$build/rrd
base=$(mktemp -d "${TMPDIR:-/tmp}/rr-rel.XXXXXX")
dir=$base/d
mkdir -p "$dir/conf.d"
cd "$base" || exit 1

lib_cleanup() {
    local lock left
    # after a failure in the middle a daemon may be left that does not stop at the first word
    for lock in "$base"/*/state/lock; do
        read -r left _ 2> /dev/null < "$lock" || continue
        if [ "/proc/$left/exe" -ef "$rrd" ]; then
            kill -CONT "$left"
            kill -9 "$left"
        fi
    done
    cd / && rm -rf "$base"
}
trap lib_cleanup EXIT
trap 'exit 1' INT TERM

# times SMALL FULL: the figure of this run
times() { if [ -n "${RR_FULL:-}" ]; then echo "$2"; else echo "$1"; fi; }

ctl() { "$build/rrctl" -C "$dir" "$@"; }
# JSON on one line, without the blanks of the indentation
flat() { tr -d '\n' | sed -E 's/": /":/g; s/([[{,]) +/\1/g; s/ +([]}])/\1/g'; }
status() { ctl status "$@" --json | flat; }
# has_status PATTERN [STAGE]: an extended regular expression
has_status() { status "${@:2}" | grep -Eq "$1"; }
has_line() { grep -q -- "$1" "$dir/log/$2"; }
daemon_pid() { cut -d' ' -f1 "$dir/state/lock"; }
# number KEY [STAGE]: the first one of that name in the status
number() { status "${@:2}" | sed -E "s/.*\"$1\":([0-9]+).*/\1/"; }
worker_pid() { status "$1" | sed -E 's/.*"name":"[a-z0-9_]*","plugin":"[a-z0-9_]*","state":"[a-z]*","pid":([0-9]+).*/\1/'; }

start_daemon() { "$rrd" -C "$dir" --daemon "$@" > "$base/start.txt" 2>&1; }
stop_daemon() { ctl stop > /dev/null; }
# forget: what a stopped daemon left behind
forget() { rm -rf "$dir/state" "$dir/log" "$dir/run"; }
# pause_ms MS: without a process. Its descriptor is for no daemon: 9>&-
pause_ms() {
    local s
    if [ "${never:-}" != "$base/never.$BASHPID" ]; then
        never=$base/never.$BASHPID
        mkfifo "$never" && exec 9<> "$never"
    fi
    printf -v s '0.%03d' "$1"
    read -r -t "$s" -u 9
}

# conf [LINE...]: a puppet (of the directory $plugins) with short delays and more keys; extra_core and
# extra_conf are added
conf() {
    {
        printf '[core]\nplugin_path = %s\n%s\n' "${plugins:-$build/tests/puppet}" "${extra_core:-}"
        printf '[stage puppet]\nretry_delay = 10ms\nrestart_delay = 10ms\nrestart_max = 50ms\n'
        printf '%s\n' "$@" "${extra_conf:-}"
    } > "$dir/conf.d/10-puppet.ini"
}

# ring_conf RETAIN CREDIT LINES [LINE...]: a ring (tests/puppet/ring.c) whose stages may die often. LINES go
# to each stage, a LINE to its source, CREDIT to its sink.
ring=(ring_source ring_work ring_sink)
ring_conf() {
    local stage
    printf '[core]\nplugin_path = %s\nretain_events = %d\n' "$build/tests/puppet" "$1"
    for stage in "${ring[@]}"; do
        printf '[stage %s]\n%s\nrestart_delay = 10ms\nrestart_max = 20ms\nattempts = 100\n' $stage "$3"
        case $stage in
        ring_source) printf '%s\n' "${@:4}" ;;
        ring_work) echo 'credit = 2' ;;
        ring_sink) echo "credit = $2" ;;
        esac
    done
}
# Files of a stage of the ring by token and lap, without the id of the event, which a retry may not change.
laps_of() { find "$dir/data/ring/$1" -type f -name 't*' 2> /dev/null | sed 's,.*/,,; s/-[0-9]*$//' | sort; }

# emit ACT [TIMES]
emit() { ctl emit PUPPET_POKED "{\"number\":1,\"act\":\"$1\",\"times\":${2:-0}}" > /dev/null; }
count_done() { ctl events --json --type PUPPET_DONE --limit 100000 | wc -l; }
has_done() { [ "$(count_done)" -ge "$1" ]; }
# flow_done STAGE N: it has handled so many events
flow_done() { [ "$(number done_total "$1")" -ge "$2" ]; }
# is_sick PATTERN: the puppet was ended for that
is_sick() { has_status "\"deaths\":\\[.*\"kind\":\"sick\".*$1" puppet; }
anon_kib() { sed -n 's/^RssAnon: *\([0-9]*\) kB/\1/p' "/proc/$(daemon_pid)/status"; }

# Processes that carry the mark of this directory, whoever their parent is.
marked() {
    local id n=0 f
    read -r _ id < "$dir/state/lock"
    for f in /proc/[0-9]*/environ; do
        if tr '\0' '\n' < "$f" 2> /dev/null | grep -q "^RR_WORKER=$id/"; then
            n=$((n + 1))
        fi
    done 2> /dev/null
    echo "$n"
}
none_marked() { [ "$(marked)" -eq 0 ]; }
# Children of the daemon and theirs, itself not counted.
descendants() {
    local n=0 pid child
    local -a todo=("$1")
    while [ ${#todo[@]} -gt 0 ]; do
        pid=${todo[0]}
        todo=("${todo[@]:1}")
        for child in $(cat "/proc/$pid"/task/*/children 2> /dev/null); do
            n=$((n + 1))
            todo+=("$child")
        done
    done
    echo "$n"
}
