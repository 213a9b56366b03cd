#!/usr/bin/python3 -B
"""Pages by e-mail through a real SMTP server: STARTTLS, TLS from the first byte, passwords."""
import email, email.policy, logging, time, warnings
from stage import *

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword
except ImportError:
    Controller = None

logging.disable()  # the servers complain of the clients that the stories send
warnings.simplefilter("ignore")


class Mailbox:
    """aiosmtpd's handler: keeps what arrives; `answers` go first."""

    def __init__(self):
        self.messages, self.answers, self.logins, self.attempts = [], [], [], 0

    async def handle_DATA(self, server, session, envelope):
        self.attempts += 1
        if self.answers:
            return self.answers.pop(0)
        m = email.message_from_bytes(envelope.content, policy=email.policy.default)
        m.envelope, m.session_tls = envelope, session.ssl is not None or self.implicit
        m.raw, m.at = envelope.content, time.time()
        self.messages.append(m)
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, data):
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        self.logins.append((mechanism, data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"s3cret", handled=data.password == b"s3cret")


class MailServer:
    def __init__(self, d, implicit=False, tls=True, auth=True):
        if not Controller:
            raise Skip("python3-aiosmtpd is not installed")
        self.box = Mailbox()
        self.box.implicit = implicit
        self.port = free_port()
        self.ca, crt, key = certificate(d)
        context = tls_context(crt, key)
        kw = dict(hostname="127.0.0.1", port=self.port)
        if auth:
            kw.update(authenticator=self.box.authenticate, auth_required=True, auth_require_tls=tls and not implicit)
        if implicit:
            kw.update(ssl_context=context)
        elif tls:
            kw.update(tls_context=context, require_starttls=True)
        self.kw = kw
        self.start()

    def start(self):
        self.controller = Controller(self.box, **self.kw)
        self.controller.start()

    def stop(self):
        self.controller.stop()

    def wait(self, n=1, timeout=20):
        eventually(f"{n} message(s)", lambda: len(self.box.messages) >= n, timeout)
        return self.box.messages[n - 1]


class Town:
    def __init__(self, d, server, password="s3cret", global_more=None, **entry):
        self.flag, self.server = Target(flag=0), server
        self.prometheus = Prometheus(d, {"x": [self.flag.address]}).wait_scraped()
        rule_file(d, alert("DiskFull", "max(flag) == 1", summary="Only 1 % left on /srv – Ärger & <more>"))
        write(f"{d}/password", password + "\n")
        mail = {"smtp_smarthost": f"localhost:{server.port}", "smtp_from": "rouse@example.org",
                "smtp_auth_username": "rouse", "smtp_auth_password_file": f"{d}/password",
                "smtp_tls_config": {"ca_file": server.ca}, **(global_more or {})}
        receiver = {"email_configs": [{"to": "Anna <anna@example.org>, ben@example.org", "send_resolved": True,
                                        "text": '{{ template "email.default.text" . }}', **entry}]}
        self.rouse = Rouse(d, paging(self.prometheus.url, receiver, **{"global": mail}))
        self.flag.set(flag=1)


def check_message(m):
    assert m["Subject"] == "[FIRING:1] DiskFull (page)", m["Subject"]
    assert m["From"] == "rouse@example.org" and "anna@example.org" in m["To"] and "ben@example.org" in m["To"]
    assert m["Message-ID"] and m["Date"] and m["MIME-Version"] == "1.0"
    assert m.envelope.mail_from == "rouse@example.org"
    assert sorted(m.envelope.rcpt_tos) == ["anna@example.org", "ben@example.org"]
    parts = {p.get_content_type(): p.get_content() for p in m.walk() if not p.is_multipart()}
    assert m.get_content_type() == "multipart/alternative" and set(parts) == {"text/plain", "text/html"}, parts.keys()
    assert "Ärger & <more>" in parts["text/plain"], parts["text/plain"]
    assert "Ärger &amp; &lt;more&gt;" in parts["text/html"] and "<more>" not in parts["text/html"]
    assert all(len(l) <= 998 for l in m.raw.splitlines()) and b"\r\n" in m.raw
    assert max(m.raw) < 128, "the message has bytes beyond ASCII"


def page_and_end(town):
    m = town.server.wait(1)
    check_message(m)
    town.flag.set(flag=0)
    end = town.server.wait(2)
    assert end["Subject"] == "[RESOLVED] DiskFull (page)", end["Subject"]
    assert end["Message-ID"] != m["Message-ID"]
    eventually("both are SENT", lambda: len(town.rouse.deliveries("sent")) == 2, 5)
    town.rouse.stop()
    town.server.stop()
    return m


@story
def starttls(d):
    s = MailServer(d)
    m = page_and_end(Town(d, s))
    assert m.session_tls
    assert {l[1:] for l in s.box.logins} == {("rouse", "s3cret")}


@story
def implicit_tls(d):
    s = MailServer(d, implicit=True)
    page_and_end(Town(d, s, force_implicit_tls=True))
    assert {l[1:] for l in s.box.logins} == {("rouse", "s3cret")}


@story
def plain_relay(d):
    """A relay without TLS only where the configuration says so."""
    s = MailServer(d, tls=False, auth=False)
    t = Town(d, s, global_more={"smtp_auth_username": "", "smtp_auth_password_file": ""})
    eventually("the delivery fails", lambda: t.rouse.deliveries()[0]["error"])
    assert not s.box.messages, "a page went out without TLS although TLS is required"
    t.rouse.stop()
    t2 = Town(f"{d}/second", s, global_more={"smtp_require_tls": False, "smtp_auth_username": "",
                                             "smtp_auth_password_file": ""})
    page_and_end(t2)


@story
def unknown_authority(d):
    """A certificate that nobody vouches for: no password is given away, the page says why."""
    s = MailServer(d)
    t = Town(d, s, global_more={"smtp_tls_config": {}})
    why = eventually("the delivery fails", lambda: t.rouse.deliveries()[0]["error"])
    assert "certificate" in why.lower(), why
    assert not s.box.logins and not s.box.messages
    assert "ertificate" in t.rouse.get("/")
    t.rouse.stop()
    s.stop()


@story
def wrong_password(d):
    s = MailServer(d)
    t = Town(d, s, password="wr0ng-one")
    dead = eventually("the delivery is dead", lambda: t.rouse.deliveries("dead"), 15)[0]
    assert "535" in dead["error"] or "auth" in dead["error"].lower() or "password" in dead["error"].lower(), dead
    html = t.rouse.get("/")
    assert "DEAD" in html and not s.box.messages
    everything = html + t.rouse.log(True) + t.rouse.get("/api/v1/status/config") + t.rouse.get("/metrics")
    assert "wr0ng-one" not in everything, "the password is shown"
    t.rouse.stop()
    s.stop()


@story
def busy_server(d):
    """451 means later; 554 means never."""
    s = MailServer(d)
    s.box.answers = ["451 4.3.0 try again later", "421 4.3.2 going down"]
    t = Town(d, s)
    m = s.wait(1, 30)
    assert s.box.attempts >= 3, s.box.attempts
    check_message(m)
    s.box.answers = ["554 5.7.1 we do not like you"] * 3
    t.flag.set(flag=0)
    dead = eventually("the end is dead", lambda: t.rouse.deliveries("dead"), 15)[0]
    assert "554" in dead["error"] and "do not like you" in dead["error"], dead
    t.rouse.stop()
    s.stop()


@story
def server_away(d):
    """Nobody listens; rouse is killed meanwhile; the mail comes when the server does."""
    s = MailServer(d)
    s.stop()
    t = Town(d, s)
    eventually("it is tried", lambda: t.rouse.deliveries("retry"))
    t.rouse.kill()
    t.rouse.restart()
    s.start()
    check_message(s.wait(1, 40))
    t.rouse.stop()
    s.stop()


@story
def flags_alone(d):
    """--email through a relay on this machine."""
    s = MailServer(d, tls=False, auth=False)
    prometheus = Prometheus(d, {"x": [Target(flag=1).address]}).wait_scraped()
    rule_file(d, alert("DiskFull", "flag == 1"))
    r = Rouse(d, None, ["--prometheus", prometheus.url, "--rules", f"{d}/rules.yml", "--email", "anna@example.org",
                        "--smtp.smarthost", f"localhost:{s.port}", "--group-wait=0s"])
    assert s.wait()["To"] == "anna@example.org"
    r.stop()
    s.stop()


main(at_once=4)
