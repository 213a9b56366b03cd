#!/usr/bin/python3 -B
"""People: paged by policy, acknowledged from the command line and by the form, also over kill -9."""
import json, os, re, sqlite3, subprocess, time, urllib.parse
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
    assert said.startswith("#1 triggered; step 1 of 2, primary: layer layer 1; then bob in 4s"), said
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
def customers_and_changes(d):
    """A customers' form opens one incident whatever is sent, refuses spam, shows what is known; a deploy is shown
    with the incident; severity, owner, words for customers from the command line."""
    alice, status_page = Server(), Server()
    token = "a-token-of-customers"
    r = Rouse(d, {
        "route": {"receiver": "status"},
        "receivers": [{"name": "status", "webhook_configs": [{"url": status_page.url}]}],
        "oncall": {
            "people": {"alice": {"contacts": {"push": {"webhook": {"url": alice.url}}}}, "bob": {"contacts": {"push": {"webhook": {"url": alice.url + "/bob"}}}}},
            "forms": {"shop": {"policy": "backend", "token": token, "title": "The shop is not right?", "rate": 3}},
            "policies": {"backend": {"steps": [{"page": "person/alice"}], "updates": "status"}}}},
        flags=[f"--web.listen-address=127.0.0.1:{free_port()}"])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    send = lambda **kw: request(r.url + "/form", "POST", urllib.parse.urlencode({"t": token, **kw}).encode(), form)
    cli = lambda *args: subprocess.run([ROUSE, args[0], "--url", r.url, *args[1:]], capture_output=True, text=True)
    status, _, text = request(r.url + "/api/events", "POST", json.dumps({"title": "v1.2 <b>", "service": "shop", "url": "https://ci/1", "by": "ci"}), JSON)
    assert status == 200, (status, text)
    assert request(r.url + "/form?t=wrong")[0] == 404 and request(r.url + "/form")[0] == 404
    page = get_text(f"{r.url}/form?t={token}")
    assert "The shop is not right?" in page and "What we know of" not in page and "<script" not in page
    assert send(text=" ")[0] == 400
    assert send(text="buy pills", website="http://pills")[0] == 200
    status, _, text = send(text="I cannot pay <script>alert(1)</script>\nsince an hour", contact="eve@example.org")
    assert status == 200 and b"Somebody is being told" in text and b"somebody is being called" in text, text
    hit = alice.wait("alice's page", is_page("firing"))
    assert "Customers: I cannot pay" in hit.body.decode()
    assert send(text="me too")[0] == 200
    assert send(text="and me")[0] == 429, "the fourth within ten minutes"
    assert len(get_json(r.url + "/api/rouse/v1/incidents")["data"]["incidents"]) == 1
    i = get_json(r.url + "/api/rouse/v1/incidents/1")["data"]
    assert [e["text"] for e in i["timeline"] if e["kind"] == "note"] == [
        "I cannot pay <script>alert(1)</script>\r\nsince an hour (reach them: eve@example.org)".replace("\r", ""), "me too"], i["timeline"]
    assert [e["title"] for e in i["events"]] == ["v1.2 <b>"], i["events"]
    page = get_text(r.url + "/incident?id=1")
    assert "v1.2 &lt;b&gt;" in page and "<script>alert" not in page and "Tell the customers" in page
    assert cli("incident", "severity", "1", "critical").returncode == 0
    cli("incident", "assign", "1", "--person", "bob", "--by", "alice")
    eventually("bob is told", lambda: any(h.path == "/bob" and b"assigned to you by alice" in h.body for h in alice.hits))
    i = get_json(r.url + "/api/rouse/v1/incidents/1")["data"]
    assert (i["status"], i["acknowledgedBy"], i["severity"]) == ("acknowledged", "bob", "critical"), i
    assert "somebody is working on it" in get_text(f"{r.url}/form?t={token}")
    assert cli("incident", "tell", "1", "paying", "is", "slow").returncode == 0
    status_page.wait("the update", lambda h: "paying is slow" in h.body.decode())
    said = cli("incident", "show", "1").stdout
    assert "deploy v1.2 <b> of shop" in said and "severity" in said, said
    assert "Changes before and meanwhile" in cli("incident", "report", "1").stdout
    git = lambda *args: subprocess.run(["git", "-C", f"{d}/reports", "-c", "user.name=x", "-c", "user.email=x@example.org", *args], capture_output=True, text=True, check=True).stdout
    os.makedirs(f"{d}/reports")
    git("init", "-q")
    git("config", "user.name", "x"), git("config", "user.email", "x@example.org")
    said = cli("incident", "report", "1", "--to", f"{d}/reports")
    assert said.stdout == f"{d}/reports/incident-1.md\n", said
    assert git("log", "--format=%s") == "Report incident #1\n" and not git("status", "--porcelain")
    assert "left alone" in cli("incident", "report", "1", "--to", f"{d}/reports").stderr
    assert "to merge it into" in cli("incident", "merge", "1", "--into", "7").stderr
    for n in range(60):
        last = request(r.url + "/api/rouse/v1/events", "POST", json.dumps({"title": f"d{n}"}), JSON)[0]
    assert last == 429, last
    r.stop()


@story
def storm(d):
    """Thirty incidents at once: the first pages go one by one, what waits then goes together; nothing is lost, and a
    message that is too much for the receiver is taken apart."""
    def slow(hit):
        time.sleep(0.05)
        return 413 if len(hit.json["alerts"]) > 12 else 200

    alice = Server(slow)
    r = Rouse(d, {
        "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"},
        "receivers": [{"name": "team", "oncall_configs": [{"policy": "backend"}]}],
        "oncall": {"people": {"alice": {"contacts": {"push": {"webhook": {"url": alice.url}}}}},
                   "policies": {"backend": {"steps": [{"page": "person/alice"}], "wait": "1h"}}}},
        flags=[f"--web.listen-address=127.0.0.1:{free_port()}"])
    names = [f"Down{i:02}" for i in range(30)]
    for part in (names[:6], names[6:12], names[12:]):
        status, _, text = request(r.url + "/api/v2/alerts", "POST", json.dumps([{"labels": {"alertname": n}} for n in part]), JSON)
        assert status == 200, text
        time.sleep(0.1)
    sent = lambda i: any(e["kind"] == "sent" for e in get_json(f"{r.url}/api/rouse/v1/incidents/{i}")["data"]["timeline"])
    eventually("each is told", lambda: all(sent(i) for i in range(1, 31)), 30)
    told = {a["labels"]["alertname"] for h in alice.hits if h.status == 200 for a in h.json["alerts"]}
    assert told == set(names), set(names) - told
    bundles = [h for h in alice.hits if len(h.json["alerts"]) > 1]
    assert bundles and any(h.status == 413 for h in bundles), alice.summary()
    one = next(h.json for h in bundles if h.status == 200)
    numbers = one["groupLabels"]["incident"][1:].split()
    assert len(numbers) == len(one["alerts"]) and one["groupLabels"]["alertname"] == f"{len(numbers)} incidents", one["groupLabels"]
    assert one["commonAnnotations"]["answer"].startswith("acknowledge: rouse ack " + " ".join(numbers)), one["commonAnnotations"]
    for n in range(1, 31):
        request(f"{r.url}/api/rouse/v1/incidents/{n}/ack", "POST", json.dumps({"by": "alice"}), JSON)
    request(r.url + "/api/v2/alerts", "POST", json.dumps([{"labels": {"alertname": n}, "endsAt": "2020-01-01T00:00:00Z", "startsAt": "2019-01-01T00:00:00Z"} for n in names]), JSON)
    eventually("each end is told", lambda: {a["labels"]["alertname"] for h in alice.hits if h.status == 200 for a in h.json["alerts"] if a["status"] == "resolved"} == set(names), 30)
    r.stop()


@story
def drills(d):
    """A drill of a person tells which contact works and which does not; one of a policy must be acknowledged."""
    well, broken = Server(), Server(lambda hit: 404)
    r = Rouse(d, {
        "route": {"receiver": "none"}, "receivers": [{"name": "none"}],
        "oncall": {"people": {"alice": {"contacts": {"push": {"webhook": {"url": well.url}}, "old": {"webhook": {"url": broken.url}}}}},
                   "policies": {"backend": {"steps": [{"page": "person/alice"}]}}}},
        flags=[f"--web.listen-address=127.0.0.1:{free_port()}"])
    cli = lambda *args: subprocess.run([ROUSE, "drill", "--url", r.url, *args], capture_output=True, text=True)
    said = cli("contact", "alice", "--by", "bob")
    assert said.returncode == 1, said
    assert re.search(r"person/alice/webhook/0 +sent", said.stdout) and re.search(r"person/alice/webhook/1 +dead: .*404", said.stdout), said
    well.wait("the drill", lambda h: "DRILL by bob: nothing is wrong. alice would be paged here (push)." in h.body.decode())
    eventually("a self alert names the contact", lambda: any(
        "person/alice/webhook/1" in a["labels"].values() for a in r.json("/api/v2/alerts")))
    assert "nobody of that name" in cli("contact", "carol").stderr
    assert "what is to be tried" in cli("contact").stderr
    assert json.loads(cli("--json", "policy", "backend").stdout) == {"incident": 1}
    well.wait("the incident", lambda h: "#1" in h.body.decode())
    subprocess.run([ROUSE, "ack", "--url", r.url, "--by", "alice", "1"], check=True, capture_output=True)
    assert get_json(r.url + "/api/rouse/v1/incidents/1")["data"]["status"] == "resolved"
    stats = get_json(r.url + "/api/rouse/v1/stats")["data"]
    assert stats["opened"] == 0 and all(p["pages"] == 0 for p in stats["people"]), stats
    page = get_text(r.url + "/oncall")
    assert ">Try them</button>" in page
    status, headers, text = request(r.url + "/drill", "POST", b"person=alice", {"Content-Type": "application/x-www-form-urlencoded"})
    assert status in (200, 303), (status, text)
    eventually("the page shows what became of it", lambda: "person/alice/webhook/0: <b>sent</b>" in get_text(r.url + "/oncall?drill=" + str(max(
        int(x["groupKey"].split("/")[1]) for x in get_json(r.url + "/api/rouse/v1/deliveries")["data"]["deliveries"] if x["groupKey"].startswith("drill/")))))
    r.stop()


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
