#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R31, N6: plugins that are broken in many ways, and what `rrctl plugin check` says of each: within
# 2 seconds, without harm, and never that all is well.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=tests/broken/lib.sh
. "$RR_SRCDIR/tests/broken/lib.sh"

refused SYMBOL 'loading *exports no symbol "rr_plugin"*'
refused UNDEFINED 'loading *undefined symbol: there_is_no_such_function*'
refused CRASH 'loading *loading it ended by signal ABRT*'
refused HANG 'loading *loading it did not end within 2 s*'
refused FORK 'loading *it starts processes while it is loaded*'
refused DOUBLE 'loading *it starts processes while it is loaded*'
# a process with a sanitizer is so large that the other limit may be seen first
bomb='started more than 32 processes'
if nm -D "$build/rrd-worker" | grep -q __asan; then
    bomb='*more than'
fi
refused BOMB "loading *loading it $bomb*"
refused PRINT 'loading *print*'
refused EXIT 'loading *ended the process with exit status 0: a plugin must not call exit*'
refused MEMORY 'loading *took more than 256 MiB of memory*'
refused RANGE 'loading *option "limit": default*above the allowed range*'
refused TWICE 'loading *option "greeting" is declared twice*'
refused HELP 'loading *option "limit": it has no help text*'
refused CORE_KEY 'loading *the option "attempts", which is a key of every stage*'
refused TYPE 'loading *event type "lower_case"*upper-case*'
refused CALLBACK 'loading *no .event callback*'
refused CHECK 'defaults *its check of the options ended by signal ABRT*'
warned CHATTER 'loading *prints 10 bytes while it is loaded: here I am*'
warned DEFAULTS 'defaults *refuses its defaults: greeting is too short*'
warned EXPORTS 'exports *beside rr_plugin: helper*'
warned STACK 'memory *executable stack*'
if [ "$(uname -m)" = x86_64 ]; then
    warned TEXTREL 'memory *text relocations*' -Wl,-z,notext
fi

# A library that is gone by now.
echo 'int there_is_no_such_function(void); int there_is_no_such_function(void) { return 0; }' > gone.c
$cc -shared -fPIC -o libgone.so gone.c
refused UNDEFINED 'loading *libgone.so: cannot open shared object file*' -L. -lgone

# What no compiler makes.
compile good NOTHING
run "$build/rrctl" plugin check good.so
like 'R31 a good one' "$rc $out" '0 *every host with 1.x*all is well'
run "$build/rrctl" plugin check good.so --json
like 'R31 a good one, as JSON' "$rc $(flat <<< "$out")" '0 {"ok":true,"findings":\[*"manifest":{*"name":"good"*'
head -c 3000 good.so > cut.so
run "$build/rrctl" plugin check cut.so
like 'R31 one that is cut off' "$rc $out" '69 *fail  form *it is cut off*'
{ head -c 18 good.so; printf '\362\0'; tail -c +21 good.so; } > foreign.so
run "$build/rrctl" plugin check foreign.so
like 'R31 one for another machine' "$rc $out" '69 *fail  form *it is for another machine, this machine is*'
cp good.so open.so && chmod 0777 open.so
run "$build/rrctl" plugin check open.so
like 'R31 one that everybody may write to' "$rc $out" '69 *fail  loading *may write to it*'
run "$build/rrctl" plugin check "$build/plugins/games/connect4.so"
like 'R31 a plugin of another kind' "$rc $out" '69 *fail  form *of kind "game"*'
run "$build/rrctl" plugin check p_exports.so --strict
is 'R31 --strict: a warning counts' "$rc" 69
run "$build/rrctl" plugin check nothing.so
like 'R31 a file that is not there' "$rc $out" '69 *fail  file *nothing.so: No such file*'

# Nothing of all that runs on, wherever it went.
left() { grep -ls "$base/p_" /proc/[0-9]*/maps; }
is 'R31 no process is left' "$(left)" ''

# A start judges the same, and gives its reason.
mkdir plugins && cp p_fork.so p_core_key.so "$build/tests/puppet/puppet.so" plugins
plugins=$base/plugins conf '[stage p_fork]' '[stage p_core_key]'
run ctl check
like 'R31 a start says the same' "$rc $err" '69 *p_fork.so: it starts processes*p_core_key.so: it declares*'
done_testing
