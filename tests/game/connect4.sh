#!/bin/bash
# SPDX-License-Identifier: MIT
# connect4.sh - rrctl connect4 as its user sees it.
set -u

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/connect4-XXXXXX")
trap 'rm -rf -- "$work"' EXIT
cd "$work" || exit 99
c4() { run "$RR_BUILDDIR/rrctl-connect4" "$@" --memory 16; }
export RR_PLUGIN_PATH=$RR_BUILDDIR/plugins

c4 solve 12052305013656112043356360161305644522
is "solve: status" "$rc" 0
like "solve: the value" "$out" "*x is to act and draws in 4 plies*"
c4 solve 010101 --json
like "solve --json" "$out" '{"moves":"010101","score":18,"plies_left":1,"scores":?18,*],"best":"0",*'
c4 solve 0000000
is "a full column is refused" "$rc" 65
like "and the message says where" "$err" '*character 7*'
c4 solve 01010101
is "so is play after the end" "$rc" 65

c4 positions --set end-easy --positions 70 --seed 9
is "positions: status" "$rc" 0
is "as many lines as were asked for" "$(wc -l <out.txt)" 70
cp out.txt set.txt
c4 positions --set end-easy --positions 70 --seed 9
is "the same seed, the same positions" "$(cat out.txt)" "$(cat set.txt)"
c4 positions --set end-easy --positions 70 --seed 10
is "another seed, others" "$(cmp -s out.txt set.txt; echo $?)" 1

c4 grade --model uniform --file set.txt --simulations 4000 --json
is "grade: status" "$rc" 0
like "grade --json names the file" "$out" '{"model":"uniform","set":"set.txt","positions":70,"simulations":4000,*'
sound=$(sed 's/.*"search_sound":{"hits":\([0-9]*\).*/\1/' out.txt)
is "a long search keeps nearly every won end game won ($sound of 70)" "$((sound >= 66))" 1
c4 grade --model uniform --file set.txt --simulations 0
is "without a net and a search there is nothing to grade" "$rc" 2
c4 grade --model "$work/none.safetensors" --file set.txt
is "a model that is not there" "$rc" 1
like "is named" "$err" '*none.safetensors*'
sed '3s/.*/33 1 2/' set.txt >bad.txt
c4 grade --model uniform --file bad.txt
is "a bad file" "$rc" 65
like "is named with its line" "$err" '*bad.txt:3:*'
c4 grade --model uniform --set end-hard
is "a set that there is not" "$rc" 2
like "the message lists those that there are" "$err" '*middle-medium*'
c4
is "no command" "$rc" 2
done_testing
