#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Choose the recorded games of this folder from a full collection.

usage: select.py COLLECTION-FOLDER [THIS-FOLDER]

For each variant the shortest games are taken until every kind of move, every kind of end and
every other peculiarity that occurs in the variant's files occurs here too.
"""
import glob
import gzip
import os
import re
import sys

MOVE = re.compile(r"^(SP|NP|SW|SC|SR|NM|EL|NL|ET|ER|ST|NT|[PMCKLOTFR])")


def features(lines):
    """What is peculiar to a game: kinds of moves, of its end, refused slides, long streaks."""
    found = set()
    for line in lines:
        if line.startswith("M "):
            text = line[2:]
            kind = MOVE.match(text).group(1)
            if kind == "P":
                kind += text.rsplit("*", 1)[1]
            elif kind == "R":
                kind += re.search(r":(F|S|L1|L2)", text).group(1)
            elif kind == "O":
                kind += "all" if text.endswith(":A") else "part"
            found.add(kind)
        elif line.startswith("E "):
            found.add(re.search(r"kind=(\w+)", line).group(0))
        elif line.startswith("X "):
            found.add("refused")
        elif re.search(r" lp=\d:[.01]+:\d:[3-9]$", line):
            found.add("streak without a win")
    return found


def read_games(path):
    """Header line and games (lists of lines) of one file."""
    with gzip.open(path, "rt", encoding="ascii") as f:
        lines = f.read().split("\n")
    games = []
    for line in lines[1:]:
        if line.startswith("G "):
            games.append([])
        if line and not line.startswith("Z "):
            games[-1].append(line)
    return lines[0], games


def choose(games):
    """Greedy cover: the game with most new features per byte first."""
    left = [(features(g), sum(map(len, g)), g) for g in games]
    missing = set().union(*(f for f, _, _ in left))
    chosen = []
    while missing:
        best = max(left, key=lambda x: len(x[0] & missing) / x[1])
        missing -= best[0]
        chosen.append(best[2])
        left.remove(best)
    return chosen


def main():
    source = sys.argv[1]
    here = sys.argv[2] if len(sys.argv) > 2 else os.path.dirname(os.path.abspath(__file__))
    variants = {}
    for path in sorted(glob.glob(os.path.join(source, "*.rrg.gz"))):
        name = "-".join(os.path.basename(path).split(".")[0].split("-")[:2])
        header, games = read_games(path)
        variants.setdefault(name, (header, []))[1].extend(games)
    for name, (header, games) in variants.items():
        chosen = choose(games)
        text = "\n".join([header] + [l for g in chosen for l in g] + [f"Z {len(chosen)}"]) + "\n"
        with open(os.path.join(here, name + ".rrg.gz"), "wb") as f:
            f.write(gzip.compress(text.encode("ascii"), 9, mtime=0))
        print(f"{name}: {len(chosen)} of {len(games)} games")


main()
