#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R32: descriptors and option tables that are wrong get the right message; a plugin that was built
# for an older minor loads and works in a newer host. tests/core/test_load.c has the single rows.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/broken/lib.sh
. "$RR_SRCDIR/tests/broken/lib.sh"

refused MAGIC=0x12345678 'loading *magic 0x12345678*'
refused SIZE=0 'loading *a size of 0 bytes*'
refused SIZE=40 'loading *a size of 40 bytes*'
refused SIZE=100000 'loading *a size of 100000 bytes*'
refused MAJOR=2 'loading *ABI 2.0, this host has 1.*majors must be equal*'
refused MAJOR=0 'loading *ABI 0.*, this host has 1.*majors must be equal*'
refused MINOR=9 'loading *1.9, this host has only*install a newer rrd*'
refused NAME=NULL 'loading *its name "" is not*'
refused NAME='"somebody_else"' 'loading *name "somebody_else", its file says "p_name"*'
refused ROWS 'loading *option table has more than 256 rows: end it with RR_OPT_END*'
# Whatever lies behind a table without an end: it is told, and nothing else happens.
refused ENDLESS 'loading *'

# Two files of one name: the first on the path is the one, and the list says so.
mkdir one two
compile twice NOTHING && cp twice.so one && cp twice.so two
plugins=$base/one,$base/two conf '[stage twice]'
rm twice.so
sed -i '/stage puppet/,/restart_max/d' "$dir/conf.d/10-puppet.ini"
run ctl plugin list
like 'R32 a name that is there twice' "$rc $out" \
    "0 *$base/one/twice.so (stage twice)*$base/two/twice.so*hidden by $base/one/twice.so*"

# A host whose minor is 3 above ours: plugins of today are older by three then.
newer=$build/tests/newer
mkdir host && cp "$build/rrd" "$build/rrctl" "$newer/rrd-worker" host && mkdir host/plugins
old=$build
build=$base/host
unset plugins
build=$old conf
run "$build/rrctl" plugin check "$old/tests/puppet/puppet.so"
like 'R32 older by 3: it is taken' "$rc $out" '0 *abi *1.0: this host has 1.3 and takes it*'
start_daemon
emit none
is_soon 'R32 older by 3: it works' 20 has_done 1
stop_daemon
is 'R32 older by 3: it drains and ends' "$(grep -i 'error\|signal' "$dir/log/puppet.log")" ''
headers=$newer
compile mine NOTHING -I"$RR_SRCDIR/sdk/include"
run "$build/rrctl" plugin check mine.so
like 'R32 of the same minor: hosts of today refuse it' "$rc $out" \
    '0 *1.3: this host has 1.3 and takes it; hosts with 1.0 to 1.2 refuse it*'
run "$old/rrctl" plugin check mine.so
like 'R32 of the same minor: and so they do' "$rc $out" '69 *compiled for plugin ABI 1.3, this host has only 1.0*'
refused MINOR=4 'loading *1.4, this host has only 1.3*' -I"$RR_SRCDIR/sdk/include"
build=$old
done_testing
