#!/usr/bin/python3 -B
"""Passwords, bearer tokens and TLS: of rouse's own pages, and towards Prometheus and receivers."""
import base64, os, ssl, time, warnings
from stage import *

warnings.simplefilter("ignore")  # of old versions of TLS, which are tried on purpose
PASSWORD = "0pen-sesame"
BCRYPT = "$2b$06$OmOwLy9wEIinfEnb8KWGWuhGICqFj77lyDodTMTr.Np3PkJ5PIEwm"


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def trusting(ca):
    return ssl.create_default_context(cafile=ca)


class Town:
    def __init__(self, d, web=None, flags=(), **kw):
        self.flag, self.phone = Target(flag=0), Server()
        self.prometheus = Prometheus(d, {"x": [self.flag.address]}).wait_scraped()
        rule_file(d, alert("Flag", "max(flag) == 1"))
        if web is not None:
            flags = [*flags, "--web.config.file=" + write(f"{d}/web.yml", json.dumps(web))]
        self.rouse = Rouse(d, paging(self.prometheus.url, self.phone.url, **kw), flags, ready=False)


@story
def users(d):
    """basic_auth_users guard everything; a wrong password costs as long as a right one."""
    r = Town(d, {"basic_auth_users": {"anna": BCRYPT}}).rouse
    for path in ("/", "/metrics", "/api/v1/alerts", "/api/events", "/-/healthy", "/assets/app.js", "/nowhere"):
        status, headers, _ = request(r.url + path)
        assert status == 401 and headers["www-authenticate"].startswith("Basic"), (path, status)
    assert request(r.url + "/-/reload", "POST")[0] == 401
    for user, password in (("anna", "wrong"), ("ben", PASSWORD), ("", ""), ("anna", ""), ("anna", PASSWORD + "x")):
        assert request(r.url + "/", headers=basic(user, password))[0] == 401, user
    for header in ("Basic", "Basic !!!!", "Basic " + "A" * 8000, "Bearer x", "Basic " + base64.b64encode(b"anna").decode()):
        assert request(r.url + "/", headers={"Authorization": header})[0] in (400, 401, 431), header[:20]
    ok = basic("anna", PASSWORD)
    for path in ("/", "/metrics", "/api/v1/alerts", "/-/healthy"):
        assert request(r.url + path, headers=ok)[0] == 200, path
    assert request(r.url + "/-/reload", "POST", headers=ok)[0] == 200
    began = time.monotonic()
    for _ in range(50):
        assert request(r.url + "/", headers=ok)[0] == 200
    assert time.monotonic() - began < 2, "a password that was verified is not remembered"
    assert PASSWORD not in r.log() and BCRYPT not in r.log()
    r.stop()


@story
def roles(d):
    """Passwords say who it is, access: what they may; tokens have scopes, links need nothing; changes are written down."""
    phone = Server()
    web = write(f"{d}/web.yml", json.dumps({"basic_auth_users": {"anna": BCRYPT, "ben": BCRYPT}}))
    write(f"{d}/cron-token", "a token of the cron jobs\n")
    r = Rouse(d, {
        "heartbeats": {"in": {"backup": {"every": "1d"}}},
        "access": {"users": {"anna": "admin"}, "tokens": [{"name": "cron", "token_file": "cron-token", "scopes": ["pings"]}]},
        "oncall": {"people": {"alice": {"contacts": {"push": {"webhook": {"url": phone.url}}}}}, "policies": {"p": {"steps": [{"page": "person/alice"}]}}},
        "route": {"receiver": "team"}, "receivers": [{"name": "team", "oncall_configs": [{"policy": "p"}]}]},
        flags=["--web.config.file=" + web, f"--web.listen-address=127.0.0.1:{free_port()}"], ready=False)
    anna, ben, cron = basic("anna", PASSWORD), basic("ben", PASSWORD), {"Authorization": "Bearer a token of the cron jobs"}
    page = json.dumps({"policy": "p", "title": "slow"})
    text = {"Content-Type": "application/json"}
    incidents = r.url + "/api/rouse/v1/incidents"
    assert request(incidents, headers=ben)[0] == 200
    status, _, said = request(incidents, "POST", page, {**text, **ben})
    assert status == 403 and b'ben may not do this: it needs the permission "respond"' in said, (status, said)
    assert request(incidents, "POST", page, {**text, **cron})[0] == 403
    assert request(r.url + "/ping/backup", "POST", "", cron)[0] == 200
    assert request(r.url + "/ping/backup", "POST", "", {"Authorization": "Bearer a token of the cron job"})[0] == 401
    assert request(r.url + "/ping/backup", "POST", "")[0] == 401
    assert request(incidents, "POST", page, {**text, **anna})[0] == 200
    hit = phone.wait("alice's page", lambda h: "slow" in h.body.decode())
    token = re.search(r"/answer\?t=([\w.-]+)", hit.body.decode())[1]
    status, _, said = request(r.url + "/answer", "POST", f"t={token}".encode(), {"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 200 and b"Done" in said, (status, said)
    # A name in the header counts for nothing where no password was checked.
    status, _, said = request(r.url + "/api/rouse/v1/audit", headers=anna)
    entries = [(e["who"], e["what"]) for e in json.loads(said)["data"]["entries"]]
    assert entries == [("anna", "POST /api/rouse/v1/incidents")], entries
    r.kill()
    r.restart(ready=False) if "ready" in r.restart.__code__.co_varnames else r.restart()
    assert len(json.loads(request(r.url + "/api/rouse/v1/audit", headers=anna)[2])["data"]["entries"]) == 1
    assert request(r.url + "/api/rouse/v1/audit", headers=ben)[0] == 403
    r.stop()


@story
def tls(d):
    """Pages over TLS; the certificate is taken anew when it changes; plain HTTP gets nothing."""
    ca, crt, key = certificate(d)
    t = Town(d, {"tls_server_config": {"cert_file": crt, "key_file": key}, "basic_auth_users": {"anna": BCRYPT}})
    r, ok = t.rouse, basic("anna", PASSWORD)
    assert r.url.startswith("https://"), r.url
    assert request(r.url + "/", headers=ok, context=trusting(ca))[0] == 200
    assert request(r.url + "/", context=trusting(ca))[0] == 401
    try:
        request(r.url.replace("https", "http") + "/-/healthy", timeout=5)
        raise AssertionError("plain HTTP got an answer")
    except (OSError, http.client.HTTPException):
        pass
    old = trusting(ca)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        request(r.url + "/", headers=ok, context=old, timeout=5)
        raise AssertionError("TLS 1.1 is spoken")
    except (OSError, ValueError, http.client.HTTPException):
        pass
    certificate(d)  # the same files, another authority

    def renewed():
        try:
            return request(r.url + "/", headers=ok, context=trusting(ca))[0] == 200
        except ssl.SSLError:
            return False

    eventually("the new certificate is served", renewed, 10)
    # A stalled handshake costs nobody else, and no time of the processor.
    with socket.create_connection(("127.0.0.1", int(r.url.rsplit(":", 1)[1]))) as s:
        s.send(b"\x16\x03\x01")
        before = cpu(r.proc.p.pid)
        time.sleep(2)
        assert request(r.url + "/", headers=ok, context=trusting(ca))[0] == 200
        assert cpu(r.proc.p.pid) - before < 0.3, "a stalled handshake keeps the processor busy"
    r.stop()


def cpu(pid):
    with open(f"/proc/{pid}/stat") as f:
        s = f.read().rpartition(")")[2].split()
    return (int(s[11]) + int(s[12])) / os.sysconf("SC_CLK_TCK")


@story
def clients_with_certificates(d):
    ca, crt, key = certificate(d)
    t = Town(d, {"tls_server_config": {"cert_file": crt, "key_file": key, "client_ca_file": ca,
                                       "client_auth_type": "RequireAndVerifyClientCert"}})
    mine = trusting(ca)
    mine.load_cert_chain(crt, key)
    assert request(t.rouse.url + "/-/healthy", context=mine)[0] == 200
    try:
        status = request(t.rouse.url + "/-/healthy", context=trusting(ca), timeout=5)[0]
        assert status == 403, f"a client without a certificate got {status}"
    except (OSError, http.client.HTTPException):
        pass
    t.rouse.stop()


@story
def own_headers(d):
    t = Town(d, {"http_server_config": {"headers": {"X-Frame-Options": "deny",
                                                    "Strict-Transport-Security": "max-age=3600"}}})
    headers = request(t.rouse.url + "/")[1]
    assert headers["x-frame-options"] == "deny" and headers["strict-transport-security"] == "max-age=3600", headers
    t.rouse.stop()


class Guard:
    """In front of a Prometheus: lets through what `allow` likes, 401 else."""

    def __init__(self, url, allow, context=None):
        self.url_behind, self.allow, self.refused = url, allow, 0
        self.server = Server(self.answer, context=context)

    def answer(self, hit):
        if not self.allow({k.lower(): v for k, v in hit.headers}):
            self.refused += 1
            return 401, {"WWW-Authenticate": "Basic"}, "no"
        keep = {k: v for k, v in hit.headers if k.lower() in ("content-type", "accept", "accept-encoding")}
        status, headers, body = request(self.url_behind + hit.path, hit.method, hit.body, keep)
        return status, {"Content-Type": headers.get("content-type", "text/plain")}, body


def guarded(d, allow, http_more, tls=False, prometheus_more=None, secret=None):
    """A page must arrive through the guard, and no secret is shown."""
    flag, phone = Target(flag=1), Server()
    prometheus = Prometheus(d, {"x": [flag.address]}).wait_scraped()
    context, more = None, dict(prometheus_more or {})
    if tls:
        ca, crt, key = certificate(d)
        context = tls_context(crt, key)
        http_more = http_more | {"tls_config": {"ca_file": ca}}
    g = Guard(prometheus.url, allow, context)
    if http_more:
        more["http_config"] = http_more
    rule_file(d, alert("Flag", "max(flag) == 1"))
    r = Rouse(d, paging(g.server.url.replace("127.0.0.1", "localhost"), phone.url, more_prometheus=more))
    phone.wait("a page", is_page("firing", "Flag"))
    assert g.refused == 0, "something was asked without the credentials"
    if secret:
        shown = r.get("/") + r.log() + r.get("/metrics") + r.get("/api/v1/status/config") + r.get("/api/rouse/v1/status")
        assert secret not in shown, "the secret is shown"
    r.stop()


@story
def prometheus_basic(d):
    write(f"{d}/pw", "s3cret-pw\n")
    guarded(d, lambda h: h.get("authorization") == basic("rouse", "s3cret-pw")["Authorization"],
            {"basic_auth": {"username": "rouse", "password_file": "pw"}}, secret="s3cret-pw")


@story
def prometheus_bearer_over_tls(d):
    guarded(d, lambda h: h.get("authorization") == "Bearer t0ken-xyz",
            {"authorization": {"credentials": "t0ken-xyz"}}, tls=True, secret="t0ken-xyz")


@story
def prometheus_headers(d):
    """Both ways to say it: the section's own headers, and http_config's http_headers."""
    guarded(d, lambda h: h.get("x-scope-orgid") == "team-a" and h.get("x-other") == "b",
            {"http_headers": {"X-Other": {"values": ["b"]}}}, prometheus_more={"headers": {"X-Scope-OrgID": "team-a"}})


@story
def prometheus_wrong_password(d):
    """Said where people look, without the password; right again after a reload."""
    flag, phone = Target(flag=1), Server()
    prometheus = Prometheus(d, {"x": [flag.address]}).wait_scraped()
    g = Guard(prometheus.url, lambda h: h.get("authorization") == basic("rouse", "right")["Authorization"])
    rule_file(d, alert("Flag", "max(flag) == 1"))
    write(f"{d}/pw", "wr0ng-one")
    config = paging(g.server.url, phone.url, more_prometheus={
        "http_config": {"basic_auth": {"username": "rouse", "password_file": f"{d}/pw"}}})
    r = Rouse(d, config)
    rule = eventually("the rule is in error", lambda: [
        x for x in r.json("/api/v1/rules")["data"]["groups"][0]["rules"] if x["health"] == "err"])[0]
    assert "401" in rule["lastError"], rule
    assert "wr0ng-one" not in r.get("/") + r.log()
    write(f"{d}/pw", "right")  # no reload: a rotated secret is taken from its file
    phone.wait("a page", is_page("firing", "Flag"), 15)
    r.stop()


@story
def unknown_authority(d):
    """Prometheus's certificate is from nobody we know: not asked, and said so."""
    _, crt, key = certificate(d)
    flag, phone = Target(flag=1), Server()
    prometheus = Prometheus(d, {"x": [flag.address]}).wait_scraped()
    g = Guard(prometheus.url, lambda h: True, tls_context(crt, key))
    rule_file(d, alert("Flag", "max(flag) == 1"))
    r = Rouse(d, paging(g.server.url, phone.url, more_prometheus={"blind_after": 1000}))
    rule = eventually("the rule is in error", lambda: [
        x for x in r.json("/api/v1/rules")["data"]["groups"][0]["rules"] if x["health"] == "err"])[0]
    assert "certificate" in rule["lastError"].lower(), rule
    assert not phone.hits
    r.stop()


@story
def receiver_with_credentials(d):
    """http_config of a receiver; user:password in its address is not shown."""
    want = basic("hook", "h00k-pass")["Authorization"]
    flag = Target(flag=1)
    phone = Server(lambda h: 200 if h.header("authorization") == want else 401)
    prometheus = Prometheus(d, {"x": [flag.address]}).wait_scraped()
    rule_file(d, alert("Flag", "max(flag) == 1"))
    r = Rouse(d, paging(prometheus.url, {"webhook_configs": [
        {"url": phone.url, "http_config": {"basic_auth": {"username": "hook", "password": "h00k-pass"}}},
        {"url": phone.url.replace("//", "//hook:h00k-pass@") + "/second"}]}))
    phone.wait("a page", lambda h: is_page("firing")(h) and h.path != "/second")
    phone.wait("a page by the other way", lambda h: is_page("firing")(h) and h.path == "/second")
    shown = r.get("/") + r.log() + r.get("/api/v1/status/config") + r.get("/metrics") + r.get("/api/rouse/v1/receivers")
    assert "h00k-pass" not in shown
    r.stop()


main(at_once=5)
