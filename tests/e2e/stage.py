"""The stage of the end-to-end tests and of `make demo`: processes, ports, targets, receivers.

Everything listens on 127.0.0.1 and lives in one folder that is removed when all went well. Child
processes die with us, however we die. A test is a function marked @story; the stories of a file run
side by side, because they mostly wait; main() prints `N passed, N failed, N skipped`.
"""
import atexit, contextlib, ctypes, http.client, http.server, json, os, random, re, shutil, signal, \
    socket, ssl, subprocess, sys, tempfile, threading, time, traceback, urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.abspath(os.environ.get("OUT", os.path.join(ROOT, "build")))
ROUSE = os.path.abspath(os.environ.get("ROUSE", os.path.join(OUT, "release", "rouse")))
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


class Skip(Exception):
    """Why a story cannot be told here."""


def eventually(what, predicate, timeout=20, every=0.05):
    """Waits until predicate() gives something true, and returns it."""
    end = time.monotonic() + timeout
    while True:
        try:
            got = predicate()
        except (OSError, ValueError, KeyError, IndexError, http.client.HTTPException):
            got = None
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(every)


def certificate(d, name="localhost"):
    """A private authority and a server's certificate: paths of ca, certificate, key."""
    ca, key, crt, csr = (os.path.join(d, n) for n in ("ca.pem", "key.pem", "crt.pem", "csr.pem"))
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    def openssl(*args):
        if not shutil.which("openssl"):
            raise Skip("openssl is not installed")
        r = subprocess.run(["openssl", *args], capture_output=True, text=True)
        assert r.returncode == 0, r.stderr

    write(os.path.join(d, "ext"), f"subjectAltName=DNS:{name},IP:127.0.0.1\n")
    openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=stage authority",
            "-keyout", os.path.join(d, "ca.key"), "-out", ca)
    openssl("req", *curve, "-subj", f"/CN={name}", "-keyout", key, "-out", csr)
    openssl("x509", "-req", "-in", csr, "-CA", ca, "-CAkey", os.path.join(d, "ca.key"), "-days", "2",
            "-set_serial", str(random.getrandbits(60)), "-extfile", os.path.join(d, "ext"), "-out", crt)
    return ca, crt, key


def tls_context(crt, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    return context


# ---- ports and folders --------------------------------------------------------------------------

_held = []


def free_port():
    """A port that stays ours until we end: a socket that never listens holds it. Who binds it with
    SO_REUSEADDR, as servers do, may listen there; nobody else and no outgoing connection gets it."""
    while True:
        s = socket.socket()
        try:
            s.bind(("127.0.0.1", random.SystemRandom().randrange(18000, 32000)))
        except OSError:
            s.close()
            continue
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _held.append(s)
        return s.getsockname()[1]


def folder(name):
    base = os.path.join(OUT, "e2e")
    os.makedirs(base, exist_ok=True)
    return tempfile.mkdtemp(prefix=name + ".", dir=base)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    return path


# ---- processes ----------------------------------------------------------------------------------

_procs = []


def _die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Spawner(threading.Thread):
    """Forks for all threads: PDEATHSIG strikes when the thread that forked ends."""

    def __init__(self):
        super().__init__(daemon=True)
        self.jobs, self.lock = [], threading.Condition()
        self.start()

    def run(self):
        while True:
            with self.lock:
                while not self.jobs:
                    self.lock.wait()
                job = self.jobs.pop(0)
            try:
                job["popen"] = subprocess.Popen(*job["args"], **job["kw"])
            except OSError as e:
                job["error"] = e
            job["done"].set()

    def popen(self, *args, **kw):
        job = dict(args=args, kw=kw, done=threading.Event())
        with self.lock:
            self.jobs.append(job)
            self.lock.notify()
        job["done"].wait()
        if "error" in job:
            raise job["error"]
        return job["popen"]


_spawner, _spawn_lock = None, threading.Lock()


def spawn(*args, **kw):
    global _spawner
    with _spawn_lock:
        _spawner = _spawner or Spawner()
    return _spawner.popen(*args, **kw, preexec_fn=_die_with_parent, stdin=subprocess.DEVNULL)


class Proc:
    def __init__(self, argv, log, env=None, cwd=None):
        self.argv, self.log, self.env, self.cwd = argv, log, env, cwd
        self.p = None
        _procs.append(self)
        self.start()

    def start(self):
        self.log_from = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as out:
            self.p = spawn(self.argv, stdout=out, stderr=subprocess.STDOUT, cwd=self.cwd,
                           env={**os.environ, **(self.env or {})})
        return self

    def running(self):
        return self.p.poll() is None

    def kill(self, sig=signal.SIGKILL):
        if self.running():
            self.p.send_signal(sig)
        return self.p.wait(15)

    def hup(self):
        self.p.send_signal(signal.SIGHUP)

    def text(self, whole=False):
        """What it has written since it was started last."""
        with open(self.log, errors="replace") as f:
            f.seek(0 if whole else self.log_from)
            return f.read()

    def must_run(self):
        assert self.running(), f"{os.path.basename(self.argv[0])} ended with {self.p.returncode}:\n" \
            + self.text()[-3000:]
        return True


@atexit.register
def kill_all():
    for p in _procs:
        if p.p and p.running():
            p.p.kill()
            p.p.wait()


def _terminated(number, _frame):
    kill_all()
    os._exit(128 + number)


# ---- HTTP ---------------------------------------------------------------------------------------

def request(url, method="GET", body=None, headers=None, timeout=10, context=None):
    """status, headers, body as bytes"""
    u = urllib.parse.urlsplit(url)
    kw = {"context": context} if u.scheme == "https" else {}
    cls = http.client.HTTPSConnection if u.scheme == "https" else http.client.HTTPConnection
    c = cls(u.hostname, u.port, timeout=timeout, **kw)
    with contextlib.closing(c):
        c.request(method, (u.path or "/") + ("?" + u.query if u.query else ""), body, headers or {})
        r = c.getresponse()
        return r.status, dict((k.lower(), v) for k, v in r.getheaders()), r.read()


def get_text(url, **kw):
    status, _, body = request(url, **kw)
    if status != 200:
        raise ValueError(f"{url}: {status} {body[:300]!r}")
    return body.decode()


def get_json(url, **kw):
    return json.loads(get_text(url, **kw))


class Hit:
    """One request that a receiver got, and what it answered."""

    def __init__(self, method, path, headers, body):
        self.at, self.method, self.path, self.headers, self.body = \
            time.time(), method, path, headers, body
        self.status = None

    @property
    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)


class Server:
    """An HTTP server whose answers come from a function (hit) -> status | (status, headers, body)."""

    def __init__(self, answer=None, port=None, context=None):
        self.answer, self.port, self.context = answer or (lambda hit: 200), port or free_port(), context
        self.hits, self.cond = [], threading.Condition()
        self.httpd = None
        self.up()

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    def up(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def any(self):
                if outer.httpd is not self.server:  # down: do not serve on kept connections
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                hit = Hit(self.command, self.path, self.headers.items(), body)
                got = outer.answer(hit)
                status, headers, text = got if isinstance(got, tuple) else (got, {}, "")
                text = text.encode() if isinstance(text, str) else text
                hit.status = status
                with outer.cond:
                    outer.hits.append(hit)
                    outer.cond.notify_all()
                if status is None:  # hang up without a word
                    self.close_connection = True
                    return
                self.send_response(status)
                for k, v in headers.items():
                    self.send_header(k, v)
                if status != 204:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = any

        class Httpd(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64
            allow_reuse_address = True

            def handle_error(self, *args):
                pass

        self.httpd = Httpd(("127.0.0.1", self.port), Handler)
        if self.context:
            self.httpd.socket = self.context.wrap_socket(self.httpd.socket, server_side=True)
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()

    def down(self):
        h, self.httpd = self.httpd, None
        h.shutdown()
        h.server_close()

    def wait(self, what, predicate, timeout=30):
        """The first hit for which predicate holds; those that are not JSON do not count."""
        end = time.monotonic() + timeout

        def find():
            for h in self.hits:
                try:
                    if predicate(h):
                        return h
                except (ValueError, KeyError):
                    pass
            return None

        with self.cond:
            while True:
                h = find()
                if h:
                    return h
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"not within {timeout} s: {what}; got {self.summary()}")
                self.cond.wait(left)

    def summary(self):
        return [f"{h.method} {h.path} -> {h.status} {h.body[:120]!r}" for h in self.hits[-5:]] or "nothing"


def is_page(status, name=None):
    """A predicate of hits: Alertmanager's webhook body with such an alert, accepted."""
    def holds(h):
        return h.status and h.status < 300 and any(
            a["status"] == status and name in (None, a["labels"]["alertname"]) for a in h.json["alerts"])
    return holds


def pages(server, name=None):
    """What has arrived, as a text: F and R for each accepted delivery that fires or resolves."""
    return "".join("F" if is_page("firing", name)(h) else "R" for h in list(server.hits)
                   if is_page("firing", name)(h) or is_page("resolved", name)(h))


class Target:
    """What Prometheus scrapes: gauges that the story sets, and it can go away."""

    def __init__(self, **gauges):
        self.gauges = gauges
        self.server = Server(self.metrics)

    def metrics(self, _hit):
        text = "".join(f"# TYPE {k} gauge\n{k} {v}\n" for k, v in self.gauges.items())
        return 200, {"Content-Type": "text/plain; version=0.0.4"}, text

    @property
    def address(self):
        return f"127.0.0.1:{self.server.port}"

    def set(self, **gauges):
        self.gauges.update(gauges)


# ---- Prometheus and its family ------------------------------------------------------------------

def tool(name, file=None):
    """The path of Debian's program (or of a file of its package): see scripts/prometheus.sh."""
    argv = [os.path.join(ROOT, "scripts", "prometheus.sh"), os.path.join(OUT, "debian"), name]
    r = subprocess.run(argv + ([file] if file else []), capture_output=True, text=True)
    if r.returncode != 0:
        raise Skip(r.stderr.strip().replace("\n", "; ") or f"no {name}")
    return r.stdout.strip()


class Daemon:
    """A program that serves HTTP and has a path that answers 200 when it is ready."""

    def __init__(self, argv, directory, name, port, ready):
        self.url = f"http://127.0.0.1:{port}"
        self.ready_path = ready
        self.proc = Proc(argv, os.path.join(directory, name + ".log"))
        self.wait_ready()

    def wait_ready(self):
        eventually(f"{self.url}{self.ready_path} answers",
                   lambda: self.proc.must_run() and get_text(self.url + self.ready_path), 30)
        return self

    def kill(self, sig=signal.SIGKILL):
        return self.proc.kill(sig)

    def restart(self):
        self.proc.start()
        return self.wait_ready()


class Prometheus(Daemon):
    """scrape: {job: [targets]}, or {job: ([targets], {label: value})}; config: other keys of its file"""

    def __init__(self, directory, scrape, interval="1s", extra=(), lookback=None, config=None):
        jobs = []
        for job, t in scrape.items():
            addresses, labels = t if isinstance(t, tuple) else (t, {})
            jobs.append({"job_name": job, "static_configs": [{"targets": addresses, "labels": labels}]})
        config = {"global": {"scrape_interval": interval, "scrape_timeout": interval},
                  "scrape_configs": jobs, **(config or {})}
        port = free_port()
        home = os.path.join(directory, "prometheus")
        path = write(os.path.join(home, "prometheus.yml"), json.dumps(config, indent=1))
        super().__init__(
            [tool("prometheus"), f"--config.file={path}", f"--storage.tsdb.path={home}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn", *extra],
            directory, "prometheus", port, "/-/ready")
        self.n_targets = sum(len(j["static_configs"][0]["targets"]) for j in jobs)

    def wait_scraped(self, timeout=30):
        """It looks at its list of targets only every five seconds."""
        eventually("Prometheus scrapes every target",
                   lambda: float(self.query("count(up)")[0]["value"][1]) == self.n_targets, timeout)
        return self

    def query(self, expr, at=None):
        q = urllib.parse.urlencode({"query": expr, **({"time": at} if at else {})})
        return get_json(f"{self.url}/api/v1/query?{q}")["data"]["result"]


# ---- rouse --------------------------------------------------------------------------------------

def run_rouse(*argv, timeout=20, input=None, env=None):
    """status, stdout, stderr of a command that ends by itself"""
    r = subprocess.run([ROUSE, *argv], capture_output=True, timeout=timeout, input=input,
                       env={**os.environ, **(env or {})}, errors="replace", text=True)
    return r.returncode, r.stdout, r.stderr


class Rouse:
    """The daemon, with a configuration (a dictionary or a text) or with flags alone."""

    def __init__(self, directory, config=None, flags=(), env=None, wait=True, ready=True,
                 wrap=()):
        self.directory = directory
        self.path = os.path.join(directory, "rouse.yml")
        argv = [*wrap, ROUSE, "run", f"--storage.path={directory}/data"]
        if config is not None:
            self.configure(config)
            argv.append(f"--config.file={self.path}")
        if not any(f.startswith("--web.listen-address") for f in flags):
            argv.append("--web.listen-address=127.0.0.1:0")
        self.url = None
        self.proc = Proc([*argv, *flags], os.path.join(directory, "rouse.log"), env)
        if wait:
            self.wait(ready)

    def configure(self, config):
        text = config if isinstance(config, str) else json.dumps(config, indent=1)
        write(self.path, text)

    def address(self):
        self.proc.must_run()
        m = re.search(r'msg="?Listening"? address=(\S+) tls=(\w+)', self.proc.text())
        if m:
            self.url = ("https://" if m[2] == "true" else "http://") + m[1]
        return m

    def wait(self, ready=True):
        eventually("rouse logs where it listens", self.address, 10, 0.01)
        if ready:
            eventually("rouse is ready", lambda: self.proc.must_run() and self.get("/-/ready"), 20, 0.02)
        return self

    def get(self, path, **kw):
        return get_text(self.url + path, **kw)

    def json(self, path, **kw):
        return get_json(self.url + path, **kw)

    def alerts(self, name=None):
        return [a for a in self.json("/api/v1/alerts")["data"]["alerts"]
                if name in (None, a["labels"]["alertname"])]

    def state(self, name):
        return next((a["state"] for a in self.alerts(name)), None)

    def wait_state(self, name, state, timeout=20):
        eventually(f"{name} is {state}", lambda: self.state(name) == state, timeout)

    def deliveries(self, status=None):
        return [d for d in self.json("/api/rouse/v1/deliveries")["data"]["deliveries"]
                if status in (None, d["status"].lower())]

    def log(self, whole=False):
        return self.proc.text(whole)

    def kill(self, sig=signal.SIGKILL):
        return self.proc.kill(sig)

    def restart(self, ready=True):
        self.proc.start()
        return self.wait(ready)

    def stop(self):
        """A clean end: exit status 0 within five seconds."""
        self.proc.must_run()
        t = time.monotonic()
        status = self.proc.kill(signal.SIGTERM)
        took = time.monotonic() - t
        assert status == 0, f"SIGTERM: exit status {status}\n" + self.log()[-2000:]
        assert took < 5, f"SIGTERM: took {took:.1f} s"


def rule_file(directory, *rules, interval="1s", name="rules.yml", group="g"):
    """A rule file with one group; rules are dictionaries."""
    text = json.dumps({"groups": [{"name": group, "interval": interval, "rules": list(rules)}]}, indent=1)
    return write(os.path.join(directory, name), text)


def alert(name, expr, hold=None, labels=None, **annotations):
    r = {"alert": name, "expr": expr, "labels": labels or {"severity": "page"}, "annotations": annotations}
    if hold:
        r["for"] = hold
    return r


def paging(prometheus_url, receiver, rules="rules.yml", wait="100ms", interval="1s", repeat="4h",
           more_prometheus=None, **more):
    """A configuration with one receiver, quick."""
    if isinstance(receiver, str):
        receiver = {"webhook_configs": [{"url": receiver}]}
    return {
        "prometheus": {"url": prometheus_url, "evaluation_interval": "1s", **(more_prometheus or {})},
        "rule_files": [rules],
        "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": wait,
                  "group_interval": interval, "repeat_interval": repeat},
        "receivers": [{"name": "team", **receiver}],
        **more,
    }


# ---- stories ------------------------------------------------------------------------------------

_stories = []


def story(f):
    _stories.append(f)
    return f


class Result:
    def __init__(self, f):
        self.f, self.end, self.text = f, None, ""
        self.name = f.__name__
        self.began = time.monotonic()

    def run(self, directory):
        try:
            self.f(directory)
            self.end = "passed"
        except Skip as e:
            self.end, self.text = "skipped", str(e)
        except AssertionError as e:
            place = traceback.extract_tb(e.__traceback__)[1 if len(traceback.extract_tb(e.__traceback__)) > 1 else 0]
            self.end, self.text = "FAILED", f"line {place.lineno}: {e or place.line}"
        except Exception:
            self.end, self.text = "FAILED", traceback.format_exc()
        self.took = time.monotonic() - self.began


# What no log of rouse may hold, whatever happens.
TROUBLE = re.compile(r"CHECK|AddressSanitizer|LeakSanitizer|runtime error:|Segmentation|Assertion")


def look_at_log(result, directory):
    for base, _, names in os.walk(directory):
        for n in names:
            if n != "rouse.log":
                continue
            with open(os.path.join(base, n), errors="replace") as f:
                text = f.read()
            if TROUBLE.search(text) and result.end != "FAILED":
                result.end, result.text = "FAILED", f"{base}/{n} speaks of trouble"
            if result.end == "FAILED":
                result.text += f"\n  last lines of {base}/{n}:\n" + "\n".join("    " + l for l in text.splitlines()[-8:])


def main(at_once=8):
    signal.signal(signal.SIGTERM, _terminated)
    signal.signal(signal.SIGINT, _terminated)
    chosen = [f for f in _stories if not sys.argv[1:] or f.__name__ in sys.argv[1:]]
    name = os.path.basename(sys.argv[0]).rsplit(".", 1)[0]
    gate, results, threads = threading.Semaphore(at_once), [], []
    counts = dict(passed=0, FAILED=0, skipped=0)

    def tell(f):
        with gate:
            r = Result(f)
            directory = folder(f"{name}-{f.__name__}")
            r.run(directory)
            look_at_log(r, directory)
            if r.end == "FAILED":
                r.text += f"\n  everything is in {directory}"
            else:
                shutil.rmtree(directory, ignore_errors=True)
            results.append(r)
            counts[r.end] += 1
            print(f"{r.end:8} {r.name:40} {r.took:5.1f} s  {r.text}", flush=True)

    if not os.path.exists(ROUSE):
        print(f"there is no {ROUSE}: build it, or set ROUSE")
        sys.exit(1)
    for f in chosen:
        threads.append(threading.Thread(target=tell, args=(f,), daemon=True))
        threads[-1].start()
    for t in threads:
        t.join()
    kill_all()
    print(f"{counts['passed']} passed, {counts['FAILED']} failed, {counts['skipped']} skipped", flush=True)
    sys.exit(1 if counts["FAILED"] else 0)
