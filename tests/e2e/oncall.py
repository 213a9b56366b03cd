#!/usr/bin/python3 -B
"""People: paged by policy, acknowledged from the command line and by the form, also over kill -9."""
import json, os, re, sqlite3, subprocess, time
from stage import *

JSON = {"Content-Type": "application/json"}


class House:
    def __init__(self, d, **policy):
        self.alice, self.bob = Server(), Server()
        contact = lambda s: {"contacts": {"push": {"webhook": {"url": s.url}}}}
        self.rouse = Rouse(d, {
            "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s"},
            "receivers": [{"name": "team", "oncall_configs": [{"policy": "backend"}]}],
            "oncall": {
                "people": {"alice": contact(self.alice), "bob": contact(self.bob)},
                "schedules": {"primary": {"layers": [{"people": ["alice"]}]}},
                "policies": {"backend": {"steps": [{"page": "schedule/primary"}, {"after": "4s", "page": "person/bob"}], **policy}}}},
            flags=[f"--web.listen-address=127.0.0.1:{free_port()}"])

    def alert(self, name, over=False):
        body = [{"labels": {"alertname": name}, **({"endsAt": "2020-01-01T00:00:00Z", "startsAt": "2019-01-01T00:00:00Z"} if over else {})}]
        status, _, text = request(self.rouse.url + "/api/v2/alerts", "POST", json.dumps(body), JSON)
        assert status == 200, (status, text)

    def cli(self, *args, code=0):
        r = subprocess.run([ROUSE, args[0], "--url", self.rouse.url, *args[1:]], capture_output=True, text=True)
        assert r.returncode == code, r
        return r.stdout + r.stderr

    def incident(self, n=1):
        return get_json(f"{self.rouse.url}/api/rouse/v1/incidents/{n}")["data"]


@story
def until_somebody_answers(d):
    """alice, four seconds later bob; bob acknowledges; the end reaches both."""
    h = House(d, wait="3s")
    h.alert("Down")
    page = h.alice.wait("alice's page", is_page("firing", "Down"))
    said = page.json["commonAnnotations"]["incident"]
    assert said.startswith("#1 triggered; step 1 of 2, primary: layer layer 1; then bob in 4s; acknowledge: rouse ack 1"), said
    assert page.json["groupLabels"]["incident"] == "#1"
    h.bob.wait("bob's page", is_page("firing", "Down"), 8)
    assert "#1  triggered" in h.cli("incident", "list")
    assert "acknowledged" in h.cli("ack", "--by", "bob", "1")
    time.sleep(5)
    assert pages(h.alice, "Down") == "F" and pages(h.bob, "Down") == "F", (pages(h.alice), pages(h.bob))
    assert "alice has" not in h.cli("incident", "show", "1") and h.incident()["acknowledgedBy"] == "bob"
    assert "bob has acknowledged it already" in h.cli("ack", "--by", "alice", "1", code=2)
    h.alert("Down", over=True)
    h.alice.wait("alice hears the end", is_page("resolved", "Down"))
    h.bob.wait("bob hears the end", is_page("resolved", "Down"))
    eventually("it is over", lambda: h.incident()["status"] == "resolved")
    assert "no incidents" in h.cli("incident", "list")
    h.rouse.stop()


@story
def kill_between(d):
    """kill -9 between the steps: bob is paged all the same, once; after a durable acknowledgement nobody is."""
    h = House(d, wait="3s")
    h.alert("Down")
    h.alice.wait("alice's page", is_page("firing", "Down"))
    h.rouse.kill()
    h.rouse.restart()
    h.bob.wait("bob's page", is_page("firing", "Down"), 10)
    status, headers, text = request(h.rouse.url + "/api/rouse/v1/incidents/1/ack", "POST", json.dumps({"by": "bob"}), JSON)
    assert status == 200, (status, text)
    h.rouse.kill()
    before = (pages(h.alice), pages(h.bob))
    h.rouse.restart()
    time.sleep(5)
    assert (pages(h.alice), pages(h.bob)) == before, (before, pages(h.alice), pages(h.bob))
    assert h.incident()["status"] == "acknowledged"
    kinds = [e["kind"] for e in h.incident()["timeline"]]
    assert kinds.count("acknowledged") == 1 and kinds[0] == "opened", kinds
    h.rouse.stop()


@story
def by_the_form(d):
    """The page's buttons are forms: a POST acts once, a GET never, another site is refused."""
    h = House(d)
    assert "#1  triggered" in h.cli("page", "--policy", "backend", "login", "is", "slow")
    h.alice.wait("alice's page", is_page("firing", "login is slow"))
    url = h.rouse.url + "/incident"
    page = get_text(url + "?id=1")
    assert "login is slow" in page and ">Acknowledge</button>" in page
    get_text(url + "?id=1&verb=ack&by=alice")
    assert h.incident()["status"] == "triggered"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, text = request(url, "POST", b"id=1&verb=ack&by=alice", {**form, "Sec-Fetch-Site": "cross-site"})
    assert status == 403, (status, text)
    status, _, text = request(url, "POST", b"id=1&verb=ack&by=alice", {**form, "Origin": "https://evil.example"})
    assert status == 403, (status, text)
    status, _, text = request(url, "POST", b"id=1&verb=ack&by=alice", form)
    assert status in (200, 303), (status, text)
    assert h.incident()["acknowledgedBy"] == "alice"
    status, _, text = request(url, "POST", b"id=1&verb=note&text=%3Cscript%3Ealert(1)%3C/script%3E&by=alice", form)
    page = get_text(url + "?id=1")
    assert "&lt;script&gt;alert(1)" in page and "<script>alert(1)" not in page
    assert "primary" in get_text(h.rouse.url + "/oncall") and "login is slow" in get_text(h.rouse.url + "/incidents")
    h.rouse.stop()


@story
def overrides(d):
    """Made, swapped, listed and ended from the command line and on the page; they survive kill -9, and the trail names who."""
    h = House(d)
    who = lambda: h.cli("who")
    assert "primary: alice (layer layer 1)" in who()
    assert h.cli("override", "list") == "no overrides\n"
    assert h.cli("override", "add", "--schedule", "primary", "--remove", "alice", "--add", "bob", "--for", "1h", "--by", "bob") == "#1\n"
    assert "primary: bob (override 1 by bob instead of alice)" in who(), who()
    assert "override 1 of bob has one of these people" in h.cli("override", "swap", "alice", "bob", "--schedule", "primary", "--for", "1h", code=2)
    assert h.cli("override", "delete", "#1", "--by", "alice") == "ended #1\n"
    assert "primary: alice" in who()
    assert "no override of that number" in h.cli("override", "delete", "1", code=2)
    assert h.cli("override", "swap", "alice", "bob", "--schedule", "primary", "--for", "1h", "--by", "bob") == "#2\n"
    h.rouse.kill()
    h.rouse.restart()
    assert "primary: bob (swap 2 by bob instead of alice)" in who(), who()
    listed = json.loads(h.cli("override", "list", "--json"))
    assert [(o["id"], o["kind"], o["what"]) for o in listed] == [(2, "swap", "alice and bob swapped")], listed
    assert "#1  primary: bob instead of alice  from" in h.cli("override", "list", "--all")
    for wrong in [["add", "--schedule", "primary", "--add", "bob"], ["add", "--add", "bob", "--for", "1h"], ["add", "--schedule", "primary", "--for", "1h"],
                  ["swap", "alice", "--schedule", "primary", "--for", "1h"], ["delete"], ["delete", "x"], ["explode"]]:
        h.cli("override", *wrong, code=2)
    h.rouse.stop()
    rows = sqlite3.connect(os.path.join(d, "data", "rouse.db")).execute("SELECT kind, subject, text FROM event WHERE kind LIKE 'override-%' ORDER BY id").fetchall()
    assert [r[0] for r in rows] == ["override-made", "override-ended", "override-made"] and rows[1][1] == "primary", rows
    assert rows[1][2].startswith("override 1: bob instead of alice from 20") and rows[1][2].endswith(", by alice (command line)"), rows


@story
def heartbeats(d):
    """A job that does not report in time is an alert until it does; rouse tells that it lives, but not while it is blind."""
    phone, out, prom = Server(), Server(), Server(lambda hit: (500, {}, "no"))
    rouse = Rouse(d, {
        "prometheus": {"url": prom.url, "evaluation_interval": "1s"},
        "rule_files": [rule_file(d, alert("X", "up == 0"))],
        "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s",
                  "routes": [{"receiver": "nobody", "matchers": ["alertname!=HeartbeatMissed"]}]},
        "receivers": [{"name": "team", "webhook_configs": [{"url": phone.url}]}, {"name": "nobody"}],
        "heartbeats": {"in": {"backup": {"every": "10s"}}, "out": [{"url": out.url, "every": "10s"}]}})
    assert request(rouse.url + "/ping/backup")[0] == 405
    assert request(rouse.url + "/ping/backup/fail", "POST", b"")[0] == 200
    phone.wait("the alert", is_page("firing", "HeartbeatMissed"))
    assert request(rouse.url + "/ping/backup", "POST", b"")[0] == 200
    phone.wait("its end", is_page("resolved", "HeartbeatMissed"))
    rouse.kill()
    rouse.restart()
    assert get_json(rouse.url + "/api/rouse/v1/heartbeats")["data"]["heartbeats"][0]["lastSuccess"]
    time.sleep(12)
    assert out.hits == [], "it said that it lives while Prometheus does not answer"
    rouse.stop()
    rouse.configure({
        "route": {"receiver": "team"}, "receivers": [{"name": "team"}],
        "heartbeats": {"out": [{"url": out.url, "every": "10s"}]}})
    rouse.restart()
    out.wait("it lives", lambda hit: hit.method == "POST", 15)
    rouse.stop()


main(at_once=4)
