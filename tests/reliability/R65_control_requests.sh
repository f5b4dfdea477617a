#!/bin/bash
# SPDX-License-Identifier: MIT
# R65: what may be said to the control socket. Whoever connects, however slowly, and whatever he says: the
# others are answered.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

conf
start_daemon
python3 - "$dir/run/ctl.sock" "$(times 20000 1000000)" "$(times 200 1000)" << 'EOP'
import json, os, random, socket, sys, time

path, fuzz = sys.argv[1], int(sys.argv[2])
count = 0
slowest = 0.0

def ok(good, what):
    global count
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count, what))

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
    global slowest
    s = connect()
    begin = time.monotonic()
    fine = json.loads(ask(s, good))["ok"]
    s.close()
    slowest = max(slowest, time.monotonic() - begin)
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
refused(b'{"v":1,"cmd":"status","args":["puppet"]}\n', "arguments that are no object")
refused(b'{"v":1,"cmd":"status","args":{"stge":"puppet"}}\n', "a misspelt argument")
refused(b'{"v":1,"cmd":"status","args":{"":"puppet"}}\n', "an argument without a name")
refused(b'{"v":1,"cmd":"stop","args":{"stage":"no"}}\n', "a stage that is not there")
def padded(n):
    return good[:-1] + b" " * (n + 1 - len(good)) + b"\n"
s = connect()
ok(json.loads(ask(s, padded(4096)))["ok"], "R65 a request of 4096 bytes")
s.close()
refused(padded(4097), "more than 4096 bytes")
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
def hears(s, what):
    try:
        return what in s.recv(4096)
    except OSError:
        return False
crowd = int(sys.argv[3])
idle = []
for _ in range(crowd):
    idle.append(connect())
    if len(idle) % 100 == 0 and not answers():
        break
ok(len(idle) == crowd, "R65 %d connections that say nothing: others are answered all the time" % crowd)
ok(all(hears(s, b'"code":5') for s in idle[:crowd - 64]), "R65 the oldest had to go, and heard why")
for s in idle:
    s.close()
ok(answers(), "R65 afterwards it answers")
many = [connect() for _ in range(60)]
for s in many:
    s.sendall(good)
ok(all(json.loads(line(s))["ok"] for s in many), "R65 sixty ask at the same time")
for s in many:
    s.close()
s = connect()
s.sendall(good)
s.shutdown(socket.SHUT_WR)
ok(json.loads(line(s))["ok"], "R65 one who says no more still gets his answer")
ok(s.recv(10) == b"", "R65 and is hung up on")
s.close()
s = connect()
s.sendall(good[:10])
s.shutdown(socket.SHUT_WR)
ok(s.recv(10) == b"", "R65 half a request and no more: hung up on")
s.close()
slow = connect()
sent = 0
slow.settimeout(0.3)
try:
    while sent < 1 << 24:
        sent += slow.send(good * 100)
except OSError:
    pass
ok(sent < 1 << 24, "R65 one who does not read gets no more of his requests taken")
slow.settimeout(10)
ok(answers(), "R65 and holds up nobody")
slow.close()
s = connect()
s.sendall(b'{"v":1,"cmd":"events","args":{"follow":true}}\n')
s.sendall(good)
ok(answers(), "R65 one who follows events holds up nobody")
s.close()
if crowd > 500: # it takes its time
    s = connect()
    begin = time.monotonic()
    got = b""
    for i in range(40):
        try:
            s.sendall(b" ")
            s.settimeout(0.5)
            got = s.recv(4096)
            break
        except socket.timeout:
            pass
        except OSError:
            break
    ok(b'"code":6' in got and time.monotonic() - begin > 9, "R65 one who sends a byte now and then is given ten seconds")
    s.close()

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
print("# the slowest answer took %.1f ms" % (slowest * 1000))
open("count", "w").write(str(count))
EOP
count=$((count + $(cat count || echo 0)))
has_status '"state":"ready"'
is "R65 and its stage runs" "$?" 0
for _ in 1 2 3 4 5 6 7 8; do
    emit keys
done
wait_for 20 has_done 8
ctl keys puppet --json > keys.txt
is "R65 a long answer comes in pages, all of it" "$(grep -c '"key_0000[0-9]*": "x*"' keys.txt)" 24
python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"{\"v\":1,\"cmd\":\"keys\",\"args\":{\"stage\":\"puppet\"}}\n")
got = b""
while not got.endswith(b"\n"):
    got += s.recv(65536)
print(len(got) < 300000, b"\"next\":\"key_" in got)' "$dir/run/ctl.sock" > page.txt
is "R65 and none of them is long" "$(cat page.txt)" "True True"
stop_daemon
is "R65 stop" "$?" 0
done_testing
