#!/bin/bash
# SPDX-License-Identifier: MIT
#
# test_plugin.sh - rrctl plugin list and new. What check says is in tests/reliability/R31*.

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/plugin.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
umask 002 # as some systems have it: what is made must be usable all the same
unset RR_DIR MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES PKG_CONFIG_PATH
ctl() { "$RR_BUILDDIR/rrctl" "$@"; }

# --- new: it builds and passes its own test at once

run ctl plugin new my_plugin2
like 'new' "$rc $out" '0 my_plugin2: *'
is 'new: the files' "$(cd my_plugin2 && echo *)" \
    '50-my_plugin2.ini Makefile README.md events.h plugin.c plugin_test.c'
is 'new: no word of the template is left' "$(grep -rn 'hello\|HELLO' my_plugin2)" ''
run make -C my_plugin2 CFLAGS='-O1 -Werror' all check
like 'new: it builds from the build tree, and passes its test' "$rc $out" '0 *all well*'
run ctl plugin check my_plugin2/my_plugin2.so --strict
like 'new: the check finds nothing' "$rc $out" '0 *consumes *MY_PLUGIN2_ASKED*all is well'

run make -s -C "$RR_BUILDDIR" install-rrincludeHEADERS install-pkgconfigDATA DESTDIR="$work/root"
is 'an SDK is installed' "$rc" 0
pc=$(find root -name rrd-sdk.pc)
mkdir pc && cp "$pc" pc
run env PKG_CONFIG_PATH="$work/pc" PKG_CONFIG_SYSROOT_DIR="$work/root" make -C my_plugin2 -B CFLAGS=-O1 all check
like 'new: it builds with an installed SDK, and passes its test' "$rc $out" "0 *-I$work/root/*all well*"

run ctl plugin new my_plugin2
like 'new: a folder that is there is left alone' "$rc $err" '5 *my_plugin2 is there already*'
run ctl plugin new other deep/place
like 'new: no folder for the folder' "$rc $err" '1 *deep/place*No such file*'
mkdir deep
run ctl plugin new other deep/place --json
is 'new: in a folder of its own' "$rc $out $(ls deep)" '0 {"name":"other","dir":"deep/place"} place'
run ctl plugin new blank 'a place/'
like 'new: what it says to type can be typed' "$rc $out" "0 *make -C 'a place/' all*check 'a place//blank.so'*"
is 'new: a slash at the end' "$rc $(ls -d a*)" '0 a place'
for name in Upper 1st with-dash '' rr_mine core selfplay \
    longlonglonglonglonglonglonglonglonglonglo; do
    run ctl plugin new "$name"
    is "new: no plugin is called '$name'" "$rc $(find . -name '*.new-*')" '2 '
done
run ctl plugin new
like 'new: wants a name' "$rc $err" '2 *usage: rrctl plugin check FILE*'
run ctl plugin burn x
is 'no such command' "$rc" 2

# --- list

umask 022
mkdir -p D/conf.d mine
cp my_plugin2/my_plugin2.so "$RR_BUILDDIR/tests/puppet/puppet.so" mine
cp mine/puppet.so mine/selfplay.so # whose name it has not
echo nonsense > mine/junk.so
cat > D/conf.d/00-core.ini << END
[core]
plugin_path = $work/mine
[stage one]
plugin = my_plugin2
[stage two]
plugin = my_plugin2
END
run ctl -C D plugin list
like 'list: name, version, kind, hash, file, stages' "$rc $out" \
    "0 NAME*my_plugin2 *1.0 *stage *$(sha256sum mine/my_plugin2.so | cut -c1-12) $work/mine/my_plugin2.so (stage one, two)*"
like 'list: the built-in ones' "$out" "*trainer_cpu *stage *$RR_BUILDDIR/plugins/trainer_cpu.so*"
like 'list: other kinds' "$out" "*connect4 *game *games/connect4.so*"
like 'list: one that is hidden' "$out" "*$RR_BUILDDIR/plugins/selfplay.so*hidden by $work/mine/selfplay.so*"
like 'list: one that cannot be loaded' "$out" '*cannot be loaded: *its descriptor says name "puppet"*'
like 'list: one that is no plugin' "$out" '*junk.so*cannot be loaded: *not an ELF*'
run ctl -C D plugin list --json
is 'list --json' "$rc $(tr -d ' \n' <<< "$out" | grep -o '"name":"my_plugin2","version":"1.0","kind":"stage"')" \
    '0 "name":"my_plugin2","version":"1.0","kind":"stage"'
mkdir E
run ctl -C E plugin list
like 'list: without a configuration' "$rc $out" '0 *selfplay*'
done_testing
