#!/usr/bin/python3 -B
"""Alerts from outside and silences, through Alertmanager's API: by hand and with Debian's amtool."""
import json, os, subprocess, time
from stage import *

JSON = {"Content-Type": "application/json"}


class Town:
    def __init__(self, d):
        self.phone = Server()
        self.rouse = Rouse(d, {
            "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s"},
            "receivers": [{"name": "team", "webhook_configs": [{"url": self.phone.url}]}]},
            flags=[f"--web.listen-address=127.0.0.1:{free_port()}"])

    @property
    def url(self):
        return self.rouse.url + "/api/v2"

    def post(self, path, body):
        status, _, text = request(self.url + path, "POST", json.dumps(body), JSON)
        assert status == 200, (status, text)
        return json.loads(text) if text else None

    def alert(self, name, **more):
        self.post("/alerts", [{"labels": {"alertname": name}, **more}])

    def get(self, path):
        return get_json(self.url + path)


def stamp(after):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + after))


def silence(name, span=3600):
    return {"matchers": [{"name": "alertname", "value": name, "isRegex": False}], "createdBy": "bob", "comment": "known",
            "startsAt": stamp(0), "endsAt": stamp(span)}


@story
def survives_kill(d):
    """What was answered with 200 is there after kill -9: alerts and silences."""
    t = Town(d)
    quiet = t.post("/silences", silence("Quiet"))["silenceID"]
    t.alert("Quiet")
    t.alert("Loud", annotations={"summary": "s"})
    t.rouse.kill()
    t.rouse.restart()
    t.phone.wait("the page", is_page("firing", "Loud"))
    by_name = {a["labels"]["alertname"]: a for a in t.get("/alerts")}
    assert by_name["Quiet"]["status"] == {"inhibitedBy": [], "mutedBy": [], "silencedBy": [quiet], "state": "suppressed"}, by_name
    assert by_name["Loud"]["annotations"] == {"summary": "s"} and by_name["Loud"]["receivers"] == [{"name": "team"}]
    groups = t.get("/alerts/groups?silenced=false")
    assert [(g["labels"], g["receiver"], len(g["alerts"])) for g in groups] == \
        [({"alertname": "Loud"}, {"name": "team"}, 1)], groups
    assert len(t.get("/alerts/groups")) == 2 and t.get("/alerts/groups?receiver=other") == []
    time.sleep(2)
    assert pages(t.phone, "Quiet") == ""
    status, _, _ = request(f"{t.url}/silence/{quiet}", "DELETE")
    assert status == 200
    t.phone.wait("the page, when the silence was ended", is_page("firing", "Quiet"))
    assert t.get(f"/silence/{quiet}")["status"]["state"] == "expired"
    t.alert("Quiet", startsAt=stamp(-60), endsAt=stamp(-1))
    t.phone.wait("the end", is_page("resolved", "Quiet"))
    t.rouse.stop()


@story
def by_amtool(d):
    t = Town(d)
    prog = tool("amtool")

    def amtool(*args, code=0):
        r = subprocess.run([prog, f"--alertmanager.url={t.rouse.url}", *args], capture_output=True, text=True)
        assert r.returncode == code, r
        return r.stdout

    amtool("alert", "add", "alertname=Down", "inst=a", "--annotation=summary=hi")
    amtool("alert", "add", "alertname=Down", "inst=b")
    page = t.phone.wait("both", lambda h: len(h.json["alerts"]) == 2)
    assert page.json["commonLabels"] == {"alertname": "Down"}
    ident = amtool("silence", "add", "inst=a", "--duration=1h", "-c", "why", "-a", "bob").strip()
    assert amtool("silence", "query", "-q").split() == [ident]
    active = json.loads(amtool("-o", "json", "alert", "query"))
    assert [a["labels"]["inst"] for a in active] == ["b"], active
    hidden = json.loads(amtool("-o", "json", "alert", "query", "--silenced"))
    assert [a["labels"]["inst"] for a in hidden] == ["a"], hidden
    other = amtool("silence", "update", ident, "--comment=better").strip()
    assert "better" in amtool("silence", "query")
    amtool("silence", "expire", ident)
    assert amtool("silence", "query", "-q").split() == [], other
    assert ident in amtool("silence", "query", "--expired", "-q")
    assert "ready" in amtool("cluster", "show") and "webhook_configs" in amtool("config", "show")
    # The amtool of Alertmanager 0.25 reads no <secret> in a webhook's address.
    t.rouse.configure({"route": {"receiver": "team", "routes": [{"receiver": "db", "matchers": ["team=db"]}]},
                       "receivers": [{"name": "team"}, {"name": "db"}]})
    assert request(t.rouse.url + "/-/reload", "POST")[0] == 200
    assert amtool("config", "routes", "test", "team=db").strip() == "db"
    t.rouse.stop()


@story
def prometheus_sends(d):
    """Debian's Prometheus evaluates and sends to rouse as to an Alertmanager; rouse dies meanwhile."""
    t, app = Town(d), Target()
    app.set(up2=1)
    rules = rule_file(d, alert("Gone", "up2 == 0", summary="{{ $labels.job }} is gone"), name="prom_rules.yml")
    prom = Prometheus(d, {"app": [app.address]}, config={
        "rule_files": [rules],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [t.rouse.url.split("//")[1]]}]}]}},
        extra=["--rules.alert.resend-delay=1s"]).wait_scraped()
    app.set(up2=0)
    t.phone.wait("the page", is_page("firing", "Gone"), 40)
    hit = [a for h in t.phone.hits for a in json.loads(h.body)["alerts"]][0]
    assert hit["labels"] == {"alertname": "Gone", "severity": "page", "job": "app", "instance": app.address}, hit
    assert hit["annotations"] == {"summary": "app is gone"} and hit["generatorURL"].startswith("http"), hit
    assert len(get_json(prom.url + "/api/v1/alertmanagers")["data"]["activeAlertmanagers"]) == 1
    # Before rouse knows that the page has arrived it would tell it again: it may not have.
    eventually("the page is noted", lambda: len(t.rouse.deliveries("sent")) == 1)
    time.sleep(0.5)
    t.rouse.kill()
    t.rouse.restart()
    time.sleep(3)
    assert pages(t.phone, "Gone") == "F", pages(t.phone, "Gone")
    app.set(up2=1)
    t.phone.wait("the end", is_page("resolved", "Gone"), 40)
    assert pages(t.phone, "Gone") == "FR", pages(t.phone, "Gone")
    t.rouse.stop()


@story
def refused(d):
    """What is refused changes nothing and says why."""
    t = Town(d)
    for path, body, status, says in [
            ("/silences", silence("x", -5), 400, "start time must be before end time"),
            ("/silences", {**silence("x"), "matchers": [{"name": "a", "value": "", "isRegex": False}]}, 400, "match the empty string"),
            ("/silences", {**silence("x"), "matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400, "missing closing )"),
            ("/alerts", [{"labels": {}}], 400, "at least one label pair required"),
            ("/alerts", {"labels": {"a": "b"}}, 400, "cannot unmarshal object")]:
        got, _, text = request(t.url + path, "POST", json.dumps(body), JSON)
        assert got == status and says in text.decode(), (path, body, got, text)
    for body in (b"[{", b"\xff", b"[1]", b'[{"labels":{"a":1}}]', b"[" * 5000):
        got, _, text = request(t.url + "/alerts", "POST", body, JSON)
        assert got in (400, 422), (body[:20], got, text)
    assert request(t.url + "/silences", "PATCH", b"{}", JSON)[0] == 405
    assert t.get("/silences") == [] and t.get("/alerts") == []
    t.rouse.stop()


@story
def by_rouse_itself(d):
    """rouse silence, explain and migrate --silences-from against a running rouse."""
    for name in ("old", "new"):
        os.mkdir(os.path.join(d, name))
    t, new = Town(os.path.join(d, "old")), Town(os.path.join(d, "new"))

    def rouse(*args, url=t.rouse.url, code=0):
        r = subprocess.run([ROUSE, args[0], "--url", url, *args[1:]], capture_output=True, text=True)
        assert r.returncode == code, r
        return r.stdout + r.stderr

    t.alert("Down", annotations={"summary": "s"})
    t.phone.wait("the page", is_page("firing", "Down"))
    eventually("it is explained", lambda: "team/webhook/0: told at" in rouse("explain", "Down"))
    assert "catch 1 alert" in rouse("silence", "add", "Down", "--dry-run") and "no silences" in rouse("silence", "list")
    ident = rouse("silence", "add", "Down", "--for", "2h", "--comment", "moving", "--author", "bob").split()[-1]
    said = rouse("explain", "Down")
    assert "silenced by bob" in said and ident in said and "begins to fire" in said, said
    assert ident in rouse("silence", "list") and rouse("explain", "Nothing", code=1).startswith("no rule and no alert")
    r = subprocess.run([ROUSE, "migrate", "--silences-from", t.rouse.url, "--silences-to", new.rouse.url], capture_output=True, text=True)
    assert r.returncode == 0 and r.stdout == "took over 1 silences\n", r
    assert '{alertname="Down"}  moving' in rouse("silence", "list", url=new.rouse.url)
    rouse("silence", "end", ident)
    assert "no silences" in rouse("silence", "list") and "expired" in rouse("silence", "list", "--expired")
    t.rouse.stop()
    new.rouse.stop()


main(at_once=3)
