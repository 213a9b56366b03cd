"""The demo's story; see scripts/demo.sh. Uses the stage of the end-to-end tests."""
import datetime, os, shutil, signal, string, sys, tempfile, textwrap, time, traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "e2e"))
import stage  # noqa: E402

NODE_RULES = "usr/share/doc/prometheus-node-exporter/examples/example-rules.yml"
BEGAN = time.monotonic()
COLOURS = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
steps = 0


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOURS else text


def step(text):
    global steps
    steps += 1
    print(f"\n{paint(1, f'{steps}. {text}')}", flush=True)


def say(text, code=None):
    for line in textwrap.wrap(text, 92, break_long_words=False, break_on_hyphens=False):
        print("   " + (paint(code, line) if code else line), flush=True)


def clock(at=None):
    return datetime.datetime.fromtimestamp(at or time.time()).strftime("%H:%M:%S.%f")[:-3]


def show(hit):
    """A real delivery, shortened to what a person wants to know."""
    body = hit.json
    firing = body["status"] == "firing"
    print(paint(31 if firing else 32, f"   {clock(hit.at)}  {hit.method} {hit.path} -> {hit.status}, "
                f"{len(hit.body)} bytes"))
    rows = [("status", body["status"]), ("groupLabels", stage.json.dumps(body["groupLabels"]))]
    for a in body["alerts"]:
        rows += [("labels", stage.json.dumps(a["labels"])), ("startsAt", a["startsAt"])]
        if not firing:
            rows.append(("endsAt", a["endsAt"]))
        rows += [(k, v) for k, v in a["annotations"].items() if firing or k != "because"]
    rows.append(("Idempotency-Key", hit.header("Idempotency-Key")))
    for name, value in rows:
        line = textwrap.fill(str(value), 76, subsequent_indent=" " * 20, break_long_words=False,
                             break_on_hyphens=False)
        print(f"   {name:>16} {paint('1;31' if name == 'because' and firing else '0', line)}")
    sys.stdout.flush()


class Town:
    """Two servers and a node exporter, a Prometheus that scrapes them, a phone, rouse."""

    def __init__(self, directory):
        self.directory = directory
        self.phone = stage.Server()
        self.servers = [self.server(name, stage.free_port()) for name in ("api-1", "api-2")]
        self.node = self.exporter()

    def server(self, name, port):
        argv = [sys.executable, "-B", os.path.join(HERE, "target.py"), str(port), name]
        p = stage.Proc(argv, os.path.join(self.directory, name + ".log"))
        p.address = f"127.0.0.1:{port}"
        return p

    def exporter(self):
        port = stage.free_port()
        p = stage.Proc([stage.tool("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{port}",
                        "--log.level=error"], os.path.join(self.directory, "node-exporter.log"))
        p.address = f"127.0.0.1:{port}"
        return p

    def start_prometheus(self):
        self.prometheus = stage.Prometheus(
            self.directory, {"dolthubapi": ([s.address for s in self.servers], {"app": "dolthubapi"}),
                             "node": [self.node.address]},
            extra=["--web.enable-remote-write-receiver"]).wait_scraped()

    def start_rouse(self):
        values = {"prometheus": self.prometheus.url, "receiver": self.phone.url,
                  "node_rules": stage.tool("prometheus-node-exporter", NODE_RULES)}
        with open(os.path.join(HERE, "rouse.yml")) as f:
            config = string.Template(f.read().split("\n", 1)[1]).safe_substitute(values).lstrip()
        shutil.copy(os.path.join(HERE, "dolthub.yml"), self.directory)
        port = stage.free_port()
        self.rouse = stage.Rouse(self.directory, config,
                                 [f"--web.listen-address=127.0.0.1:{port}",
                                  f"--web.external-url=http://127.0.0.1:{port}"])


def rules_are_well(rouse):
    groups = rouse.json("/api/v1/rules")["data"]["groups"]
    rules = [r for g in groups for r in g["rules"]]
    bad = [f"{r['name']}: {r['health']} {r.get('lastError', '')}" for r in rules if r["health"] != "ok"]
    return not bad and groups


def flip(town):
    began = time.time()
    for s in town.servers:
        s.kill()
    say(f"{clock(began)}  killed api-1 and api-2; from here on nobody touches anything")
    town.rouse.wait_state("DoltHubAPIDown", "pending")
    say(f"{clock()}  rouse sees it: pending (the rule says `for: 3s`)", 33)
    town.rouse.wait_state("DoltHubAPIDown", "firing")
    say(f"{clock()}  still down after 3 s: firing", 31)
    return began


def arrives(town):
    hit = town.phone.wait("the page arrives", stage.is_page("firing", "DoltHubAPIDown"), 20)
    show(hit)
    because = hit.json["alerts"][0]["annotations"].get("because", "")
    assert 'sum(up{app="dolthubapi"}) == 0 holds' in because, f"the page does not say why: {because!r}"
    assert "does not hold" in because, f"the page does not say which side does not hold: {because!r}"
    say("`because` is rouse's: the rule is an `or`, so rouse asked Prometheus for each side alone. "
        "Targets that are known and down hold; absent() would hold if Prometheus knew none.")
    return hit


def resolves(town):
    began = time.time()
    for s in town.servers:
        s.start()
    say(f"{clock(began)}  api-1 and api-2 are back")
    hit = town.phone.wait("the end is told", stage.is_page("resolved", "DoltHubAPIDown"), 20)
    show(hit)
    say(f"{hit.at - began:.1f} s from their return to the receiver.")


def look_back(town):
    stage.eventually("every page is noted as sent", lambda: all(d["status"] == "sent" for d in town.rouse.deliveries()))
    for d in sorted(town.rouse.deliveries(), key=lambda d: d["createdAt"]):
        say(f"{d['status']:5} {d['title']}  to {d['receiver']}, {d['reason']}")
    n = sum(stage.is_page("firing")(h) for h in town.phone.hits)
    assert n == 1 and len(town.phone.hits) == 2, f"not one page and one end: {town.phone.summary()}"
    recorded = town.prometheus.query("instance:node_cpu_utilization:ratio")
    assert recorded, "no recording rule was written back to Prometheus"
    say(f"And beside it the recording rules were written back to Prometheus: "
        f"instance:node_cpu_utilization:ratio = {float(recorded[0]['value'][1]):.3f}")


def keep(town):
    step("KEEP is set: everything stays until Ctrl-C.")
    say(f"status page    {town.rouse.url}/", 1)
    say(f"Prometheus     {town.prometheus.url}/")
    say(f"configuration  {town.rouse.path} and {town.directory}/dolthub.yml; "
        f"reload: curl -X POST {town.rouse.url}/-/reload")
    say(f"take them down kill {' '.join(str(s.p.pid) for s in town.servers)}")
    for p, name in zip(town.servers, ("api-1", "api-2")):
        say(f"bring back     python3 scripts/demo/target.py {p.address.rsplit(':', 1)[1]} {name}")
    say("Pages are shown here as they arrive.")
    seen = len(town.phone.hits)
    while town.rouse.proc.running():
        for hit in town.phone.hits[seen:]:
            show(hit)
            seen += 1
        time.sleep(0.2)


def tell(directory, town_box):
    step("Set-up, all of it on this machine and in " + os.path.relpath(directory))
    missing = [t for t in ("prometheus", "prometheus-node-exporter") if not shutil.which(t)]
    if missing:
        say(f"not installed: {', '.join(missing)}; Debian's packages get unpacked below "
            f"{os.path.relpath(stage.OUT)}/debian (nothing is installed, no service starts)")
    town = Town(directory)
    town_box.append(town)
    town.start_prometheus()
    say(f"Prometheus          {town.prometheus.url}  scrapes the following every second")
    for name, p in (("api-1", town.servers[0]), ("api-2", town.servers[1])):
        say(f'{name}               http://{p.address}   app="dolthubapi"')
    say(f"node exporter       http://{town.node.address}")
    say(f"webhook receiver    {town.phone.url}   (where your phone would be)")

    step("rouse starts beside it: one process, one configuration file, ordinary rule files")
    town.start_rouse()
    say(f"status page         {town.rouse.url}/", 1)
    groups = stage.eventually("all rules are healthy", lambda: rules_are_well(town.rouse), 15)
    for g in groups:
        say(f"{len(g['rules'])} rule{'s' if len(g['rules']) != 1 else ''} in {g['file']}")
    say('the one to watch:   sum(up{app="dolthubapi"}) == 0 or absent(up{app="dolthubapi"}) > 0')
    assert not town.rouse.alerts(), "something fires before anything has happened"
    say("Both servers are up, nothing fires. Watch the status page: it follows by itself.")
    time.sleep(3)

    step("Both servers die")
    died = flip(town)

    step("The page arrives")
    hit = arrives(town)
    say(f"{hit.at - died:.1f} s from their death to the receiver: at most 1 s until Prometheus scrapes, 1 s until "
        f"the rule is due, 3 s `for`, 1 s group_wait.")
    time.sleep(4 if COLOURS else 1)

    step("The servers come back")
    resolves(town)

    step("What rouse remembers")
    look_back(town)
    if os.environ.get("KEEP"):
        keep(town)


def main():
    signal.signal(signal.SIGTERM, stage._terminated)
    base = os.path.join(stage.OUT, "demo")
    os.makedirs(base, exist_ok=True)
    directory = tempfile.mkdtemp(prefix="run.", dir=base)
    box, status = [], 1
    try:
        tell(directory, box)
        box[0].rouse.stop()
        print(f"\n{paint(1, f'That was one alert, through the whole house, in {time.monotonic() - BEGAN:.0f} s.')} "
              "Everything is stopped and removed.\nWith your own Prometheus: rouse run --prometheus URL "
              "--rules 'rules/*.yml' --discord URL\nTo play with this one: make demo KEEP=1")
        status = 0
    except KeyboardInterrupt:
        print("\nStopped.")
        status = 0 if os.environ.get("KEEP") else 130
    except Exception as e:
        print(f"\n{paint('1;31', 'The demo stops here:')} {e}")
        if not isinstance(e, (AssertionError, stage.Skip)):
            traceback.print_exc()
        log = os.path.join(directory, "rouse.log")
        if os.path.exists(log):
            with open(log, errors="replace") as f:
                print("rouse's last lines:\n  " + "  ".join(f.readlines()[-15:]))
        print(f"Logs are in {directory}")
    stage.kill_all()
    if status != 1:
        shutil.rmtree(directory, ignore_errors=True)
    sys.exit(status)


main()
