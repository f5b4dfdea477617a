#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R50: a chain of six stages under 10,000 durable events of 256 bytes a second for a minute: nothing is
# lost, the order holds, 99 of 100 events are through the chain in 50 ms, and neither memory nor
# descriptors nor the file grow. The small figure is 2 s at a quarter of that, and judges no time;
# RR_SOAK_SECONDS=86400 with RR_FULL=1 lasts a day.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

seconds=$(times 2 "${RR_SOAK_SECONDS:-60}")
rate=$(times 500 2000) # five of the six stages emit: five times as many events are stored
events=$((rate * seconds))
last=$((events / 500 * 500)) # the sink tells its numbers every 500 events

{
    printf '[core]\nplugin_path = %s\nretain_events = 20000\n' "$build/tests/puppet"
    printf '[stage flow_source]\nrate = %d\nevents = %d\nbytes = 256\n' "$rate" "$events"
    printf '[stage %s]\ncredit = 16\n' flow_pass1 flow_pass2 flow_pass3 flow_pass4 flow_sink
} > "$dir/conf.d/10-flow.ini"

descriptors() { find "/proc/$(daemon_pid)/fd" -mindepth 1 | wc -l; }
file_bytes() { stat -c %s "$dir/state/store/data.mdb"; }
# late PERCENTILE: of all events so far, in us
late() { status flow_sink | sed -E "s/.* events,late .*$1 ([0-9]+).*/\1/"; }

start_daemon
is_soon "R50 the first half is through" $((seconds + 60)) flow_done flow_sink $((events / 2))
memory=$(anon_kib) files=$(descriptors) bytes=$(file_bytes)
is_soon "R50 all $events events are through" $((seconds + 60)) flow_done flow_sink "$events"
is "R50 and no more" "$(number done_total flow_sink)" "$events"
is_soon "R50 in order" 5 has_status "\"$last events,.* us,0 out of order" flow_sink
is "R50 memory of the daemon is as it was" "$(($(anon_kib) - memory < 1024))" 1
is "R50 so are its descriptors" "$(descriptors)" "$files"
if [ -n "${RR_FULL:-}" ]; then
    is "R50 so is the file, by a tenth" "$(($(file_bytes) * 10 <= bytes * 11))" 1
    echo "# late p50 $(late p50) us, p99 $(late p99) us"
    is "R50 99 of 100 events are through in less than 50 ms" "$(($(late p99) < 50000))" 1
fi
is "R50 nothing is buried" "$(status | grep -Eo '"buried":[0-9]+' | sort -u)" '"buried":0'
stop_daemon
is "R50 nothing is left" "$(marked)" 0
done_testing
