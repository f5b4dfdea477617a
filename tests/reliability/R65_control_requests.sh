#!/bin/bash
# SPDX-License-Identifier: MIT
# R64, R65: the control socket and what may be said to it. Whoever connects, however slowly, and whatever he
# says: the others are answered.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

conf
start_daemon
is "R64 the socket is the owner's alone" "$(stat -c '%a' "$dir/run/ctl.sock")" 600
is "R64 so is its folder" "$(stat -c '%a' "$dir/run")" 700
python3 - "$dir/run/ctl.sock" "$(times 20000 1000000)" << 'EOP'
import json, os, random, socket, sys, time

path, fuzz = sys.argv[1], int(sys.argv[2])
count = 0

def ok(good, what):
    global count
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count + 2, what))

def connect():
    deadline = time.monotonic() + 10
    while True:
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(10)
        try:
            s.connect(path)
            return s
        except BlockingIOError: # its backlog is full just now
            s.close()
            if time.monotonic() > deadline:
                raise

def ask(s, text):
    s.sendall(text)
    return line(s)

def line(s):
    got = b""
    while not got.endswith(b"\n"):
        some = s.recv(65536)
        if not some:
            return got
        got += some
    return got

good = b'{"v":1,"cmd":"status"}\n'
def answers():
    s = connect()
    begin = time.monotonic()
    fine = json.loads(ask(s, good))["ok"]
    s.close()
    return fine and time.monotonic() - begin < 5

ok(answers(), "R65 a request is answered")
def refused(text, what, code=2):
    s = connect()
    got = ask(s, text)
    try:
        doc = json.loads(got)
        fine = doc["ok"] is False and doc["code"] == code and doc["error"]
    except ValueError:
        fine = False
    ok(fine, "R65 refused with a reason: " + what)
    s.close()
refused(b"hello\n", "no JSON")
refused(b"[]\n", "an array")
refused(b"{}\n", "no command")
refused(b'{"v":1,"cmd":5}\n', "a command that is a number")
refused(b'{"v":1,"cmd":"nothing"}\n', "an unknown command")
refused(b'{"v":2,"cmd":"status"}\n', "a newer protocol", 1)
refused(b'{"v":1,"cmd":"status","cmd":"stop"}\n', "a key twice")
refused(b'{"v":1,"cmd":"sta\x00tus"}\n', "a NUL byte")
refused(b'{"v":1,"cmd":"\xff\xfe"}\n', "no UTF-8")
refused(b'{"v":1,"cmd":"stop","args":{"stage":"no"}}\n', "a stage that is not there")
refused(b'{"v":1,"cmd":"status","args":"' + b"x" * 5000 + b'"}\n', "more than 4096 bytes")
refused(b"x" * 20000, "a line without an end")
s = connect()
for c in good:
    s.sendall(bytes([c]))
ok(json.loads(line(s))["ok"], "R65 byte by byte")
s.sendall(good * 50)
got = b""
while got.count(b"\n") < 50:
    got += s.recv(65536)
ok(all(json.loads(l)["ok"] for l in got.splitlines()), "R65 fifty requests at once")
s.close()
s = connect(); s.sendall(good[:10]); s.close()
ok(answers(), "R65 half a request, then gone")
halves = [connect() for _ in range(20)]
for s in halves:
    s.sendall(good[:10])
ok(answers(), "R65 others hang in the middle of a request")
for s in halves:
    s.close()
idle, busy = [], 0
for _ in range(200):
    s = connect()
    idle.append(s)
for s in idle[64:]:
    try:
        busy += b'"code":5' in s.recv(4096)
    except OSError:
        pass
ok(busy > 100, "R65 too many connections: those beyond the limit hear so")
for s in idle:
    s.close()
deadline = time.monotonic() + 10
while time.monotonic() < deadline:
    try:
        if answers():
            break
    except (OSError, ValueError):
        pass
ok(answers(), "R65 afterwards it answers again")
slow = connect()
slow.sendall(b'{"v":1,"cmd":"status"}\n' * 170)
ok(answers(), "R65 one who does not read what he asked for holds up nobody")
slow.close()

random.seed(65)
bits = [b'{"v":1', b',"cmd":"', b'status', b'events', b'queue', b'"', b'}', b'\n', b'"args":{', b'"id":', b'[', b'\\u', b'\x00',
        b'-1', b'1e999', b'"stage":"puppet"', b',', b':', b'why', b'get', b'keys', b'null', b'true', b'"op":"', b'list', b'show']
s = connect()
alive = True
for i in range(fuzz // 100):
    text = b"".join(random.choice(bits) for _ in range(random.randrange(1, 30)))
    try:
        s.sendall(text + b"\n")
        if i % 50 == 0:
            s.close()
            s = connect()
    except OSError:
        s = connect()
s.close()
deadline = time.monotonic() + 20
while time.monotonic() < deadline:
    try:
        if answers():
            break
    except (OSError, ValueError):
        pass
ok(answers(), "R65 after much nonsense it answers")
open("count", "w").write(str(count))
EOP
count=$((count + $(cat count || echo 0)))
has_status '"state":"ready"'
is "R65 and its stage runs" "$?" 0
stop_daemon
is "R65 stop" "$?" 0

# where the socket cannot be
mkdir "$dir/run/x"
rm -f "$dir/run/ctl.sock"
mkdir "$dir/run/ctl.sock"
start_daemon
is "R64 a folder in its place: refused" "$?" 1
like "R64 with the reason" "$(cat "$base/start.txt")" "*run/ctl.sock*"
rmdir "$dir/run/ctl.sock"
ln -s /nowhere/at/all "$dir/run/ctl.sock"
start_daemon
is "R64 a link in its place is replaced" "$?" 0
is "R64 by the socket" "$(stat -c '%F' "$dir/run/ctl.sock")" socket
stop_daemon
done_testing
