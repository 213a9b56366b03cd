#!/usr/bin/python3 -B
"""How long a page takes: from the question that Prometheus answers with a firing series (that is, the
wait for the evaluation slot is left out) to the receiver having the page. A Prometheus and a receiver
that answer at once, a store on a real disk, group_wait 0s.

    ROUSE=build/release/rouse tests/bench/latency.py [ROUNDS]

Prints percentiles in ms and fails above the goal: 20 ms at p99. Give it a quiet machine."""
import http.server, json, os, socketserver, subprocess, sys, tempfile, threading, time, urllib.parse

GROUPS, GOAL_MS = 20, 20
up, asked, took = set(), {}, []


class World(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", -1, True

    def log_message(self, *_):
        pass

    def answer(self, obj):
        body = json.dumps(obj).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)["query"][0]
        name, result = query.split()[0], []
        if name in up:
            asked.setdefault(name, time.monotonic())
            result = [{"metric": {"instance": name}, "value": [time.time(), "1"]}]
        self.answer({"status": "success", "data": {"resultType": "vector", "result": result}})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        now = time.monotonic()
        self.answer({})
        for a in json.loads(body)["alerts"]:
            begun = asked.pop(a["labels"]["instance"], None) if a["status"] == "firing" else None
            if begun is not None:
                took.append((now - begun) * 1000)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads, request_queue_size = True, 64


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    server = Server(("127.0.0.1", 0), World)
    url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as d:
        with open(f"{d}/rules.yml", "w") as f:
            f.write("groups:\n")
            for i in range(GROUPS):
                f.write(f"- name: g{i}\n  interval: 1s\n  rules: [{{alert: A, expr: m{i} > 0}}]\n")
        with open(f"{d}/rouse.yml", "w") as f:
            f.write(f"prometheus: {{url: '{url}'}}\nrule_files: ['{d}/rules.yml']\n"
                    "route: {receiver: h, group_by: [instance], group_wait: 0s, group_interval: 1s}\n"
                    f"receivers: [{{name: h, webhook_configs: [{{url: '{url}/hook'}}]}}]\n")
        rouse = subprocess.Popen([os.environ.get("ROUSE", "build/release/rouse"), "run", f"--config.file={d}/rouse.yml",
                                  f"--storage.path={d}/data", "--web.listen-address=127.0.0.1:0", "--log.level=error"])
        try:
            time.sleep(2.5)
            for _ in range(rounds):
                for i in range(GROUPS):
                    up.add(f"m{i}")
                    time.sleep(0.05)
                time.sleep(1.5)
                up.clear()
                time.sleep(2.6)  # the end is told, too
                asked.clear()
        finally:
            rouse.terminate()
            rouse.wait()
    took.sort()
    p50, p90, p99, worst = (took[min(len(took) - 1, int(len(took) * f))] for f in (.5, .9, .99, 1)) if took else [1e9] * 4
    print(f"{len(took)} of {rounds * GROUPS} pages: p50 {p50:.1f} p90 {p90:.1f} p99 {p99:.1f} max {worst:.1f} ms")
    return len(took) < rounds * GROUPS or p99 > GOAL_MS


sys.exit(main())
