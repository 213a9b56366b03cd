#!/usr/bin/python3 -B
"""query and backtest against a real Prometheus with a past; fmt in place; test as promtool."""
import json, os, random, re, subprocess, time
from stage import *

HOUR = 3600


def past(d):
    """A Prometheus that has four hours of history."""
    now = int(time.time()) // 60 * 60
    start = now - 4 * HOUR
    lines = ["# TYPE free gauge"]
    for k in range(240):
        value = 50 if k < 60 else 5 if k < 90 else 50 if k < 100 else 5 if k < 130 else 50
        lines.append(f'free{{i="a"}} {value} {start + k * 60}')
    lines.append("# TYPE up gauge")
    lines += [f'up{{job="api"}} 1 {start + k * 60}' for k in range(240) if not 150 <= k < 180]
    lines.append("# TYPE noise gauge")
    chance = random.Random(1)
    for i in range(5):
        at = start
        for k in range(300):
            value = chance.choice((chance.random(), chance.randrange(-9, 9), chance.random() * 1e300, "NaN", "-Inf", 1, 1))
            lines.append(f'noise{{i="{i}"}} {value} {at:.3f}')
            at += chance.choice((1, 15, 15, 15.001, 14.999, 17, 90, 0.002))
    om = write(f"{d}/past.om", "\n".join(lines) + "\n# EOF\n")
    os.makedirs(f"{d}/prometheus/data", exist_ok=True)
    subprocess.run([tool("promtool"), "tsdb", "create-blocks-from", "openmetrics", om, f"{d}/prometheus/data"],
                   check=True, capture_output=True)
    return Prometheus(d, {"none": []}, interval="1h"), start


@story
def query(d):
    """One value, a range, a table, JSON, a chart; errors in words."""
    p, start = past(d)
    ask = lambda *a: run_rouse("query", "--url", p.url, *a)
    at = str(start + 30 * 60)
    assert ask("--time", at, "free") == (0, f'free{{i="a"}} => 50 @[{at}]\n', ""), ask("--time", at, "free")
    assert ask("--time", at, "1 + 1")[1] == f"scalar: 2 @[{at}]\n"
    status, out, _ = ask("--start", at, "--end", str(start + 32 * 60), "--step", "1m", "--output", "json", "free * 2")
    values = json.loads(out)[0]["values"]
    assert [v for _, v in values] == ["100"] * 3, out
    status, out, _ = ask("--start", at, "--end", str(start + 31 * 60), "--step", "1m", "--output", "table", "free")
    assert out.splitlines()[0].split() == ["TIME", "NAME", "i", "VALUE"] and len(out.splitlines()) == 3, out
    # Between samples, as a window of this Prometheus has both its ends and ours one.
    span = ("--start", str(start + 30), "--end", str(start + 4 * HOUR - 30), "--step", "1m")
    for expr in ("free", "rate(free[5m])", "free offset 10m and on() up", "max_over_time(free[30m:1m])", "sum(free @ end()) + free",
                 'free + on() group_left up{job="api"}', "1 + 2"):
        there, here = (ask(*span, *a, expr)[1].splitlines() for a in ((), ("--local",)))
        assert here == there, (expr, [x for x in zip(there, here) if x[0] != x[1]][:5])
        here = run_rouse("query", "--blocks", f"{d}/prometheus/data", *span, expr)[1].splitlines()
        assert here == there, ("blocks", expr, [x for x in zip(there, here) if x[0] != x[1]][:5])
    end = ("--time", str(start + 4 * HOUR), "noise[5h]")
    raw = run_rouse("query", "--blocks", f"{d}/prometheus/data", *end)
    assert raw == ask(*end) and raw[1].count("@[") == 1500, raw
    status, out, err = run_rouse("query", "--blocks", d, "free")
    assert status == 1 and "has no blocks" in err, err
    assert ask("--time", at, "--local", "first_over_time(free[10m])") == (0, f'free{{i="a"}} => 50 @[{at}]\n', "")
    assert "unknown function" in ask("--local", "no_such(free)")[2]
    status, out, _ = ask("--start", str(start), "--end", str(start + 4 * HOUR), "--output", "chart", "free")
    assert status == 0 and "last 50" in out and out.count("\n") > 15, out
    status, out, err = ask("sum(free")
    assert status == 1 and "1:9: parse error: unclosed left parenthesis" in err, err
    status, out, err = ask("--time", at, 'label_replace(free, "x", "y", "i", "(")')
    assert status == 1 and "invalid regular expression" in err, err
    status, out, err = run_rouse("query", "--url", "http://127.0.0.1:1", "up")
    assert status == 1 and "cannot ask http://127.0.0.1:1" in err, err


RULES = """groups:
- name: g
  rules:
  - {alert: Low, expr: 'free < 10', for: 10m, labels: {severity: page}}
  - {alert: Gone, expr: 'absent(up{job="api"})', for: 5m}
  - {alert: Never, expr: 'free > 1000'}
"""


@story
def backtest(d):
    """What would have fired in four hours, with `for` as live; compared; limits for CI."""
    p, start = past(d)
    rules = write(f"{d}/rules.yml", RULES)
    run = lambda *a: run_rouse("backtest", "--prometheus", p.url, "--since", str(start), "--until",
                               str(start + 4 * HOUR), *a)
    status, out, err = run("--json", rules)
    assert status == 0, err
    found = {r["alert"]: r for r in json.loads(out)["rules"]}
    assert {n: r["fired"] for n, r in found.items()} == {"Low": 2, "Gone": 1, "Never": 0}, out
    # Low holds from minute 60 to 90 and fires after ten of these; the second time comes soon after.
    first, second = found["Low"]["episodes"]
    assert first["labels"] == {"alertname": "Low", "i": "a", "severity": "page"}, first
    assert [e["flap"] for e in found["Low"]["episodes"]] == [False, False]
    fired = lambda e: (parse_time(e["firedAt"]) - start) / 60
    assert 70 <= fired(first) <= 71.1 and 110 <= fired(second) <= 111.1, (fired(first), fired(second))
    assert 1200 - 61 <= found["Low"]["longestSeconds"] <= 1261, found["Low"]
    status, out, _ = run("--svg", f"{d}/x.svg", rules)
    assert "Low (" in out and "Never fires: Never" in out and "3 alerts fired in 4h 0m" in out, out
    assert open(f"{d}/x.svg").read().count("<rect") >= 4
    assert run("--max-pages", "3", rules)[0] == 0 and run("--max-pages", "2", rules)[0] == 3
    new = write(f"{d}/new.yml", RULES.replace("for: 10m", "for: 25m"))
    status, out, _ = run("--compare", rules, new)
    assert "Low: 2 -> 2" in out and "3 -> 3 alerts fired" in out, out
    new = write(f"{d}/newer.yml", RULES.replace("for: 10m", "for: 35m"))
    status, out, _ = run("--compare", rules, new)
    assert "Low: 2 -> 0" in out and "only before:" in out, out
    status, out, err = run_rouse("backtest", "--prometheus", "http://127.0.0.1:1", "--since", "1h", rules)
    assert status == 1 and "3 of 3 rules were not run to their end" in out, (status, out, err)


def parse_time(text):
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone


@story
def check(d):
    """--prometheus names what does not exist; lints and their exit status."""
    p, _ = past(d)
    rules = write(f"{d}/rules.yml", """groups:
- name: g
  rules:
  - {record: made, expr: 'free * 2'}
  - {alert: Good, expr: 'free{i="a"} + on() group_left made < 10'}
  - {alert: NoMetric, expr: 'fre < 10'}
  - {alert: NoLabel, expr: 'free{i="b"} < 10'}
  - {alert: Gone, expr: 'absent(nothing{job="x"})'}
  # rouse: disable=no-such-metric
  - {alert: Planned, expr: 'soon < 10'}
""")
    status, out, err = run_rouse("check", "--prometheus", p.url, rules)
    assert status == 0, (out, err)
    assert "no-such-metric: NoMetric: there is no metric fre, now" in err, err
    assert 'no-such-label: NoLabel: no series of free has i="b", now' in err, err
    assert err.count("warning:") == 2, err
    assert run_rouse("check", "--lint-fatal", "--prometheus", p.url, rules)[0] == 3
    assert run_rouse("check", "--lint-fatal", rules)[0] == 0
    assert run_rouse("check", "--lint-fatal", "--lint=none", "--prometheus", p.url, rules)[0] == 0
    status, out, err = run_rouse("check", "--prometheus", "http://127.0.0.1:1", rules)
    assert status == 1 and "cannot ask http://127.0.0.1:1" in err, err


@story
def fmt(d):
    """Rule files in place: comments stay, twice is once, --check changes nothing."""
    text = 'groups:\n- name: g   # ours\n  rules:\n  - alert: A\n    expr: sum(x)by(job)>1 # why\n'
    f = write(f"{d}/r.yml", text)
    assert run_rouse("fmt", "--check", f)[0] == 1 and open(f).read() == text
    assert run_rouse("fmt", f)[0] == 0
    assert open(f).read() == text.replace("sum(x)by(job)>1", "sum by (job) (x) > 1"), open(f).read()
    assert run_rouse("fmt", "--check", f) == (0, "", "")
    bad = write(f"{d}/bad.yml", text.replace("sum(x)", "sum((x)"))
    status, out, err = run_rouse("fmt", bad)
    assert status == 1 and "parse error" in err and "sum((x)by(job)>1 # why" in open(bad).read(), err
    assert not [n for n in os.listdir(d) if n.endswith("rouse-fmt")]


def pages(d, expected, status, words):
    """A page_test of the rules, 15 minutes on."""
    write(f"{d}/rouse.yml", json.dumps({"route": {"receiver": "phone", "group_by": ["alertname"]}, "receivers": [
        {"name": "phone", "webhook_configs": [{"url": "http://127.0.0.1:1/"}]}]}))
    t = write(f"{d}/pages.yml", json.dumps({"rule_files": ["rules.yml"], "config_file": "rouse.yml", "tests": [
        {"input_series": [{"series": s, "values": "5x20"} for s in ('free{i="a"}', 'free{i="b"}', 'up{job="api"}')],
         "page_test": [{"eval_time": "15m", "exp_pages": expected}]}]}))
    got, out, err = run_rouse("test", t)
    assert got == status and words in out + err, (got, out, err)


@story
def test(d):
    """--junit, --run and exit status."""
    write(f"{d}/rules.yml", RULES)
    t = write(f"{d}/t.yml", json.dumps({"rule_files": ["rules.yml"], "tests": [
        {"name": "good", "input_series": [{"series": 'free{i="a"}', "values": "5x20"}],
         "promql_expr_test": [{"expr": "free", "eval_time": "5m", "exp_samples": [{"labels": 'free{i="a"}', "value": 5}]}]},
        {"name": "bad <&>", "input_series": [{"series": 'free{i="a"}', "values": "5x20"}],
         "alert_rule_test": [{"eval_time": "15m", "alertname": "Low", "exp_alerts": []}]}]}))
    status, out, err = run_rouse("test", "--junit", f"{d}/j.xml", t)
    assert status == 1 and "alertname: Low, time: 15m" in err, err
    import xml.etree.ElementTree as E
    suite = E.parse(f"{d}/j.xml").getroot()[0]
    assert suite.attrib["tests"] == "2" and suite.attrib["failures"] == "1", suite.attrib
    assert [c.attrib["name"] for c in suite] == ["good", "bad <&>"]
    assert run_rouse("test", "--run", "^good$", t)[0] == 0
    pages(d, [{"receiver": "phone", "title": "[FIRING:2] Low (page)", "alerts": ["Low"]}], 0, "SUCCESS")
    pages(d, [{"receiver": "chat"}], 1, "got:\n            receiver phone, title [FIRING:2] Low")
    pages(d, [], 1, "exp: no page")
    assert run_rouse("test", f"{d}/none.yml")[0] == 1 and run_rouse("test")[0] == 2


main()
