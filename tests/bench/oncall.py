#!/usr/bin/python3 -B
"""On call under load, with the real program: how long a page takes from the alert's POST to the request at its
receiver while many incidents are open, and whether very many incidents escalate on time.

    oncall.py [OPEN [MANY]]     default 1000 and 10000
"""
import os, sys, tempfile, threading, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
OPEN, MANY = (int(x) for x in (sys.argv[1:] + ["1000", "10000"][len(sys.argv) - 1:])[:2])
sys.argv = sys.argv[:1]
from stage import *

JSON = {"Content-Type": "application/json"}


def team(d, url, steps):
    return Rouse(d, {
        "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1h"},
        "receivers": [{"name": "team", "oncall_configs": [{"policy": "p"}]}],
        "oncall": {"people": {n: {"contacts": {"push": {"webhook": {"url": f"{url}/{n}"}}}} for n in ("alice", "bob")},
                   "policies": {"p": {"steps": steps, "wait": "10h"}}}},
        flags=[f"--web.listen-address=127.0.0.1:{free_port()}"])


def post(r, names):
    for i in range(0, len(names), 500):
        status, _, text = request(r.url + "/api/v2/alerts", "POST", json.dumps([{"labels": {"alertname": n}} for n in names[i:i + 500]]), JSON, timeout=60)
        assert status == 200, text


def latency(d):
    came = {}

    def answer(hit):
        came.setdefault(hit.json["groupLabels"]["alertname"], hit.at)
        return 200

    s = Server(answer)
    r = team(d, s.url, [{"page": "person/alice"}])
    post(r, [f"open{i}" for i in range(OPEN)])
    eventually(f"{OPEN} incidents are told", lambda: len(came) == OPEN, 120)
    time.sleep(1)
    took = []
    for i in range(300):
        began = time.time()
        post(r, [f"new{i}"])
        while f"new{i}" not in came:
            time.sleep(0.0002)
        took.append((came[f"new{i}"] - began) * 1000)
        time.sleep(0.01)
    r.stop()
    took.sort()
    print(f"{OPEN} open incidents: from the POST of an alert to its page's request: "
          f"median {took[150]:.1f} ms, p99 {took[296]:.1f} ms")


def escalation(d):
    came = {"alice": 0, "bob": 0}

    def answer(hit):
        came[hit.path.strip("/")] += 1
        return 200

    s = Server(answer)
    r = team(d, s.url, [{"page": "person/alice"}, {"after": "60s", "page": "person/bob"}])
    post(r, [f"many{i}" for i in range(MANY)])
    eventually("all are told", lambda: came["alice"] == MANY, 120)
    eventually("all have escalated", lambda: came["bob"] == MANY, 180)
    late = []
    for i in range(1, MANY + 1, max(1, MANY // 500)):
        steps = [e["at"] for e in get_json(f"{r.url}/api/rouse/v1/incidents/{i}")["data"]["timeline"] if e["kind"] == "step"]
        a, b = (datetime.datetime.fromisoformat(t.replace("Z", "+00:00")).timestamp() for t in steps[:2])
        late.append(b - a - 60)
    cpu = sum(float(x) for x in open(f"/proc/{r.proc.p.pid}/stat").read().split()[13:15]) / os.sysconf("SC_CLK_TCK")
    r.stop()
    late.sort()
    print(f"{MANY} open incidents: the second step came after its time by median {late[len(late) // 2] * 1000:.0f} ms, "
          f"at most {late[-1] * 1000:.0f} ms; {cpu:.1f} CPU s for all of it")


import datetime, json
for f in (latency, escalation):
    with tempfile.TemporaryDirectory() as d:
        f(d)
