# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# fake.sh - for scripts that try rrctl on daemons played by fake_rrd; it sources tap.sh. rrctl is copied
# beside the fake, so that it takes it for the daemon of its build tree.

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/rrctl.XXXXXX") || exit 1
daemons=()
trap 'kill -9 "${daemons[@]}" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir plugins conf.d
cp "$RR_BUILDDIR/rrctl" rrctl
cp "$RR_BUILDDIR/fake_rrd" rrd
unset RR_DIR
printf '[core]\n# plugin_path =\nreport =\n\n[stage scheduler]\n# configs = hex8_2p\nrate = 1\n' \
    > conf.d/00-core.ini

# fake MODE: a daemon of that mode for directory D.
fake() {
    mkdir -p D
    rm -f D/run/ctl.sock
    FAKE_RRD=$1 ./rrd --dir D &
    daemons+=($!)
    for _ in $(seq 3000); do
        [ -S D/run/ctl.sock ] && return
        sleep 0.02
    done
    echo "Bail out! fake_rrd does not start"
    exit 1
}

unfake() {
    kill "${daemons[-1]}" 2>/dev/null
    wait "${daemons[-1]}" 2>/dev/null
    unset 'daemons[-1]'
}
