#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# tables.py - the lists in the man pages, made from the tables in the code.
#
#     tables.py RRCTL            say which pages differ from the code; status 1 when one does
#     tables.py --write RRCTL    bring them up to date (`make docs`)
#
# RRCTL is the program, whose `help --json` is its table; everything else is read from the sources.
# Between the two lines
#     .\" begin NAME (made by man/tables.py)
#     .\" end NAME
# of a page stands what the function of that name in MAKERS makes. Each must be in some page.
import json
import pathlib
import re
import subprocess
import sys
import textwrap

TOP = pathlib.Path(__file__).resolve().parent.parent


def source(path):
    return (TOP / path).read_text(encoding="utf-8")


def code(text):
    """As it is typed: no hyphen may become a dash."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha")


def prose(text):
    """A comment or help text as a paragraph."""
    text = text.replace("\\", "\\e").replace("…", "...").replace("^", "\\(ha").replace("~", "\\(ti")
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)
    text = re.sub(r"(?<![A-Za-z0-9])--(?=[a-z])", r"\\-\\-", text)
    lines = textwrap.wrap(" ".join(text.split()), 100, break_long_words=False, break_on_hyphens=False)
    return "\n".join("\\&" + l if l[0] in ".'" else l for l in lines)


def entry(heads, text):
    out = ".TP\n" + heads[0] + "\n"
    for more in heads[1:]:
        out += ".TQ\n" + more + "\n"
    return out + prose(text) + "\n"


def sentence(text):
    if not re.match(r"\w*[_(]", text): # a name stays as it is
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?")) else text + "."


# --- C, as clang-format leaves it

COMMENT = r"/\*(?:[^*]|\*(?!/))*\*/"


def plain(comment):
    return " ".join(re.sub(r"^\s*/?\*+/?|\*/", " ", l) for l in comment.strip().splitlines()).strip()


def rows(path, table):
    """The rows of a table of struct rr_opt."""
    body = re.search(table + r"\[\] = \{(.*?)\};", source(path), re.S).group(1)
    string = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
    row = r"\{" + string + r",\s*RR_OPT_(\w+),\s*\w+,\s*" + string + r",\s*" + string + r",\s*" + string + r"\}"
    found = re.findall(row, body)
    if len(found) != body.count("RR_OPT_") - body.count("RR_OPT_END"):
        sys.exit(f"tables.py: a row of {table} has another form than the others")
    return [(name[1], *("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', s)) for s in (name[0], *name[2:])))
            for name in found]


def members(path, struct):
    """The members of a struct with their comments: [([declarations], comment)]. Members without a
    comment of their own belong to the one before."""
    body = re.search(r"^struct " + struct + r" \{\n(.*?)^\};", source(path), re.S | re.M).group(1)
    found = []
    before = ""
    for m in re.finditer(rf"({COMMENT})|([^;{{}}/]+;)([ ]*{COMMENT})?", body):
        if m.group(1):
            before = plain(m.group(1))
            continue
        declaration = " ".join(m.group(2).split()).rstrip(";")
        after = plain(m.group(3)) if m.group(3) else ""
        if before or after or not found:
            found.append(([declaration], before + (" " if before and after else "") + after))
        else:
            found[-1][0].append(declaration)
        before = ""
    return found


def functions(path, leave_out=()):
    """The inline functions of a header, as members() gives members."""
    pattern = rf"({COMMENT}\n)?(?:__attribute__\(.*\)\) )?static inline ([^\n]+)\n(\w+\([^{{;]*?\))\n\{{"
    found = []
    for m in re.finditer(pattern, source(path)):
        prototype = " ".join((m.group(2) + " " + m.group(3)).split()).replace("* ", "*")
        if m.group(3).split("(")[0] in leave_out:
            continue
        if m.group(1) or not found:
            found.append(([prototype], plain(m.group(1) or "")))
        else:
            found[-1][0].append(prototype)
    return found


def defines(path, prefix):
    """#define PREFIX… VALUE with the comment behind it."""
    return re.findall(rf"^#define ({prefix}\w+) \(?(-?\w+)\)?[ ]+/\*\s*(.*?)\s*\*/", source(path), re.M)


def listed(found):
    return "".join(entry([f"\\fB{code(d)}\\fR" for d in heads], sentence(text or "The same."))
                   for heads, text in found)


# --- what stands between the marks

def keys(table):
    out = ""
    for kind, key, fallback, limits, text in rows("core/rrd/conf_schema.c", table):
        limits = f", {code(limits)}" if limits else ""
        default = f"default \\fB{code(fallback)}\\fR" if fallback else "default empty"
        out += entry([f"\\fB{key}\\fR ({kind.lower()}{limits}, {default})"], text)
    return out


def options(table):
    out = ""
    for row in table:
        head = f"\\fB\\-{row['letter']}\\fR, " if row["letter"] else ""
        head += f"\\fB\\-\\-{code(row['name'])}\\fR"
        head += f" \\fI{code(row['value'])}\\fR" if row["value"] else ""
        out += entry([head], sentence(row["help"]))
    return out


def commands():
    out = ""
    for c in HELP["commands"]:
        some = " [\\fIOPTION\\fR...]" if c["options"] else ""
        operands = " " + re.sub(r"([A-Z]+(?:\.[a-z]+)?)", r"\\fI\1\\fR", code(c["operands"])) if c["operands"] else ""
        out += entry([f"\\fBrrctl {c['name']}\\fR{some}{operands}"], sentence(c["summary"]))
        if c["options"]:
            out += ".RS\n" + options(c["options"]) + ".RE\n"
    return out


def statuses():
    out = ".TS\nr l.\n"
    for _, number, text in defines("core/common/status.h", "STATUS_"):
        out += f"{number}\t{text}\n"
    return out + ".TE\n"


def frames():
    """The picture at the top of wire.h; every type must be in it."""
    text = source("core/common/wire.h")
    names = [n for n in re.findall(r"^    WIRE_(\w+)", text, re.M) if not n.startswith("FROM_")]
    head = re.search(COMMENT, text[text.index("wire.h -") - 10:]).group(0)
    lines = [l[3:] if l.startswith(" * ") else "" for l in head.splitlines()]
    begin = next(i for i, l in enumerate(lines) if "worker -> daemon" in l)
    end = next(i for i, l in enumerate(lines) if l.strip().startswith("DRAINED"))
    picture = lines[begin:end + 1]
    for name in names:
        if not re.search(rf"\b{name}\b", "\n".join(picture)):
            sys.exit(f"tables.py: the comment of wire.h does not tell of {name}")
    return ".EX\n" + "\n".join(code(textwrap.dedent("\n".join(picture))).splitlines()) + "\n.EE\n"


def limits():
    out = ".TS\nl r.\n"
    text = source("core/common/wire.h")
    for name, what in (("VERSION", "version"), ("HEADER_BYTES", "bytes of the header"),
                       ("BODY_MAX", "bytes of a body, at most"),
                       ("PAYLOAD_MAX", "bytes of the payload of one event"),
                       ("VALUE_MAX", "bytes of the text of a durable key"),
                       ("NAME_MAX", "bytes of a name"), ("CREDIT_MAX", "events that a worker may hold")):
        value = re.search(rf"#define RR_WIRE_{name} (\d+)u", text).group(1)
        out += f"{what}\t{int(value):,}\n"
    return out + ".TE\n"


def control():
    out = ""
    table = source("core/rrd/ctl_cmds.c")
    for name, args in re.findall(r'\{"(\w+)", \w+, (?:true|false),\s*"([\w ]*)"\}', table):
        out += entry([f"\\fB{name}\\fR"], f"Arguments: {', '.join(args.split()) or 'none'}.")
    return out


def host():
    wrappers = {}
    for heads, _ in functions("sdk/include/rr/host.h"):
        for prototype in heads:
            wrappers[re.search(r"(\w+)\(", prototype).group(1)] = prototype
    found = []
    for heads, text in members("sdk/include/rr/host.h", "rr_host"):
        names = [re.search(r"\(\*(\w+)\)", d) for d in heads]
        if all(names):
            found.append(([wrappers[f"rr_{n.group(1)}"] for n in names], text))
    return listed(found)


MAKERS = {
    "core-keys": lambda: keys("conf_core_keys"),
    "stage-keys": lambda: keys("conf_stage_keys"),
    "global-options": lambda: options(HELP["options"]),
    "commands": commands,
    "exit-status": statuses,
    "frames": frames,
    "limits": limits,
    "control-commands": control,
    "plugin-members": lambda: listed(members("sdk/include/rr/plugin.h", "rr_plugin")),
    "event-members": lambda: listed(members("sdk/include/rr/event.h", "rr_event")),
    "option-members": lambda: listed(members("sdk/include/rr/opt.h", "rr_opt")),
    "host-functions": host,
    "effect-members": lambda: listed(members("sdk/include/rr/effect.h", "rr_effect")),
    "effect-functions": lambda: listed(functions("sdk/include/rr/effect.h",
                                                 ("rr_effect_sync", "rr_effect_make_dirs"))),
    "test-functions": lambda: listed(functions("sdk/include/rr/test.h",
                                               ("rr_test_settle", "rr_test_call"))),
    "results": lambda: "".join(entry([f"\\fB{n}\\fR ({v})"], sentence(t)) for n, v, t in
                               re.findall(r"^#define (RR_[A-Z]+) ([0-3])(?: +/\* (.*) \*/)?$",
                                          source("sdk/include/rr/plugin.h"), re.M) if t),
    "error-codes": lambda: "".join(entry([f"\\fB{n}\\fR"], sentence(t))
                                   for n, _, t in defines("sdk/include/rr/err.h", "RR_E_")),
}


def main():
    global HELP
    write = sys.argv[1:2] == ["--write"]
    program = sys.argv[-1]
    HELP = json.loads(subprocess.run([program, "help", "--json"], check=True, capture_output=True).stdout)
    made = {name: make() for name, make in MAKERS.items()}
    seen = set()
    differs = []
    for page in sorted((TOP / "man").glob("*.[1-9]")):
        old = page.read_text(encoding="utf-8")

        def fill(m):
            seen.add(m.group(2))
            return m.group(1) + made[m.group(2)] + m.group(3)

        new = re.sub(r'(\.\\" begin ([a-z-]+) .*\n)(?:.*\n)*?(\.\\" end \2\n)', fill, old)
        if new != old:
            differs.append(page.name)
            if write:
                page.write_text(new, encoding="utf-8")
    for name in sorted(set(MAKERS) - seen):
        sys.exit(f"tables.py: no page has a place for {name}")
    for name in differs:
        print(f"man/{name}: {'brought up to date' if write else 'not as the code is: make docs'}")
    return 0 if write or not differs else 1


if __name__ == "__main__":
    sys.exit(main())
