#!/usr/bin/python3 -B
"""Runbooks in incidents: ticks over kill -9, values while Prometheus is slow, commands for real."""
import json, os, subprocess, time
from stage import *

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = """# It is down <script>alert(1)</script>

## Triage
- [ ] Is it true?
- [ ] How bad?

  ```promql
  sum(up)
  ```

## Mitigation
- [ ] Say where
  ```sh
  sh -c 'echo "argv: $0 $1"; pwd; exit 3' 'a b' "c;d"
  ```
- [ ] Say too much
  ```sh
  yes
  ```
- [ ] Not there
  ```sh
  no-such-program-here
  ```
- [ ] Wait
  ```sh
  sleep 30
  ```
"""


class House:
    def __init__(self, d, *flags):
        self.d, self.phone, self.slow = d, Server(), 0
        self.prom = Server(self.answer)
        write(f"{d}/runbooks/api-down.md", TEXT)
        self.rouse = Rouse(d, {
            "prometheus": {"url": self.prom.url},
            "runbooks": {"dir": "runbooks"},
            "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"},
            "receivers": [{"name": "team", "oncall_configs": [{"policy": "backend"}]}],
            "oncall": {"people": {"alice": {"contacts": {"push": {"webhook": {"url": self.phone.url}}}}},
                       "policies": {"backend": {"steps": [{"page": "person/alice"}]}}}},
            flags=[f"--web.listen-address=127.0.0.1:{free_port()}", *flags])
        body = json.dumps([{"labels": {"alertname": "ApiDown"}}])
        assert request(self.rouse.url + "/api/v2/alerts", "POST", body, JSON)[0] == 200
        self.phone.wait("the page", is_page("firing", "ApiDown"))

    def answer(self, hit):
        time.sleep(self.slow)
        r = {"status": "success", "data": {"resultType": "vector", "result": [
            {"metric": {"app": "<b>"}, "value": [time.time(), "0.25"]}]}}
        return 200, {"Content-Type": "application/json"}, json.dumps(r)

    @property
    def path(self):
        return self.rouse.url + "/api/rouse/v1/incidents/1/runbook"

    def steps(self):
        data = get_json(self.path)["data"]
        return {s["text"]: s for stage in data["stages"] for s in stage["steps"]}

    def do(self, text, state, **more):
        body = json.dumps({"step": self.steps()[text]["id"], "state": state, "by": "alice", **more})
        status, _, text = request(self.path, "POST", body, JSON)
        return status, text.decode()

    def run(self, text):
        assert self.do(text, "run", confirm=True)[0] == 200
        return eventually(f"{text} has ended", lambda: self.steps()[text].get("run", {}).get("result"), 15)

    def cli(self, *args):
        r = subprocess.run([ROUSE, "runbook", "--url", self.rouse.url, *args], capture_output=True, text=True)
        assert r.returncode == 0, r
        return r.stdout


@story
def ticked(d):
    """Matched, shown without the file's HTML, ticked; kill -9 and an edit of other steps forget nothing."""
    h = House(d)
    page = get_text(h.rouse.url + "/incident?id=1")
    assert "Runbook: It is down &lt;script&gt;" in page and "<script>alert" not in page
    assert "neverOpened\": true" in h.cli("list", "--json") and "STALE: never opened" in h.cli("list")
    step = h.steps()["Is it true?"]["id"]
    body = f"id=1&verb=step&by=bob&do=done+{step}".encode()
    assert request(h.rouse.url + "/incident", "POST", body, {**FORM, "Sec-Fetch-Site": "cross-site"})[0] == 403
    assert h.steps()["Is it true?"]["state"] == "open"
    status, headers, _ = request(h.rouse.url + "/incident", "POST", body, FORM)
    assert status == 303 and headers["location"] == f"incident?id=1&by=bob#{step}", headers
    assert h.do("How bad?", "skipped")[0] == 200
    h.rouse.kill()
    h.rouse.restart()
    assert (h.steps()["Is it true?"]["state"], h.steps()["Is it true?"]["by"]) == ("done", "bob")
    assert h.steps()["How bad?"]["state"] == "skipped"
    write(f"{d}/runbooks/api-down.md", TEXT.replace("- [ ] Is it", "- [ ] New one\n- [ ] Is it").replace("How bad?", "How bad is it?"))
    assert request(h.rouse.url + "/-/reload", "POST", b"")[0] == 200
    s = h.steps()
    assert (s["New one"]["state"], s["Is it true?"]["state"], s["How bad is it?"]["state"]) == ("open", "done", "open")
    assert "STALE" not in h.cli("list") and "- [ ] Is it true?" in h.cli("show", "api-down")
    report = get_text(h.rouse.url + "/api/rouse/v1/incidents/1/report")
    assert "- [x] Is it true? (page), bob" in report and "- [ ] skipped: How bad? (API), alice" in report, report
    # A broken file is a warning, and the rest goes on.
    write(f"{d}/runbooks/broken.md", "# Nothing\n")
    assert request(h.rouse.url + "/-/reload", "POST", b"")[0] == 200
    assert "broken.md:1:1: no heading is a stage" in h.rouse.log() and "broken" in h.cli("list")
    h.rouse.stop()


@story
def values(d):
    """A slow Prometheus holds no page up; its answer is there a little later, and asked for rarely."""
    h = House(d)
    h.slow = 4
    t = time.monotonic()
    page = get_text(h.rouse.url + "/incident?id=1")
    assert time.monotonic() - t < 2 and "Prometheus is being asked" in page
    value = eventually("the value is there", lambda: h.steps()["How bad?"]["value"]["text"], 15)
    assert value == '{app="<b>"} 0.25', value
    assert "{app=&quot;&lt;b&gt;&quot;} 0.25" in get_text(h.rouse.url + "/incident?id=1")
    asked = [x for x in h.prom.hits if b"sum" in x.body or "sum" in x.path]
    for _ in range(20):
        h.steps()
    assert len([x for x in h.prom.hits if b"sum" in x.body or "sum" in x.path]) == len(asked) == 1, asked
    h.rouse.stop()


@story
def commands_off(d):
    h = House(d)
    status, text = h.do("Say where", "run", confirm=True)
    assert status == 403 and "--runbooks.allow-exec" in text, text
    assert "Run it now" not in get_text(h.rouse.url + "/incident?id=1")
    h.rouse.stop()


@story
def commands(d):
    """argv without a shell of ours, the status and what was said; too much; nothing there; killed meanwhile."""
    h = House(d, "--runbooks.allow-exec")
    assert h.do("Say where", "run")[0] == 409 and "run" not in h.steps()["Say where"]
    assert h.run("Say where").startswith("status 3 after ")
    assert h.steps()["Say where"]["run"]["output"].startswith("argv: a b c;d\n/"), h.steps()["Say where"]
    assert h.run("Say too much").startswith("status 1 after ")
    assert len(h.steps()["Say too much"]["run"]["output"]) < 4200
    assert h.run("Not there").startswith("cannot run no-such-program-here: ")
    assert h.do("Wait", "run", confirm=True)[0] == 200
    eventually("it runs", lambda: h.steps()["Wait"]["running"])
    assert h.do("Wait", "run", confirm=True)[0] == 409
    h.rouse.kill()
    h.rouse.restart()
    step = h.steps()["Wait"]
    assert not step["running"] and step["run"]["by"] == "alice" and "endedAt" not in step["run"], step
    assert "its end is not known" in get_text(h.rouse.url + "/incident?id=1")
    h.rouse.stop()


main(at_once=4)
