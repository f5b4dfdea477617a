# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# lib.sh - compile broken.c in many ways and look at what `rrctl plugin check` says. Sourced behind
# tests/reliability/lib.sh.

# shellcheck disable=SC2154 # build, rc, out: of tests/reliability/lib.sh and tap.sh
umask 022
cc=${CC:-cc}
id=$(basename "$0" | cut -c1-3)

# compile NAME WAY[=VALUE] [FLAG...]: make NAME.so
compile() {
    # shellcheck disable=SC2086
    $cc -O1 -fPIC -fvisibility=hidden -shared -Wno-initializer-overrides -Wno-override-init \
        -I"${headers:-$RR_SRCDIR/sdk/include}" -DPLUGIN_NAME="\"$1\"" -DBREAK_"$2" \
        "$RR_SRCDIR/tests/broken/broken.c" -o "$1.so" "${@:3}" 2> "$1.txt"
}
# broken WAY[=VALUE] STATUS PATTERN [FLAG...]: PATTERN is of the whole output
broken() {
    local what name
    what=$(tr '[:upper:]=' '[:lower:] ' <<< "$1")
    name=p_${what%% *}
    if ! compile "$name" "$1" "${@:4}"; then
        is "$id $what: compiles" "$(head -n 3 "$name.txt")" ''
        return
    fi
    run timeout 20 "$build/rrctl" plugin check "$name.so"
    like "$id $what" "$rc $out" "$2 $3"
}
warned() { broken "$1" 0 "*warn  $2" "${@:3}"; }
refused() { broken "$1" 69 "*fail  $2" "${@:3}"; }
