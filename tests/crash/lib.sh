# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# lib.sh - a limited ring of stages that a test kills somewhere, and the count at its end. Source it.

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../reliability/lib.sh"

rrd=$base/bin/rrd
daemon=0
tokens=4 laps=10 ring_lines=
retain=100 # events: so few that some go while the ring turns; those are not seen twice at the end

# A daemon finds its worker beside itself when there is a folder `plugins`, too.
mkdir -p "$base/bin/plugins"
cp "$build/tests/crash/rrd" "$build/tests/crash/rrd-worker" "$base/bin/" || exit 1

# fresh: a new directory with a ring that has yet to turn
fresh() {
    rm -rf "$dir" "$base/flag"
    mkdir -p "$dir/conf.d"
    {
        ring_conf $retain 4 "$ring_lines" "tokens = $tokens" "laps = $laps"
        printf '[stage puppet]\nrestart_delay = 10ms\nrestart_max = 20ms\nretry_delay = 10ms\nattempts = 2\n'
    } > "$dir/conf.d/10-ring.ini"
}
ctl() { timeout 10 "$build/rrctl" -C "$dir" -t 5 "$@" > /dev/null 2>&1; }
# go [NAME:N]: start the daemon, to die there
go() {
    RR_FAIL=${1:-} RR_FAIL_FLAG=$base/flag "$rrd" -C "$dir" > "$base/out.txt" 2>&1 9>&- &
    daemon=$!
}
is_up() { ctl status; }
is_gone() { ! kill -0 "$daemon" 2> /dev/null; }
is_up_or_gone() { is_up || is_gone; }
has_turned() { [ "$(laps_of ring_sink | wc -l)" -ge $((tokens * laps)) ]; }
has_turned_or_gone() { has_turned || is_gone; }

# end WHAT: stop the daemon; says when it does not
end() {
    ctl stop
    if ! wait_for 20 is_gone; then
        echo "$1: it does not stop"
        kill -9 "$daemon"
    fi
    wait "$daemon" 2> /dev/null
    daemon=0
}

# All that an operator does, so that every place is passed. The daemon may die on the way.
everything() {
    ctl emit PUPPET_POKED '{"number":1,"act":"reject","times":0}'
    ctl emit PUPPET_POKED '{"number":2,"act":"retry","times":0}'
    ctl emit PUPPET_POKED '{"number":3,"act":"tell","times":0}'
    ctl emit PUPPET_POKED '{"number":4,"act":"tell_and_die","times":0}'
    ctl emit PUPPET_POKED '{"number":5,"act":"segv","times":1}'
    ctl emit PUPPET_POKED '{"number":6,"act":"print","times":0}'
    wait_for 5 buried_or_gone
    ctl queue kick puppet --all
    ctl replay --queue puppet --from @1
    wait_for 5 buried_or_gone
    ctl queue drop puppet --all --yes
    ctl restart puppet
    sed -i 's/^retry_delay = .*/retry_delay = 11ms/; s/^credit = 2/credit = 3/' "$dir/conf.d/10-ring.ini"
    ctl reload
    # another file with the same code: bytes behind the end of an ELF file mean nothing
    mkdir -p "$base/new"
    { cat "$build/tests/puppet/ring_work.so"; echo x; } > "$base/new/ring_work.so"
    ctl upgrade ring_work "$base/new/ring_work.so" --watch-events 3 --watch-time 200ms
}
buried_or_gone() {
    "$build/rrctl" -C "$dir" -t 5 queue list puppet --json 2> /dev/null | grep -q '"buried"' || is_gone
}

# judge NAME: bring the ring to its end and count; says nothing when all is well
judge() {
    local stage want=$((tokens * laps)) n
    if ! wait_for 20 has_turned; then
        echo "$1: the ring stands still after $(laps_of ring_sink | wc -l) of $want"
        return
    fi
    wait_for 10 is_up || echo "$1: it does not start again: $(tail -n 1 "$base/out.txt")"
    end "$1"
    for stage in "${ring[@]}"; do
        n=$(laps_of "$stage" | wc -l)
        # the source sees each token once more, and lets it go
        [ "$n" -eq "$want" ] || { [ "$stage" = ring_source ] && [ "$n" -ge $((want - tokens)) ]; } ||
            echo "$1: $stage made $n files, not $want"
        [ "$(laps_of "$stage" | uniq -d | wc -l)" -eq 0 ] || echo "$1: $stage did something twice"
    done
    grep -h "ring violation" "$dir"/log/ring_*.log | head -n 2
    "$rrd" -C "$dir" --dump-events > "$base/events.txt" 2> /dev/null
    n=$(sed -nE 's/.*"type":"(RING_[A-Z]*)".*"payload":\{"token":([0-9]*),"lap":([0-9]*)\}.*/\1 \2 \3/p' "$base/events.txt" |
        sort | uniq -d | wc -l)
    [ "$n" -eq 0 ] || echo "$1: $n events are in the log twice"
}

# torment POINT ROUNDS MOST: one POINT N, which lets it die there at the N-th pass, so often; N is 1, then
# anything up to MOST. Sets wrong, what was said, and hit, whether the point was ever passed.
# shellcheck disable=SC2034
torment() {
    local i said
    wrong=
    hit=0
    for ((i = 1; i <= $2; i++)); do
        said=$(one "$1" $((i == 1 ? 1 : RANDOM % $3 + 1)))
        daemon=0
        [[ $said == *"not passed"* ]] || hit=1
        said=${said/not passed/}
        wrong+=${said//$'\n'/; }
    done
}
