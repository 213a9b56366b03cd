#!/usr/bin/python3 -B
"""One alert through the real binary beside a real Prometheus; and everything that is served."""
import http.client, os, re, signal, subprocess, threading, time
from stage import *

RULE = 'sum(up{app="dolthubapi"}) == 0 or absent(up{app="dolthubapi"}) > 0'


class Town:
    """Two targets, a Prometheus, a receiver; the rule of the house."""

    def __init__(self, d, hold="2s", rouse=True, **kw):
        self.d, self.targets, self.phone = d, [Target(x=1), Target(x=1)], Server()
        self.prometheus = Prometheus(d, {"api": ([t.address for t in self.targets], {"app": "dolthubapi"})})
        self.prometheus.wait_scraped()
        rule_file(d, alert("Down", RULE, hold, summary="{{ $value }} up", description="<b>& {{ $labels.app }}"))
        self.config = paging(self.prometheus.url, self.phone.url + "/hook", **kw)
        if rouse:
            self.rouse = Rouse(d, self.config)

    def flip(self, up):
        for t in self.targets:
            t.server.up() if up else t.server.down()


@story
def page_and_resolve(d):
    t = Town(d)
    r = t.rouse
    time.sleep(1.5)
    assert not r.alerts() and not t.phone.hits, "something fires while both are up"
    assert "Nothing is firing" in r.get("/")
    t.flip(False)
    r.wait_state("Down", "pending")
    assert re.search(r"<b>1</b> pending|1 pending", r.get("/")), "the page does not show what pends"
    page = t.phone.wait("a page", is_page("firing"))
    a = page.json["alerts"][0]
    assert page.header("content-type") == "application/json" and page.path == "/hook"
    assert page.json["version"] == "4" and page.json["receiver"] == "team" and page.json["status"] == "firing"
    assert page.json["groupLabels"] == {"alertname": "Down"}
    assert a["annotations"]["summary"] == "0 up" and a["labels"]["severity"] == "page"
    assert a["annotations"]["because"] == ('sum(up{app="dolthubapi"}) == 0 holds with value 0; '
                                           'absent(up{app="dolthubapi"}) > 0 does not hold'), a
    html = r.get("/")
    for word in ("1 alert firing", "Down", "0 up", "team", "&lt;b&gt;&amp;", "holds with value 0"):
        assert word in html, f"{word!r} is not on the status page"
    assert "<b>& " not in html
    assert "up{app=" in html.replace("&quot;", '"'), "the rule's expression is not on the page"
    eventually("the delivery is SENT", lambda: len(r.deliveries("sent")) == 1, 5)
    t.flip(True)
    end = t.phone.wait("the end", is_page("resolved"))
    assert end.json["alerts"][0]["startsAt"] == a["startsAt"]
    assert end.json["alerts"][0]["endsAt"] > a["startsAt"]
    assert end.json["alerts"][0]["fingerprint"] == a["fingerprint"]
    assert end.header("idempotency-key") != page.header("idempotency-key")
    time.sleep(2.5)
    assert pages(t.phone) == "FR", pages(t.phone)
    assert not r.alerts()
    r.stop()


@story
def absent_side(d):
    """No target known at all: the other side of the `or`."""
    phone = Server()
    prometheus = Prometheus(d, {"other": [Target(x=1).address]}).wait_scraped()
    rule_file(d, alert("Down", RULE))
    r = Rouse(d, paging(prometheus.url, phone.url))
    a = phone.wait("a page", is_page("firing")).json["alerts"][0]
    assert a["annotations"]["because"] == ('absent(up{app="dolthubapi"}) > 0 holds: no such series, '
                                           'none in the last 1d; sum(up{app="dolthubapi"}) == 0 does not hold'), a
    assert a["labels"] == {"alertname": "Down", "app": "dolthubapi", "severity": "page"}, a
    r.stop()


@story
def served(d):
    """Every path answers in the form it promises."""
    t = Town(d, hold="1h")
    r = t.rouse
    t.flip(False)
    r.wait_state("Down", "pending")
    g, = r.json("/api/v1/rules")["data"]["groups"]
    rule, = g["rules"]
    assert g["name"] == "g" and g["interval"] == 1 and g["file"].endswith("/rules.yml")
    assert rule["name"] == "Down" and rule["query"] == RULE and rule["duration"] == 3600
    assert rule["state"] == "pending" and rule["health"] == "ok" and rule["type"] == "alerting"
    assert rule["alerts"][0]["labels"]["alertname"] == "Down"
    for query, n in (("type=record", 0), ("type=alert", 1), ("rule_name[]=Down", 1), ("rule_name[]=no", 0),
                     ("rule_group[]=g", 1), ("file[]=/no", 0), ("exclude_alerts=true", 1)):
        got = r.json("/api/v1/rules?" + query)["data"]["groups"]
        assert sum(len(g["rules"]) for g in got) == n, (query, got)
    status, _, body = request(r.url + "/api/v1/rules?type=nonsense")
    assert status == 400 and json.loads(body)["errorType"] == "bad_data", (status, body)
    a, = r.json("/api/v1/alerts")["data"]["alerts"]
    assert a["state"] == "pending" and float(a["value"]) == 0 and a["activeAt"].endswith("Z")
    assert r.get("/-/healthy").strip() and r.get("/-/ready").strip()
    status, headers, _ = request(r.url + "/-/healthy", "HEAD")
    assert status == 200
    assert request(r.url + "/nowhere")[0] == 404
    status, headers, _ = request(r.url + "/", "DELETE")
    assert status == 405 and "GET" in headers["allow"], (status, headers)
    assert request(r.url + "/-/reload")[0] == 405, "a GET must not reload"
    status, headers, _ = request(r.url + "/")
    assert headers["content-type"].startswith("text/html") and "content-security-policy" in headers, headers
    for path in re.findall(r'(?:href|src)="(assets/[^"]+)"', r.get("/")):
        assert request(r.url + "/" + path)[0] == 200, path
    link = re.search(r'href="(rule\?[^"]+)"', r.get("/"))[1].replace("&amp;", "&")
    assert "Down" in r.get("/" + link)
    for path in ("/api/rouse/v1/status", "/api/rouse/v1/receivers", "/api/rouse/v1/deliveries",
                 "/api/v1/status/buildinfo", "/api/v1/status/config", "/api/v1/status/runtimeinfo"):
        assert r.json(path)["status"] == "success", path
    assert any(p["url"] == t.prometheus.url for p in r.json("/api/rouse/v1/status")["data"]["prometheuses"]), \
        "the status does not name Prometheus's address"
    assert t.prometheus.url in r.get("/"), "the status page does not name Prometheus's address"
    r.stop()


@story
def metrics(d):
    """promtool likes them, and the numbers are right."""
    t = Town(d, hold="1h")
    t.flip(False)
    t.rouse.wait_state("Down", "pending")
    text = t.rouse.get("/metrics")
    assert 'rouse_rule_alerts{state="pending"} 1' in text
    assert re.search(r'^prometheus_rule_evaluations_total\{rule_group="[^"]+;g"\} [1-9]', text, re.M)
    assert f'rouse_prometheus_up{{url="{t.prometheus.url}"}} 1' in text
    p = subprocess.run([tool("promtool"), "check", "metrics"], input=text, capture_output=True, text=True)
    bad = [l for l in p.stderr.splitlines() if "error" in l.lower() or "parse" in l.lower()]
    assert not bad and p.returncode in (0, 3), p.stderr
    t.rouse.stop()


@story
def events(d):
    """The event stream says when something changes."""
    t = Town(d, hold="1h")
    c = http.client.HTTPConnection(t.rouse.url[7:], timeout=15)
    c.request("GET", "/api/events", headers={"Accept": "text/event-stream"})
    answer = c.getresponse()
    assert answer.getheader("content-type").startswith("text/event-stream"), answer.getheaders()
    lines, seen = [], threading.Event()

    def read():
        for line in answer:
            lines.append(line.decode())
            if '"pending":1' in lines[-1]:
                seen.set()
                return

    threading.Thread(target=read, daemon=True).start()
    eventually("a first event", lambda: any(l.startswith("data:") for l in lines), 5)
    assert not seen.is_set()
    t.flip(False)
    assert seen.wait(10), f"no event said pending: {lines[-6:]}"
    began = time.monotonic()
    t.rouse.stop()  # must not wait for open streams
    assert time.monotonic() - began < 5


def bad_rule(d):
    return rule_file(d, alert("Down", "sum(up", "2s"))


@story
def reload(d):
    """SIGHUP and POST /-/reload; a bad file changes nothing and is told with its place."""
    t = Town(d)
    r = t.rouse
    rule_file(d, alert("Down", RULE), alert("Second", "vector(1)", "1h"))
    assert request(r.url + "/-/reload", "POST")[0] == 200
    r.wait_state("Second", "pending")
    since = r.alerts("Second")[0]["activeAt"]
    with open(f"{d}/rules.yml") as f:
        good = f.read()
    write(f"{d}/rules.yml", "groups:\n- name: g\n  rules:\n  - alert: Down\n    expr: sum(up\n")
    status, _, body = request(r.url + "/-/reload", "POST")
    assert status == 500 and re.search(rb"rules\.yml:5:\d+", body), (status, body)
    assert r.state("Second") == "pending", "a refused reload changed something"
    html = r.get("/")
    assert re.search(r"rules\.yml:5:\d+", html), "the status page does not say that the reload was refused"
    assert "prometheus_config_last_reload_successful 0" in r.get("/metrics")
    r.proc.hup()
    eventually("the log says why the reload was refused",
               lambda: len(re.findall(r"rules\.yml:5:\d+|line=5", r.log())) >= 2, 5)
    write(r.path, "prometheus: [")
    status, _, body = request(r.url + "/-/reload", "POST")
    assert status == 500 and re.search(rb"rouse\.yml:\d+:\d+", body), (status, body)
    r.configure(t.config)
    write(f"{d}/rules.yml", good.replace("Second", "Third"))
    r.proc.hup()
    eventually("SIGHUP loads the good file", lambda: r.state("Third"), 10)
    assert r.state("Second") is None
    write(f"{d}/rules.yml", good)
    assert request(r.url + "/-/reload", "PUT")[0] == 200
    r.wait_state("Second", "pending")
    assert r.alerts("Second")[0]["activeAt"] >= since
    assert "prometheus_config_last_reload_successful 1" in r.get("/metrics")
    status, _, body = request(r.url + "/-/reload", "POST", headers={"Sec-Fetch-Site": "cross-site"})
    assert status == 403, status
    assert not t.phone.hits, t.phone.summary()
    r.stop()


@story
def reload_keeps_state(d):
    """A firing alert goes on through reloads: no second page, no end."""
    t = Town(d, hold="1s")
    t.flip(False)
    t.phone.wait("a page", is_page("firing"))
    since = t.rouse.alerts("Down")[0]["activeAt"]
    for _ in range(3):
        assert request(t.rouse.url + "/-/reload", "POST")[0] == 200
        time.sleep(1)
    assert t.rouse.alerts("Down")[0]["activeAt"] == since
    assert pages(t.phone) == "F", pages(t.phone)
    t.rouse.stop()


@story
def flags_alone(d):
    """No configuration file at all."""
    t = Town(d, rouse=False)
    r = Rouse(d, None, ["--prometheus", t.prometheus.url, "--rules", f"{d}/*.yml", "--webhook", t.phone.url,
                        "--console", "--group-wait=1s"])
    t.flip(False)
    t.phone.wait("a page", is_page("firing"))
    eventually("the console receiver prints it", lambda: "Down" in r.log() and "FIRING" in r.log().upper(), 5)
    r.stop()


@story
def prefix_and_url(d):
    """Below a prefix, links in pages lead to the external address."""
    t = Town(d, rouse=False)
    r = Rouse(d, t.config, ["--web.external-url=https://on.call.example/rouse/"], ready=False)
    eventually("ready below the prefix", lambda: r.get("/rouse/-/ready"))
    assert request(r.url + "/-/ready")[0] == 404
    assert request(r.url + "/")[0] in (301, 302, 307, 308, 404)
    html = r.get("/rouse/")
    for path in re.findall(r'(?:href|src)="(assets/[^"]+)"', html):
        assert request(f"{r.url}/rouse/{path}")[0] == 200, path
    t.flip(False)
    assert t.phone.wait("a page", is_page("firing")).json["externalURL"] == "https://on.call.example/rouse"
    r.stop()


@story
def ports(d):
    """Port 0 is logged; two addresses; a port that is taken is an error, with the address."""
    t = Town(d, rouse=False)
    a = Rouse(f"{d}/a", t.config | {"rule_files": [f"{d}/rules.yml"]},
              ["--web.listen-address=127.0.0.1:0", "--web.listen-address=[::1]:0"])
    listening = re.findall(r'Listening"? address=(\S+):(\d+)', a.log())
    assert [h for h, _ in listening] == ["127.0.0.1", "[::1]"] and all(int(p) for _, p in listening), a.log()
    taken = a.url[7:]
    b = Rouse(f"{d}/b", t.config | {"rule_files": [f"{d}/rules.yml"]}, [f"--web.listen-address={taken}"], wait=False)
    assert b.proc.p.wait(10) == 1
    assert taken in b.log() and "in use" in b.log(), b.log()
    c = Rouse(f"{d}/a", None, ["--prometheus", t.prometheus.url, "--console"], wait=False)
    assert c.proc.p.wait(10) == 1
    assert "another rouse" in c.log() and str(a.proc.p.pid) in c.log(), c.log()
    a.stop()


@story
def json_log(d):
    t = Town(d, rouse=False)
    r = Rouse(d, t.config, ["--log.format=json", "--log.level=debug"], wait=False)
    eventually("it listens", lambda: '"Listening"' in r.log())
    r.kill(signal.SIGTERM)
    lines = [json.loads(l) for l in r.log().splitlines()]
    assert all({"ts", "level", "msg"} <= set(l) for l in lines), lines[0]


@story
def second_prometheus(d):
    """The next address when the first does not answer."""
    t = Town(d, rouse=False)
    dead = f"http://127.0.0.1:{free_port()}"
    t.config["prometheus"] = {"urls": [dead, t.prometheus.url], "evaluation_interval": "1s"}
    r = Rouse(d, t.config)
    t.flip(False)
    t.phone.wait("a page", is_page("firing"))
    by_url = {p["url"]: p for p in r.json("/api/rouse/v1/status")["data"]["prometheuses"]}
    assert not by_url[dead]["healthy"] and by_url[t.prometheus.url]["healthy"], by_url
    r.stop()


@story
def systemd(d):
    """READY=1 when it serves, RELOADING=1 and STOPPING=1 in their time."""
    t = Town(d, rouse=False)
    path = os.path.join("/tmp", f"rouse-notify-{os.getpid()}")
    said = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(10)
        try:
            r = Rouse(d, t.config, env={"NOTIFY_SOCKET": path}, ready=False)
            said.append(s.recv(4096).decode())
            assert "READY=1" in said[0], said
            assert r.get("/-/healthy")
            r.proc.hup()
            said += [s.recv(4096).decode(), s.recv(4096).decode()]
            assert "RELOADING=1" in said[1] and "MONOTONIC_USEC=" in said[1] and "READY=1" in said[2], said
            r.stop()
            said.append(s.recv(4096).decode())
            assert "STOPPING=1" in said[3], said
        finally:
            os.unlink(path)


@story
def garbage_from_prometheus(d):
    """Whatever it answers instead of a result: the rule says so, and nothing changes."""
    bodies = {"html": (200, {}, "<html>hello"), "error": (200, {}, '{"status":"error","error":"too bad"}'),
              "half": (200, {}, '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a"'),
              "empty": (200, {}, ""), "binary": (200, {}, bytes(range(256)) * 40), "503": (503, {}, "busy"),
              "hang up": None, "matrix": (200, {}, '{"status":"success","data":{"resultType":"matrix","result":[]}}')}
    one = '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%f,"1"]}]}}'
    mode = [None]

    def answer(hit):
        if mode[0] is None:
            return 200, {"Content-Type": "application/json"}, one % time.time()
        return bodies[mode[0]] or (None, {}, "")

    fake, phone = Server(answer), Server()
    rule_file(d, alert("Up", "x"), interval="500ms")
    r = Rouse(d, paging(fake.url, phone.url, more_prometheus={"blind_after": 1000}))
    phone.wait("a page", is_page("firing"))
    told = []
    for mode[0] in bodies:
        def failing():
            rule = r.json("/api/v1/rules")["data"]["groups"][0]["rules"][0]
            return rule["health"] == "err" and rule["lastError"] not in told and rule["lastError"]
        try:
            told.append(eventually(f"{mode[0]}: the rule's health is err, in other words than before", failing, 4))
        except AssertionError:  # the same words are no fault by themselves
            rule = r.json("/api/v1/rules")["data"]["groups"][0]["rules"][0]
            assert rule["health"] == "err" and rule["lastError"], (mode[0], rule)
        assert r.state("Up") == "firing", mode[0]
    mode[0] = None
    eventually("well again", lambda: r.json("/api/v1/rules")["data"]["groups"][0]["rules"][0]["health"] == "ok")
    time.sleep(1)
    assert pages(phone) == "F", pages(phone)
    r.stop()


@story
def blind(d):
    """Prometheus away for long: rouse says that it is blind, and when it sees again."""
    t = Town(d, hold="1s", more_prometheus={"blind_after": 3, "blind_for": "1s"})
    t.flip(False)
    t.phone.wait("a page", is_page("firing", "Down"))
    t.prometheus.kill()
    t.phone.wait("a page that rouse is blind", is_page("firing", "RouseBlind"), 20)
    html = t.rouse.get("/")
    assert "Blind: Prometheus does not answer" in html
    assert t.rouse.state("Down") == "firing"
    t.prometheus.restart()
    t.phone.wait("it sees again", is_page("resolved", "RouseBlind"), 30)
    assert pages(t.phone, "Down") == "F", pages(t.phone, "Down")
    t.flip(True)
    t.phone.wait("the end", is_page("resolved", "Down"), 30)
    t.rouse.stop()


main(at_once=5)
