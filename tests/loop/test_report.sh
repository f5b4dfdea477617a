#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# rrctl report from a given event log: figures, files, exit statuses.
set -u
build=${RR_BUILDDIR:-.}
dir=$(mktemp -d "${TMPDIR:-/tmp}/rr-report-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
n=0 failed=0

ok() {
    n=$((n + 1))
    if "${@:2}"; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        failed=1
    fi
}
# shellcheck disable=SC2317  # called through ok
has() { grep -qF -- "$1" "$dir/out"; }
report() {
    "$build/rrctl-report" --dir "$dir" "$@" >"$dir/out" 2>"$dir/err"
    status=$?
}
event() { # TYPE TIME_MS PAYLOAD
    id=$((id + 1))
    printf '{"id":%d,"time_ms":%d,"type":"%s","source":"x","config":"hex8_2p","parents":[],"payload":{"config":"hex8_2p",%s}}\n' \
        "$id" "$2" "$1" "$3" >>"$dir/events"
}
sha() { printf '%064d' "$1"; }
vs() { # NAME GENERATION SHA GAMES WINS
    printf '{"opponent":"%s","generation":%d,"sha256":"%s","games":%d,"wins":%d,"draws":0,"losses":%d,"rate":%s,"low":0.4,"high":0.9,"simulations":32}' \
        "$1" "$2" "$3" "$4" "$5" $(($4 - $5)) "0.7"
}

id=0
event SELFPLAY_COMPLETE 1700000000000 '"games_completed":600,"plies":9000,"samples":0,"generation":0,"evaluations":0,"duration_seconds":2'
event SELFPLAY_COMPLETE 1700000060000 '"games_completed":128,"plies":2000,"samples":700,"generation":1,"evaluations":90000,"duration_seconds":8'
event SOMETHING_ELSE 1700000061000 '"value":1'
event NPZ_EXPORT_COMPLETE 1700000062000 '"new_samples":700,"duration_seconds":1'
for g in 1 2; do
    model="\"generation\":$g,\"model_sha256\":\"$(sha $g)\",\"model_path\":\"models/hex8_2p/g000$g.safetensors\""
    event TRAINING_COMPLETED $((1700000000000 + g * 90000)) "$model,\"steps\":200,\"samples_trained\":51200,\"final_loss\":3.25,\"policy_loss\":2.5,\"value_loss\":0.75,\"best_val_loss\":3.4,\"val_policy_loss\":2.75,\"val_value_loss\":0.65,\"duration_seconds\":20"
    results=$(vs random 0 '' 20 19)
    [ $g = 1 ] || results+=,$(vs champion 1 "$(sha 1)" 64 48),$(vs first 1 "$(sha 1)" 64 48)
    event EVALUATION_COMPLETED $((1700000000000 + g * 100000)) "$model,\"games_played\":84,\"elo\":900,\"elo_ci\":80,\"match_path\":\"matches/hex8_2p/g000$g.json\",\"opponent_results\":[$results],\"duration_seconds\":9"
    event MODEL_PROMOTED $((1700000000000 + g * 100000)) "$model,\"rule\":\"as it should be\""
done

report --no-match --events "$dir/events"
ok 'a report is made' [ "$status" = 0 ]
ok 'generations' has '2 trained, 2 promoted'
ok 'games' has '728 games in 2 shards (600 before the first net)'
ok 'losses' has '2.750     0.650'
ok 'scores with intervals' has '75 % (40..90, 64)'
ok 'champion' has 'champion'
ok 'wall time of stages' has 'trainer_cpu     40.0 s'
ok 'where files are' has 'data/models/hex8_2p/g0002.safetensors'
ok 'report.txt is what was printed' cmp -s "$dir/out" "$dir/report.txt"
ok 'curve.png is a picture' [ "$(head -c 4 "$dir/curve.png" | tail -c 3)" = PNG ]
# Events come from the rrctl that started the program.
printf '#!/bin/sh\n[ "$3" = events ] && cat "%s/events"\n' "$dir" >"$dir/ctl"
chmod +x "$dir/ctl"
RR_CTL=$dir/ctl report --no-match
ok 'events of the rrctl that asked' has '2 trained, 2 promoted'

report --no-match --json --events "$dir/events"
ok 'JSON is printed' [ "$status" = 0 ]
ok 'JSON has the figures' has '"exported_samples": 700'
ok 'report.json is what was printed' cmp -s "$dir/out" "$dir/report.json"

report --events "$dir/events"
ok 'a model that is gone: the report is made all the same' [ "$status" = 0 ]
ok 'and says what was not measured' has 'not measured:'
ok 'nothing passes that was not measured' grep -q '"pass": false' "$dir/report.json"

: >"$dir/none"
report --events "$dir/none"
ok 'no events: exit status 1' [ "$status" = 1 ]
ok 'and a reason' grep -q 'nothing to report' "$dir/err"
echo 'no JSON' >"$dir/none"
report --events "$dir/none"
ok 'events that are no JSON: exit status 1' [ "$status" = 1 ]
report --games 3
ok 'odd number of games: exit status 2' [ "$status" = 2 ]
report --nonsense
ok 'unknown option: exit status 2' [ "$status" = 2 ]
report --help
ok 'help' [ "$status" = 0 ]

echo "1..$n"
exit $failed
