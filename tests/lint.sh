#!/bin/bash
# SPDX-License-Identifier: MIT
#
# lint.sh - the rules of the house that a program can check; `make lint` runs it.
#
# Prints one line per problem, `file:line: message` where there is a line, and ends with status 1
# when there was any. A tool that is not installed is named and its checks are left out.

cd "$(dirname "$0")/.." || exit 2

mapfile -t sources < <(find core sdk plugins tests bench -name '*.[ch]' | sort)
mapfile -t scripts < <({
    find tests sdk plugins bench -name '*.sh'
    for file in quickstart autogen.sh .ci/run contrib/completion/rrctl; do
        [ -f "$file" ] && echo "$file"
    done
} | sort -u)

# mark MESSAGE: put it behind every line of grep's.
mark() {
    sed "s|\$|   <- $1|"
}

# must_have TOOL
must_have() {
    command -v "$1" > /dev/null && return
    echo "note: $1 is not installed; its checks are left out" >&2
    return 1
}

check_form() {
    if must_have clang-format; then
        clang-format --dry-run "${sources[@]}" 2>&1 | grep 'warning:' |
            awk -F: '!seen[$1]++ { print $1 ":" $2 ": not formatted (clang-format -i)" }'
    fi
    local file lines
    for file in "${sources[@]}" "${scripts[@]}"; do
        head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$file:1: no SPDX line"
        lines=$(wc -l < "$file")
        [ "$lines" -le 700 ] || echo "$file: $lines lines; 700 are the limit"
    done
    # A definition begins with a brace in the first column and ends with one. 60 lines are the aim;
    # there is room for a table or a switch that would not read better in two.
    awk 'FNR == 1 { start = 0 }
         /^\{/ { start = FNR }
         /^\}/ { if (start && FNR - start > 81)
                     printf "%s:%d: function of %d lines\n", FILENAME, start, FNR - start - 1
                 start = 0 }' "${sources[@]}"
    grep -nE '\b(TODO|FIXME|XXX)\b' "${sources[@]}" "${scripts[@]}" | grep -v '^tests/lint.sh' |
        mark 'not in a release'
    grep -nE '\brrd_[a-z_]+ ?\(' "${sources[@]}" | mark 'the prefix rrd_ belongs to RRDtool'
    grep -nP '\t' "${sources[@]}" | mark 'tab'
}

# includes WHERE... -- PATTERN: lines that include such a header, in those files and folders.
includes() {
    local where=()
    while [ "$1" != -- ]; do
        [ -e "$1" ] && where+=("$1")
        shift
    done
    [ ${#where[@]} -eq 0 ] ||
        grep -rHnE --include='*.c' --include='*.h' \
            "^#[[:space:]]*include[[:space:]]+[<\"]($2)" "${where[@]}"
}

check_layers() {
    local kit='rr/(game|net|search|shard|npz|model|train|rating|loop|data)[a-z_]*\.h|sdk/'
    local abi=(sdk/include/rr/{err,opt,event,host,plugin,effect,test}.h)
    local pure=(core/rrd/{sup,graph,record,slots}.[ch])
    local quiet=("${pure[@]}" core/rrd/{conf,conf_schema,store}*.[ch])
    local dir

    includes core -- "$kit" | mark 'the core knows nothing of the kit'
    includes core sdk plugins -- 'lmdb\.h' | grep -vE '^core/rrd/store[a-z_]*\.[ch]:' |
        mark 'only the store knows LMDB'
    includes core/common core/worker core/rrctl sdk plugins "${quiet[@]}" -- 'event2/' |
        mark 'no event loop here'
    includes "${pure[@]}" -- '(unistd|fcntl|time|signal|sys/[a-z]+)\.h' |
        mark 'this layer is pure: no I/O, no clock'
    includes "${abi[@]}" -- 'jansson|core/|sdk/' | mark 'the plugin ABI needs nothing of ours'
    includes core sdk plugins -- '(oneapi/)?dnnl' | grep -v '^sdk/net/onednn/' |
        mark 'oneDNN stays behind its backend'
    includes sdk -- 'core/|plugins/' | mark 'the kit knows neither the core nor plugins'
    includes plugins -- 'core/' | mark 'a plugin includes nothing of the core'
    for dir in plugins/*/ plugins/games/*/; do
        [ "$dir" = plugins/games/ ] ||
            includes "$dir" -- 'plugins/' | grep -vE "[<\"]$dir" |
            mark 'a plugin includes no other plugin'
    done
    grep -rnE --include='*.c' '\bdlopen *\(' core plugins | grep -v '^core/worker/' |
        mark 'only the worker opens plugins'
}

# Every header must compile by itself.
check_headers() {
    local file flags

    read -ra flags < <(pkg-config --cflags cairo jansson 2> /dev/null)
    for file in "${sources[@]}"; do
        [[ $file == *.c ]] ||
            ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Isdk/include -I. -I"${file%/*}" -I"${file%/*}/.." \
                "${flags[@]}" -fsyntax-only -x c "$file" 2>&1 |
            grep -m 1 -E 'error:' | mark 'does not compile alone'
    done
}

check_papers() {
    if must_have shellcheck; then
        shellcheck -S warning -f gcc "${scripts[@]}" 2>&1
    fi
    if must_have groff; then
        groff -t -man -ww -z man/*.[1-9] 2>&1
    fi
    if must_have mandoc; then
        mandoc -T lint -W warning man/*.[1-9]
    fi
}

# The reliability ids: what the list has, the tests have, and the failure model tells of.
check_ids() {
    local list=tests/reliability/README.md model=doc/failure-model.md listed tested told

    listed=$(sed -n 's/^| \(R[0-9][0-9]\) .*/\1/p' $list | sort -u)
    tested=$(grep -rhoE --include='*.c' --include='*.sh' --include='*.mk' "[\"'=]R[0-9]{2}[ \"]" tests |
        grep -oE 'R[0-9]{2}' | sort -u)
    told=$(grep -oE '\bR[0-9]{2}\b' $model | sort -u)
    comm -23 <(echo "$listed") <(echo "$tested") | sed "s|.*|$list: no test says &|"
    comm -13 <(echo "$listed") <(echo "$tested") | sed "s|.*|$list: a test says &, which is not listed|"
    comm -23 <(echo "$listed") <(echo "$told") | sed "s|.*|$model: nothing about &|"
    comm -13 <(echo "$listed") <(echo "$told") | sed "s|.*|$model: & is not in $list|"
}

found=$(check_ids; check_form; check_layers; check_headers; check_papers)
if [ -z "$found" ]; then
    echo "lint: no problems in ${#sources[@]} source files and ${#scripts[@]} scripts"
    exit 0
fi
echo "$found"
echo "lint: $(wc -l <<< "$found") problems"
exit 1
