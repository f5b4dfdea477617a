#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R30: whatever lies where a plugin file should be, the worker ends with status 69 and one clear
# line, is not started again and again, and the daemon and its other stages do not notice. A file
# that changes under the hands of the loader is never half one and half the other.
# tests/core/test_load.c has every line of the loader.
set -u
umask 022
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

plugins=$base/plugins
mkdir "$plugins"
good=$build/tests/puppet/flow_end.so
file=$plugins/flow_end.so
cp "$build/tests/puppet/puppet.so" "$plugins"
cp "$good" "$file"
extra_conf=$'[stage flow_end]\nrestart_delay = 10ms' conf
start_daemon
other=$(worker_pid puppet)

# bad WHAT PATTERN: what lies there now is no plugin
bad() {
    local before
    before=$(number restarts flow_end)
    ctl restart flow_end > /dev/null
    is_soon "R30 $1: the stage fails for good" 20 has_status '"state":"failed"' flow_end
    like "R30 $1: it is told why, in a line" "$(ctl why flow_end | sed -n 1p)" "*$2*"
    like "R30 $1: status 69" "$(status flow_end)" '*"code":69,*'
    is "R30 $1: it was tried once" "$(($(number restarts flow_end) - before))" 1
    is "R30 $1: the other stage is the one before" "$(worker_pid puppet)" "$other"
    before=$(count_done)
    emit none
    is_soon "R30 $1: and works" 20 has_done $((before + 1))
    rm -rf "$file"
    cp "$good" "$file"
    ctl start flow_end > /dev/null
    is_soon "R30 $1: with the file back it starts" 20 has_status '"state":"ready"' flow_end
}

rm "$file" && bad 'missing' 'No such file'
echo '#!/bin/sh' > "$file" && bad 'a script' 'not an ELF'
: > "$file" && bad 'empty' 'not an ELF'
head -c 5000 "$good" > "$file" && bad 'truncated' 'cut off'
{ head -c 18 "$good"; printf '\267\0'; tail -c +21 "$good"; } > "$base/foreign"
case $(uname -m) in
aarch64) ;;
*) cp "$base/foreign" "$file" && bad 'of another machine' 'it is for ARM, 64 bits, this machine is' ;;
esac
chmod 0757 "$file" && bad 'writable by others' 'may write to it'
rm "$file" && mkdir "$file" && bad 'a folder' 'not a regular file'
rm "$file" && mkfifo "$file" && bad 'a pipe' 'not a regular file'
rm "$file" && ln -s /nowhere/flow_end.so "$file" && bad 'a link to nothing' 'No such file'
mkdir -m 0777 "$base/open" && chmod 0777 "$base/open" && cp "$good" "$base/open/"
rm "$file" && ln -s "$base/open/${good##*/}" "$file" && bad 'a link into a folder of everybody' 'its folder */open: others'

# A file that may not be read: root may read all, so somebody else has to try.
chmod 0000 "$file"
as=()
[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
chmod 0755 "$base"
run "${as[@]}" "$build/rrd-worker" --probe "$file"
if [ "$rc" -gt 100 ] || [ "$rc" -eq 1 ]; then
    echo "ok $((++count)) - R30 not readable # SKIP nobody else may run the build tree's programs"
else
    like 'R30 not readable' "$rc $(wc -l < err.txt) $err" '69 1 *cannot open it: Permission denied*'
fi
chmod 0755 "$file"

# A link that changes hands while workers load: only content that was looked at is ever opened.
cp "$good" "$plugins/kind.so_"
{ cat "$good"; echo evil; } > "$plugins/evil.so_"
chmod 0777 "$plugins/evil.so_"
evil=$(sha256sum < "$plugins/evil.so_" | cut -c1-64)
(
    while :; do
        for to in kind evil; do
            ln -s "$to.so_" "$plugins/new" && mv -T "$plugins/new" "$file"
        done
    done
) 2> /dev/null &
swapper=$!
settled() { has_status '"state":"(ready|failed)"' flow_end; }
n=$(times 15 300)
ended=0
for ((i = 0; i < n; i++)); do
    ctl restart flow_end > /dev/null 2>&1 || ctl start flow_end > /dev/null 2>&1
    wait_for 20 settled && ended=$((ended + 1))
done
kill $swapper && wait $swapper 2> /dev/null
is 'R30 swapped while it is loaded: each try ends' "$ended" "$n"
is 'R30 swapped: what others may write to was never taken' "$(find "$dir/state/plugins" -name "*$evil*")" ''
wrong=0
for copy in "$dir"/state/plugins/flow_end-*.so; do
    [ "flow_end-$(sha256sum < "$copy" | cut -c1-64).so" = "${copy##*/}" ] || wrong=$((wrong + 1))
done
is 'R30 swapped: each copy is what its name says' "$wrong" 0
is 'R30 swapped: the other stage is the one before' "$(worker_pid puppet)" "$other"
stop_daemon
is 'R30 nothing is left' "$(marked)" 0
done_testing
