#!/usr/bin/python3 -B
"""What rouse writes back into Prometheus, and what it forwards to a real Alertmanager."""
import calendar, os, shutil, subprocess, time
from stage import *

RECEIVING = ["--web.enable-remote-write-receiver"]


class Town:
    def __init__(self, d, *rules, prometheus_more=None, **kw):
        self.flag, self.phone = Target(flag=0, requests=7), Server()
        self.prometheus = Prometheus(d, {"x": [self.flag.address]}, extra=RECEIVING).wait_scraped()
        rule_file(d, *rules)
        more = {"remote_write": {"url": self.prometheus.url + "/api/v1/write"}, **(prometheus_more or {})}
        self.config = paging(self.prometheus.url, self.phone.url, more_prometheus=more, **kw)
        self.rouse = Rouse(d, self.config)

    def series(self, expr):
        return {json.dumps({k: v for k, v in r["metric"].items()}, sort_keys=True): float(r["value"][1])
                for r in self.prometheus.query(expr)}

    def wait(self, what, expr, test, timeout=15):
        return eventually(what, lambda: test(self.series(expr)), timeout)


@story
def alerts_written(d):
    """ALERTS goes from pending to firing to nothing at once: stale markers, no five minutes."""
    t = Town(d, alert("Flag", "max(flag) == 1", "3s", {"severity": "page", "team": "a"}))
    time.sleep(1.5)
    assert not t.series("ALERTS")
    t.flag.set(flag=1)
    pending = {"__name__": "ALERTS", "alertname": "Flag", "alertstate": "pending", "severity": "page", "team": "a"}
    t.wait("ALERTS is pending", "ALERTS", lambda s: s == {json.dumps(pending, sort_keys=True): 1.0})
    since = t.rouse.alerts("Flag")[0]["activeAt"]
    firing = pending | {"alertstate": "firing"}
    t.wait("ALERTS is firing, and only that", "ALERTS", lambda s: s == {json.dumps(firing, sort_keys=True): 1.0})
    age = {k: v for k, v in firing.items() if k != "alertstate"} | {"__name__": "ALERTS_FOR_STATE"}
    got = t.series("ALERTS_FOR_STATE")
    assert set(got) == {json.dumps(age, sort_keys=True)}, got
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(got[json.dumps(age, sort_keys=True)]))
    assert since.startswith(at), (since, at)
    t.flag.set(flag=0)
    over = time.time()
    t.wait("ALERTS is gone", '{__name__=~"ALERTS.*"}', lambda s: s == {}, 10)
    assert time.time() - over < 8
    t.rouse.stop()


@story
def recorded(d):
    """Recording rules, one built on another; and what they no longer return is stale at once."""
    rules = [{"record": "job:requests:sum", "expr": "sum by (job) (requests)", "labels": {"by": "rouse"}},
             {"record": "job:requests:double", "expr": "job:requests:sum * 2"},
             {"record": "flagged", "expr": "max(flag) == 1"},
             alert("Double", "job:requests:double > 13")]
    t = Town(d, *rules)
    key = '{"__name__": "job:requests:double", "by": "rouse", "job": "x"}'
    t.wait("a rule on a rule", "job:requests:double", lambda s: s == {key: 14.0})
    t.phone.wait("an alert on it", is_page("firing", "Double"))
    t.flag.set(flag=1)
    t.wait("flagged", "flagged", lambda s: s)
    t.flag.set(flag=0)
    t.wait("flagged is gone", "flagged", lambda s: not s, 8)
    # A rule that is removed leaves nothing behind.
    rule_file(d, *rules[1:])
    assert request(t.rouse.url + "/-/reload", "POST")[0] == 200
    t.wait("the removed rule's series is gone", "job:requests:sum", lambda s: not s, 12)
    t.rouse.stop()


@story
def external_labels(d):
    """They tell rouses apart at the receivers; they are not in ALERTS nor in the API."""
    am = Alertmanager(d)
    t = Town(d, alert("Flag", "max(flag) == 1"),
             prometheus_more={"external_labels": {"region": "eu"}, "alertmanagers": [am.url]})
    t.flag.set(flag=1)
    page = t.phone.wait("a page", is_page("firing"))
    assert page.json["alerts"][0]["labels"]["region"] == "eu"
    eventually("forwarded with them", lambda: am.alerts()["Flag"]["labels"]["region"] == "eu")
    t.wait("ALERTS", 'ALERTS{alertstate="firing"}', lambda s: s)
    assert not t.series('ALERTS{region="eu"}') and "region" not in t.rouse.alerts("Flag")[0]["labels"]
    t.rouse.stop()


@story
def receiver_of_writes_away(d):
    """Pages do not wait for remote_write; the rule says what is wrong."""
    flag, phone = Target(flag=1), Server()
    prometheus = Prometheus(d, {"x": [flag.address]}).wait_scraped()  # takes no writes: 404
    rule_file(d, alert("Flag", "max(flag) == 1"))
    more = {"remote_write": {"url": prometheus.url + "/api/v1/write"}}
    r = Rouse(d, paging(prometheus.url, phone.url, more_prometheus=more))
    phone.wait("a page", is_page("firing", "Flag"))

    def said():
        rule = r.json("/api/v1/rules")["data"]["groups"][0]["rules"][0]
        return rule["health"] == "err" and "remote_write" in rule["lastError"]

    eventually("the rule's health says that writing failed", said, 10)
    assert "remote_write" in r.get("/")
    r.stop()


AM_FILES = "/usr/share/prometheus/alertmanager"


def alertmanager():
    """Debian's Alertmanager reads its own templates from a fixed place. When its package is unpacked
    below build/, not installed, it gets that place in a mount name space of its own."""
    prog = tool("prometheus-alertmanager")
    files = os.path.dirname(prog).removesuffix("/usr/bin") + AM_FILES
    if os.path.exists(AM_FILES) or not os.path.exists(files):
        return [prog]
    inside = ["unshare", "--mount"] + (["--map-root-user"] if os.geteuid() else [])
    if not shutil.which("unshare") or subprocess.run([*inside, "mount", "-t", "tmpfs", "none", "/usr/share"],
                                                     capture_output=True).returncode:
        raise Skip(f"prometheus-alertmanager is not installed, and {AM_FILES} cannot be mounted")
    return [*inside, "sh", "-c", 'mount -t tmpfs none /usr/share && mkdir -p "${0%/*}" && ln -s "$1" "$0" && shift && exec "$@"',
            AM_FILES, files, prog]


class Alertmanager(Daemon):
    def __init__(self, d, extra=()):
        port = free_port()
        path = write(f"{d}/am/alertmanager.yml", json.dumps({"route": {"receiver": "none"}, "receivers": [{"name": "none"}]}))
        super().__init__([*alertmanager(), f"--config.file={path}", f"--storage.path={d}/am/data",
                          f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=warn"],
                         d, "alertmanager", port, "/-/ready")

    def alerts(self):
        return {a["labels"]["alertname"]: a for a in get_json(self.url + "/api/v2/alerts")}


@story
def forwarded(d):
    """Side by side with an existing Alertmanager: it has every alert, until each is over; one of
    two that is away holds nothing up, and gets what fires when it is back."""
    am, dead = Alertmanager(d), f"http://127.0.0.1:{free_port()}"
    t = Town(d, alert("Flag", "max(flag) == 1", summary="up {{ $value }}"),
             prometheus_more={"alertmanagers": [am.url, dead], "resend_delay": "1s"})
    t.flag.set(flag=1)
    a = eventually("Alertmanager has it", lambda: am.alerts()["Flag"])
    assert a["labels"]["severity"] == "page" and a["annotations"]["summary"] == "up 1", a
    assert a["status"]["state"] in ("active", "unprocessed") and "graph?g0.expr=" in a["generatorURL"], a
    t.phone.wait("and rouse's own page", is_page("firing", "Flag"))
    am.kill()
    time.sleep(1)
    am.restart()
    eventually("Alertmanager has it again after a restart", lambda: "Flag" in am.alerts(), 15)
    t.flag.set(flag=0)
    eventually("Alertmanager knows that it is over", lambda: "Flag" not in am.alerts() and get_text(am.url + "/-/ready"), 15)
    listed = t.rouse.json("/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
    assert sorted(x["url"] for x in listed) == sorted([am.url + "/api/v2/alerts", dead + "/api/v2/alerts"]), listed
    t.rouse.stop()


@story
def restored_from_prometheus(d):
    """The store is lost, Prometheus still has ALERTS_FOR_STATE: `for` does not begin anew. (As in
    Prometheus only where `for` is longer than ten minutes.)"""
    t = Town(d, alert("Flag", "max(flag) == 1", "15m"))
    t.flag.set(flag=1)
    t.rouse.wait_state("Flag", "pending")
    since = t.rouse.alerts("Flag")[0]["activeAt"]
    t.wait("ALERTS_FOR_STATE is there", "ALERTS_FOR_STATE", lambda s: s)
    time.sleep(6)
    t.rouse.kill()
    shutil.rmtree(f"{d}/data")
    t.rouse.restart()
    t.rouse.wait_state("Flag", "pending")

    def kept():  # ALERTS_FOR_STATE has whole seconds, and the down time is granted
        now = t.rouse.alerts("Flag")[0]["activeAt"]
        return abs(seconds(now) - seconds(since)) < 4

    eventually(f"pending since {since}, not since the restart", kept, 8)
    t.rouse.stop()


def seconds(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


main(at_once=4)
