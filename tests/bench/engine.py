#!/usr/bin/python3 -B
"""The engine beside Prometheus's on the same data: CPU of a query, by the user time of the server over
several repeats (the HTTP answer is part of it; `count()` around a result keeps that small) and by
build/release/bench/engine for rouse.

    tests/bench/engine.py [SERIES]

Prints both and the ratio. Needs prometheus and promtool. Takes some minutes for 10,000 series."""
import math, os, re, subprocess, sys, tempfile, time, urllib.parse, urllib.request

SERIES = int(sys.argv[1]) if sys.argv[1:] else 10000
SAMPLES = 240
HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.environ.get("BENCH_ENGINE", f"{HERE}/../../build/release/bench/engine")
start = int(time.time()) // 7200 * 7200 - 7200
end = start + (SAMPLES - 1) * 15


def write_data(path):
    with open(path, "w") as f:
        for name in "cg":
            f.write(f"# TYPE {name} {'counter' if False else 'gauge'}\n")
            for s in range(SERIES):
                v = 0
                for i in range(SAMPLES):
                    v = v + s % 7 if name == "c" else 50 + 50 * math.sin((s + i) / 30)
                    f.write(f'{name}{{job="j{s % 10}",instance="i{s}"}} {v} {start + i * 15}\n')
        f.write("# EOF\n")


def user_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        return int(f.read().rsplit(")", 1)[1].split()[11]) / os.sysconf("SC_CLK_TCK")


def ask(url, query, steps):
    p = {"query": query, "timeout": "10m"}
    if steps > 1:
        step = (end - start) // 1000
        p |= {"start": end - 999 * step, "end": end, "step": step}
    else:
        p |= {"time": end}
    kind = "query_range" if steps > 1 else "query"
    urllib.request.urlopen(f"{url}/api/v1/{kind}", urllib.parse.urlencode(p).encode(), timeout=600).read()


def measure(server, url, query, steps):
    wrapped = query if " by " in query and "/" not in query else f"count({query})"
    ask(url, wrapped, steps)
    repeats = 3 if steps > 1 else 20
    best = []
    for _ in range(3):
        before = user_seconds(server.pid)
        for _ in range(repeats):
            ask(url, wrapped, steps)
        best.append((user_seconds(server.pid) - before) / repeats)
    return min(best)


def main():
    rows = re.findall(r"^(.+?)\s+(\d+)\s+\d+\s+([\d.]+)$", subprocess.run([BENCH, str(SERIES)], check=True, text=True,
                                                                          capture_output=True).stdout, re.M)
    with tempfile.TemporaryDirectory() as d:
        write_data(f"{d}/data.om")
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", f"{d}/data.om", f"{d}/data"], check=True,
                       stdout=subprocess.DEVNULL)
        os.unlink(f"{d}/data.om")
        open(f"{d}/p.yml", "w").write("{}")
        url = "http://127.0.0.1:19393"
        server = subprocess.Popen(["prometheus", f"--config.file={d}/p.yml", f"--storage.tsdb.path={d}/data",
                                   "--web.listen-address=127.0.0.1:19393", "--query.max-samples=500000000",
                                   "--storage.tsdb.retention.time=10y", "--log.level=error"])
        try:
            for _ in range(100):
                try:
                    urllib.request.urlopen(f"{url}/-/ready").read()
                    break
                except OSError:
                    time.sleep(0.2)
            print(f"{'query':46} {'steps':>6} {'rouse ms':>10} {'prometheus ms':>14} {'ratio':>7}")
            for query, steps, ms in rows:
                theirs = measure(server, url, query, int(steps)) * 1e3
                print(f"{query:46} {steps:>6} {float(ms):10.2f} {theirs:14.2f} {theirs / max(float(ms), .01):6.1f}x",
                      flush=True)
        finally:
            server.kill()


main()
