#!/bin/bash
# SPDX-License-Identifier: MIT
# test_sdk.sh - do what sdk/template/README.md says, as a stranger would: install the SDK somewhere,
# copy the template, build it with one command, drop it into a directory named in conf.d, start the
# daemon, and see the plugin handle an event.
set -u

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/sdk-XXXXXX")
dir=$work/run
rrctl=$RR_BUILDDIR/rrctl

# shellcheck disable=SC2317 # called by the trap
cleanup()
{
    if [ -S "$dir/run/ctl.sock" ]; then
        "$rrctl" --dir "$dir" stop >/dev/null 2>&1
    fi
    rm -rf -- "$work"
}
trap cleanup EXIT

# ok WHAT: the status of the last command decides; on failure show the last output.
ok()
{
    local status=$?
    is "$1" "$status" 0
    [ "$status" -eq 0 ] || sed 's/^/# /' "$work/output"
}

# try COMMAND...: run it, keep what it prints in $work/output.
try()
{
    "$@" >"$work/output" 2>&1
}

# shows PATTERN COMMAND...: whether what it prints has the pattern
shows()
{
    try "${@:2}" && grep -q -- "$1" "$work/output"
}

# The make that runs this test must not share its flags with those below.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

try make -s -C "$RR_BUILDDIR" install-rrincludeHEADERS install-pkgconfigDATA install-dist_templateDATA \
    DESTDIR="$work/root"
ok "install the SDK"
pc=$(find "$work/root" -name rrd-sdk.pc)
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$work/root
template=$work/root$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=templatedir rrd-sdk)
try cp -r "$template" "$work/hello"
ok "copy the template"
try make -C "$work/hello"
ok "build it with one command"
[ -f "$work/hello/hello.so" ] || done_testing
try make -C "$work/hello" check
ok "its unit test passes"
try make -C "$work/hello" CFLAGS='-O2 -Wshadow -Wconversion -Wcast-qual -Werror' -B
ok "the headers are free of warnings"

needed=$(readelf -d "$work/hello/hello.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
echo "$needed" >"$work/output"
! grep -qvE '^(libc|ld-linux.*|linux-vdso)\.so' "$work/output"
ok "it needs nothing but the C library"
nm -D --undefined-only "$work/hello/hello.so" >"$work/output"
! grep -qE ' rr_' "$work/output"
ok "it has no undefined symbol of ours"
nm -D --defined-only "$work/hello/hello.so" | sed 's/.* //' >"$work/output"
[ "$(cat "$work/output")" = rr_plugin ]
ok "it exports one symbol"

# The manual's own example must be true, too.
mkdir "$work/summer"
for file in summer.c summer_test.c; do
    sed -n '/^\.\\" example: '"$file"'$/,/^\.\\" end/ { /^\.\\"/d; s/\\e/\\/g; s/\\-/-/g; p }' \
        "$RR_SRCDIR/man/rrd-plugin.7" >"$work/summer/$file"
done
read -r -a cflags < <(pkg-config --cflags rrd-sdk)
try "${CC:-cc}" -O2 -Wall -Wextra -Werror "${cflags[@]}" -fPIC -fvisibility=hidden -shared -Wl,-z,defs \
    -o "$work/summer/summer.so" "$work/summer/summer.c"
ok "the example of rrd-plugin(7) compiles"
try "${CC:-cc}" -Wall -Wextra -Werror "${cflags[@]}" -o "$work/summer/test" "$work/summer/summer_test.c" -lm &&
    try "$work/summer/test"
ok "and passes its test"
try "$RR_BUILDDIR/rrd-worker" --probe "$work/summer/summer.so"
ok "and can be loaded"

mkdir -p "$dir/conf.d"
printf '[core]\nplugin_path = %s\n' "$work/hello" >"$dir/conf.d/00-core.ini"
cp "$work/hello/50-hello.ini" "$dir/conf.d/"
try "$rrctl" --dir "$dir" check
ok "rrctl check takes the directory"
try "$rrctl" --dir "$dir" start
ok "the daemon starts"
[ -S "$dir/run/ctl.sock" ] || done_testing
try "$rrctl" --dir "$dir" emit HELLO_ASKED --config c1 '{"who":"world","times":2}'
ok "emit an event"
wait_for 20 shows '"count": *2' "$rrctl" --dir "$dir" --json events --type HELLO_SAID
ok "see what the plugin made of it"
grep -q '"who": *"world"' "$work/output"
ok "with the name that was given"
path=$(sed -n 's/.*"path": *"\([^"]*\)".*/\1/p' "$work/output" | head -n 1)
[ "$(cat "$dir/data/$path")" = "$(printf 'Hello, world!\nHello, world!')" ]
ok "the file that the event names is there"
wait_for 20 shows '2 greetings, the last to world' "$rrctl" --dir "$dir" --json status
ok "status shows its note"
try "$rrctl" --dir "$dir" emit HELLO_ASKED '{"who":"all","times":1000}'
wait_for 20 shows 'greetings asked for' "$rrctl" --dir "$dir" queue list hello
ok "an event that it rejects is buried with the reason"
try "$rrctl" --dir "$dir" stop
ok "stop"
done_testing
