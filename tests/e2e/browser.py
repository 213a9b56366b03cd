#!/usr/bin/python3 -B
"""The pages in a real browser, on a phone and on a desk: nothing sticks out, no error in the console,
they follow what happens by themselves, and they work without scripts. Pictures go to $OUT/pictures."""
import base64, json, os, re, shutil, struct, time, urllib.parse
from stage import *

RULES = [
    alert("ApiDown", 'sum(up{app="api"}) == 0 or absent(up{app="api"}) > 0', labels={"severity": "page"},
          summary="No API server answers."),
    alert("WorkerSlow", "max(slow) == 1", "1h", {"severity": "ticket"}, summary="The worker needs longer than usual."),
    alert("LongWords", "max(flag) == 1", labels={"severity": "page", "path": "/var/lib/" + "very-long-name-" * 12},
          summary="averyveryverylongwordwithoutanyblank" * 8, description="https://example.org/" + "a" * 300),
    {"record": "job:requests:sum", "expr": "sum by (job) (requests)"},
]


class Browser:
    """Chromium, driven through its DevTools over a WebSocket."""

    def __init__(self, d):
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if not program:
            raise Skip("chromium is not installed")
        self.proc = Proc([program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                          "--disable-dev-shm-usage", "--remote-debugging-port=0", f"--user-data-dir={d}/chromium", "about:blank"],
                         f"{d}/chromium.log", env={"HOME": d})
        port = eventually("chromium is there", lambda: self.proc.must_run() and open(f"{d}/chromium/DevToolsActivePort").readline(), 30)
        pages = eventually("a tab", lambda: [t for t in get_json(f"http://127.0.0.1:{int(port)}/json") if t["type"] == "page"])
        self.connect(pages[0]["webSocketDebuggerUrl"])
        self.n, self.trouble = 0, []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def connect(self, url):
        host, _, path = url.removeprefix("ws://").partition("/")
        name, _, port = host.partition(":")
        self.s = socket.create_connection((name, int(port)), 20)
        self.s.sendall((f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.f = self.s.makefile("rb")
        assert b"101" in self.f.readline()
        while self.f.readline() != b"\r\n":
            pass

    def send(self, text):
        n = len(text)
        head = bytes([0x81]) + (bytes([0x80 | n]) if n < 126 else struct.pack(">BH", 0x80 | 126, n) if n < 65536
                                else struct.pack(">BQ", 0x80 | 127, n))
        self.s.sendall(head + bytes(4) + text)  # a mask of zeros

    def receive(self):
        text = b""
        while True:
            first, n = self.f.read(2)
            n &= 0x7F
            n = struct.unpack(">H", self.f.read(2))[0] if n == 126 else struct.unpack(">Q", self.f.read(8))[0] if n == 127 else n
            text += self.f.read(n)
            if first & 0x80:
                return json.loads(text)

    def note(self, m):
        p = m.get("params", {})
        if m.get("method") == "Runtime.exceptionThrown":
            self.trouble.append(p["exceptionDetails"].get("text", "") + str(p["exceptionDetails"].get("exception", {}).get("description", "")))
        if m.get("method") == "Log.entryAdded" and p["entry"]["level"] in ("error", "warning"):
            self.trouble.append(p["entry"]["text"] + " " + p["entry"].get("url", ""))

    def call(self, method, **params):
        self.n += 1
        self.send(json.dumps({"id": self.n, "method": method, "params": params}).encode())
        while True:
            m = self.receive()
            if m.get("id") == self.n:
                assert "error" not in m, m
                return m["result"]
            self.note(m)

    def js(self, expression):
        r = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in r, r["exceptionDetails"]
        return r["result"].get("value")

    def window(self, width, height, phone=False, dark=False, scripts=True):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)

    def open(self, url):
        self.call("Page.navigate", url=url)
        eventually(f"{url} is loaded", lambda: self.js("document.readyState") == "complete" and self.js("location.href") == url)

    def picture(self, path):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = dict(x=0, y=0, width=size["width"], height=min(size["height"], 6000), scale=1)
        data = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)["data"]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))


STICKS_OUT = """[...document.querySelectorAll('body *')].filter(e => {
    const r = e.getBoundingClientRect();
    return r.width > 1 && r.right > innerWidth + 1 && !e.closest('[class=skip]');
}).slice(0, 3).map(e => e.tagName + '.' + e.className + ': ' + e.textContent.slice(0, 40))"""
SMALL = """[...document.querySelectorAll('main *')].filter(e => e.childNodes.length &&
    [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim()) &&
    parseFloat(getComputedStyle(e).fontSize) < 11).slice(0, 3).map(e => e.textContent.slice(0, 40))"""


def looks(b, name, url, text):
    """A page in all sizes, with a picture of each: nothing sticks out, all can be read, the text is there."""
    for size, kw in (("phone", dict(width=390, height=844, phone=True)), ("narrow", dict(width=320, height=640, phone=True)),
                     ("desk", dict(width=1280, height=900)), ("wide", dict(width=1440, height=900)),
                     ("dark", dict(width=1280, height=900, dark=True)),
                     ("plain", dict(width=390, height=844, phone=True, scripts=False))):
        b.window(**kw)
        b.open(url)
        time.sleep(0.2)
        b.picture(os.path.join(OUT, "pictures", f"{name}-{size}.png"))
        b.call("Emulation.setScriptExecutionDisabled", value=False)
        wide = b.js("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name}, {size}: {wide} px too wide: {b.js(STICKS_OUT)}"
        assert not b.js(SMALL), f"{name}, {size}: too small to read: {b.js(SMALL)}"
        assert text in b.js("document.body.textContent")


@story
def plan(d):
    """A week of the on-call plan; a change of it is made and ended by its forms, without scripts."""
    contact = {"contacts": {"push": {"ntfy": {"topic": "x"}}}}
    r = Rouse(d, {
        "route": {"receiver": "team"}, "receivers": [{"name": "team", "oncall_configs": [{"policy": "p"}]}],
        "oncall": {
            "people": {n: contact for n in ("alice", "bob", "carol", "averyveryverylongnamewithoutanyblank" * 2)},
            "schedules": {"primary": {"time_zone": "Europe/Berlin", "gap": "intended", "layers": [
                {"rotation": "daily", "handoff": "09:00", "since": "2026-01-05", "people": ["alice", ["bob", "carol"], "averyveryverylongnamewithoutanyblank" * 2],
                 "hours": [{"from": "07:00", "to": "23:00"}]}]}},
            "policies": {"p": {"steps": [{"page": "schedule/primary"}]}}}})
    b, url = Browser(d), r.url + "/oncall?schedule=primary"
    says = lambda text: text in b.js("document.body ? document.body.textContent : ''")
    b.window(390, 844, phone=True, scripts=False)
    b.open(url)
    fill = lambda name, value: b.js(f"document.querySelector('.verbs [name={name}]').value = '{value}'")
    for name, value in (("who", "carol"), ("kind", "only"), ("by", "alice"), ("to", "2099-01-01T00:00"), ("from", "2098-12-01T00:00")):
        fill(name, value)
    b.js("document.querySelector('.verbs .main').click()")
    eventually("it is made", lambda: says("only carol"))
    looks(b, "oncall", url, "only carol")
    b.window(390, 844, phone=True, scripts=False)
    b.open(url)
    b.js("document.querySelector('.ends [name=by]').value = 'bob'; document.querySelector('.ends button').click()")
    eventually("it is ended", lambda: says("as the file says"))
    assert not b.trouble, b.trouble
    r.kill()
    b.proc.kill()


@story
def incidents(d):
    """An incident, the list, a signed link and the customers' form; what the buttons do, without scripts too."""
    b = Browser(d)
    phone = Server()
    os.makedirs(f"{d}/runbooks")
    write(f"{d}/runbooks/Slow.md", "# Slow\n\n## Triage\n\n- [ ] Look at the dashboard\n\n## Mitigation\n\n- [ ] Restart it\n")
    r = Rouse(d, {
        "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "0s"},
        "receivers": [{"name": "team", "oncall_configs": [{"policy": "backend"}]}, {"name": "status", "webhook_configs": [{"url": phone.url + "/status"}]}],
        "runbooks": {"dir": "runbooks"},
        "oncall": {
            "people": {n: {"contacts": {"push": {"webhook": {"url": f"{phone.url}/{n}"}}}} for n in ("alice", "bob")},
            "forms": {"shop": {"policy": "backend", "token": "a-token-of-customers", "title": "The shop is not right?", "show_titles": True}},
            "policies": {"backend": {"steps": [{"page": "person/alice"}, {"after": "10m", "page": "person/bob"}], "updates": "status"}}}},
        flags=[f"--web.listen-address=127.0.0.1:{free_port()}"])
    json_type = {"Content-Type": "application/json"}
    request(r.url + "/api/events", "POST", json.dumps({"title": "api " + "v1-" * 40, "service": "api", "url": "https://ci.example.org/1"}), json_type)
    status, _, text = request(r.url + "/api/v2/alerts", "POST", json.dumps([
        {"labels": {"alertname": "Slow", "severity": "page"}, "annotations": {"summary": "averyverylongwordwithoutanyblank" * 8}}]), json_type)
    assert status == 200, text
    hit = phone.wait("the page", is_page("firing", "Slow"))
    link = re.search(r"http://\S+/answer\?t=[\w.-]+", hit.json["commonAnnotations"]["answer"])[0]
    link = r.url + "/answer" + link.split("/answer")[1]
    looks(b, "incidents", r.url + "/incidents", "Slow")
    looks(b, "incident", r.url + "/incident?id=1", "Look at the dashboard")
    looks(b, "answer", link, "You answer as alice")
    looks(b, "form", r.url + "/form?t=a-token-of-customers", "somebody is being called")
    incident = lambda n=1: get_json(f"{r.url}/api/rouse/v1/incidents/{n}")["data"]
    # The link's one button, on a phone without scripts.
    b.window(width=390, height=844, phone=True)
    b.open(link)
    b.js("document.querySelector('main button').click()")
    eventually("it is alice's", lambda: incident()["acknowledgedBy"] == "alice")
    # A note and the next verb, by the form of the incident's page.
    b.open(r.url + "/incident?id=1")
    b.js("document.querySelector('textarea[name=text]').value = 'looked at <it>'; document.querySelector('input[name=by]').value = 'bob';"
         "document.querySelector('button[value=note]').click()")
    eventually("the note is there", lambda: any(e["kind"] == "note" and e["text"] == "looked at <it>" and e["who"] == "bob" for e in incident()["timeline"]))
    eventually("the page came back", lambda: b.js("document.readyState == 'complete' ? document.body.innerText : ''").count("looked at <it>"))
    b.js("document.querySelector('input[name=by]').value = 'bob'; document.querySelector('button[value=unack]').click()")
    eventually("it is nobody's again", lambda: incident()["status"] == "triggered")
    b.open(r.url + "/form?t=a-token-of-customers")
    eventually("the form is there", lambda: "somebody is being called" in b.js("document.readyState == 'complete' ? document.body.innerText : ''"))
    b.js("document.querySelector('textarea').value = 'I cannot pay'; document.querySelector('main button').click()")
    eventually("the customer's incident", lambda: incident(2)["title"] == "Customers: I cannot pay")
    assert not b.trouble, b.trouble
    b.proc.kill()
    r.stop()


@story
def pages(d):
    api, other, phone = Target(x=1), Target(slow=1, flag=1, requests=5), Server()
    prometheus = Prometheus(d, {"api": ([api.address], {"app": "api"}), "other": [other.address]}).wait_scraped()
    rule_file(d, *RULES)
    r = Rouse(d, paging(prometheus.url, phone.url))
    b = Browser(d)
    phone.wait("a page", is_page("firing", "LongWords"))
    b.window(1280, 900)
    b.open(r.url + "/")
    eventually("the page is live", lambda: "live" in b.js("document.getElementById('link').textContent"))
    assert "ApiDown" not in b.js("document.getElementById('alerts').textContent")
    b.js("window.stayed = 1")
    api.server.down()
    eventually("the open page shows the new alert by itself",
               lambda: "ApiDown" in b.js("document.getElementById('alerts').textContent"), 15)
    eventually("and the title follows", lambda: b.js("document.title").startswith("2 firing"), 5)
    assert b.js("window.stayed") == 1, "the page was loaded anew instead of following"
    phone.wait("a page", is_page("firing", "ApiDown"))
    time.sleep(1)
    link = b.js("[...document.querySelectorAll('a')].find(a => a.textContent == 'ApiDown').href")
    status, _, text = request(r.url + "/api/v2/silences", "POST", json.dumps({
        "matchers": [{"name": "alertname", "value": "LongWords", "isRegex": False}], "createdBy": "bob", "comment": "known <b>",
        "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2036-01-01T00:00:00Z"}), {"Content-Type": "application/json"})
    assert status == 200, text
    ident = json.loads(text)["silenceID"]
    # Links of Alertmanager's messages lead to the right page.
    b.call("Page.navigate", url=r.url + "/#/alerts?receiver=team&filter=" + urllib.parse.quote('{alertname="ApiDown"}'))
    eventually("the alerts are shown", lambda: b.js("location.pathname") == "/alerts" and "told at" in b.js("document.body.textContent"))
    assert "LongWords" not in b.js("document.querySelector('main').textContent")
    b.call("Page.navigate", url=r.url + "/#/silences/" + ident)
    eventually("the silence is shown", lambda: b.js("location.search") == "?id=" + ident and "known <b>" in b.js("document.body.textContent"))
    for name, url in (("status", r.url + "/"), ("rule", link), ("filtered", r.url + "/?state=firing&q=LongWords"),
                      ("told", r.url + "/alerts"), ("silences", r.url + "/silences"), ("silence", r.url + "/silences?id=" + ident)):
        looks(b, name, url, "" if name == "rule" else "LongWords")
    assert not b.trouble, b.trouble
    r.kill()
    b.proc.kill()


main()
