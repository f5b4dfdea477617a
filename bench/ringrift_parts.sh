#!/bin/bash
# SPDX-License-Identifier: MIT
#
# ringrift_parts.sh [BUILD] - where random play of RingRift spends its time, by parts of the rules,
# in per cent: one column for each of four boards, first without and then with encoding.
#
# Needs perf (package linux-perf), and a build tree (default: ./build).

build=${1:-build}
boards="hex8_2p square8_2p square19_2p hexagonal_2p"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

# Functions that the compiler merges into others count where they were merged.
parts="
placements:place_legal,add_places,place_possible,mask_rays,stack_can_act
moves and captures:stack_legal,scan,seat_can_act,turn_legal
regions:regions_legal,regions_of_kind,mask_component,mask_meets,mask_within,mask_first,mask_cells,fence_find,region_cells
lines and recovery:lines_legal,lines_any,mask_runs,recovery_legal,run_through,add_per_payer,recovery_eligible
reading masks:mask_read
playing:turn_apply,apply,pos_of,stack_move,stack_remove,stack_push,stack_put_under,refresh,ride_apply,ride_path,capture_apply,region_apply,state_collapse,board_ray,pay_apply,pay_legal,memmove
end of turn:end_turn,victory_test,real_action,lps_turn_start,view_material,view_colours,view_controls,view_has_stacks,memchr
planes:encode_state,encode
policy indices:policy_index,index_of
bench:measure,legal,rr_game_random,memset"

for board in $boards; do
    perf record -q -e cpu-clock -F 5000 -o "$dir/$board" \
        "$build/rrctl" game bench ringrift "$board" --seconds "${SECONDS_EACH:-6}" > /dev/null || exit 1
done

# table TIME: the first half of a bench is without encoding.
table() {
    for board in $boards; do
        perf report -i "$dir/$board" --time "$1" --stdio --no-children -g none --sort symbol \
            2> /dev/null | awk -v board="$board" '$1 ~ /%$/ { print board, $1 + 0, $3 }'
    done | awk -v parts="$parts" -v boards="$boards" '
        BEGIN {
            n = split(parts, line, "\n")
            for (i = 1; i <= n; i++) {
                split(line[i], field, ":")
                names[i] = field[1]
                k = split(field[2], symbol, ",")
                for (j = 1; j <= k; j++) part[symbol[j]] = i
            }
            names[n + 1] = "the rest"
        }
        {
            name = $3
            sub(/^__/, "", name)
            sub(/[.@].*|_(avx|evex|sse).*/, "", name)
            sum[$1, name in part ? part[name] : n + 1] += $2
        }
        END {
            k = split(boards, board, " ")
            printf "|"
            for (j = 1; j <= k; j++) printf " | %s", board[j]
            print " |\n|---|---|---|---|---|"
            for (i = 2; i <= n + 1; i++) {
                printf "| %s", names[i]
                for (j = 1; j <= k; j++) printf " | %.1f", sum[board[j], i]
                print " |"
            }
        }'
}

echo "Lists, moves and ends:"
table 2%-47%
echo
echo "The same with planes and policy indices:"
table 53%-98%
