#!/usr/bin/python3 -B
"""The services that page and chat, played by servers that answer as their documentation says."""
import base64, socket, threading
import urllib.parse
from stage import *

JSON = {"Content-Type": "application/json"}
SECRET = "s3cr&t/<key>"  # what has to be encoded differently in a path, a query, JSON and a header


def reply(body, status=200, headers=JSON):
    return status, headers, json.dumps(body)


class Town:
    """rouse with one receiver; alerts are posted to it."""

    def __init__(self, d, answer, args=(), **kinds):
        self.server = Server(answer)
        self.secret = os.path.join(d, "secret")
        write(self.secret, SECRET + "\n")
        url = self.server.url

        def filled(x):
            if isinstance(x, dict):
                return {k: filled(v) for k, v in x.items()}
            if isinstance(x, list):
                return [filled(v) for v in x]
            return x.replace("URL", url).replace("SECRET", self.secret) if isinstance(x, str) else x

        self.rouse = Rouse(d, {
            "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s"},
            "receivers": [{"name": "team", **{k + "_configs": [filled(v)] for k, v in kinds.items()}}]}, flags=args)

    def alert(self, **more):
        status, _, text = request(self.rouse.url + "/api/v2/alerts", "POST", json.dumps(
            [{"labels": {"alertname": "Fire", "team": "db <!channel> @all"}, "annotations": {"summary": "it burns"}, **more}]), JSON)
        assert status == 200, text

    def end_alert(self):
        self.alert(endsAt="2026-01-01T00:00:00Z", startsAt="2025-12-31T00:00:00Z")

    def hits(self, path):
        return [h for h in self.server.hits if h.path.startswith(path)]

    def sent(self, n):
        eventually(f"{n} sent", lambda: len(self.rouse.deliveries("sent")) == n)

    def end(self):
        self.rouse.stop()
        text = self.rouse.log(True)
        assert SECRET not in text and urllib.parse.quote(SECRET, safe="") not in text, "the log tells a secret"


@story
def secrets_in_files(d):
    """Each kind puts the file's text where it belongs, encoded for the place."""
    def answer(hit):
        if "gettoken" in hit.path:
            return reply({"errcode": 0, "access_token": "TOK"})
        return reply({"ok": True, "success": True, "errcode": 0, "channel": "C", "ts": "1"})

    t = Town(d, answer,
             slack={"app_token_file": "SECRET", "app_url": "URL/slack/chat.postMessage", "channel": "C", "send_resolved": True},
             telegram={"api_url": "URL/telegram", "bot_token_file": "SECRET", "chat_id_file": "SECRET"},
             pagerduty={"url": "URL/pagerduty", "routing_key_file": "SECRET"},
             opsgenie={"api_url": "URL/opsgenie", "api_key_file": "SECRET"},
             victorops={"api_url": "URL/victorops/", "api_key_file": "SECRET", "routing_key": "a/b"},
             rocketchat={"api_url": "URL/rocketchat", "token_file": "SECRET", "token_id": "id", "channel": "#x", "text": "@all {{ .CommonLabels.team }}"},
             wechat={"api_url": "URL/wechat", "api_secret_file": "SECRET", "corp_id": "c", "to_user": "@all"},
             incidentio={"url": "URL/incidentio", "alert_source_token_file": "SECRET"},
             mattermost={"webhook_url": "URL/mattermost"},
             msteams={"webhook_url": "URL/msteams"}, msteamsv2={"webhook_url": "URL/msteamsv2"})
    t.alert()
    t.sent(11)
    path, query = urllib.parse.quote(SECRET, safe="&"), urllib.parse.quote_plus(SECRET)
    hit, = t.hits("/slack/")
    assert hit.header("authorization") == "Bearer " + SECRET, hit.headers
    hit, = t.hits("/telegram/")
    assert hit.path == f"/telegram/bot{path}/sendMessage" and hit.json["chat_id"] == SECRET, (hit.path, hit.json)
    hit, = t.hits("/pagerduty")
    assert hit.json["routing_key"] == SECRET and hit.json["payload"]["custom_details"]["num_firing"] == 1
    hit, = t.hits("/opsgenie/")
    assert hit.header("authorization") == "GenieKey " + SECRET
    hit, = t.hits("/victorops/")
    assert hit.path == f"/victorops/{path}/a%2Fb", hit.path
    hit, = t.hits("/rocketchat/")
    assert hit.header("x-auth-token") == SECRET and hit.header("x-user-id") == "id"
    assert hit.json["attachments"][0]["text"].startswith("@all db <!channel> @\u200ball"), "a label pings, or the template does not"
    token, send = t.hits("/wechat/")
    assert token.path.endswith("corpsecret=" + query) and send.path.endswith("access_token=TOK")
    hit, = t.hits("/incidentio")
    assert hit.header("authorization") == "Bearer " + SECRET and hit.json["version"] == "1"
    hit, = t.hits("/slack/")
    assert "<!channel>" not in hit.body.decode(), hit.body
    t.end()


@story
def telegram_limits_and_edits(d):
    """Telegram's own retry_after is obeyed; the message is edited; one that is gone is sent anew."""
    plan = [(429, {"ok": False, "description": "Too Many Requests: retry after 1", "parameters": {"retry_after": 1}}),
            (200, {"ok": True, "result": {"message_id": 7}}),
            (400, {"ok": False, "description": "Bad Request: message to edit not found"}),
            (200, {"ok": True, "result": {"message_id": 8}})]
    t = Town(d, lambda hit: reply(plan[len(t.server.hits)][1], plan[len(t.server.hits)][0]),
             telegram={"api_url": "URL", "bot_token": "1:t", "chat_id": 5, "update_message": True})
    t.alert()
    t.sent(1)
    first, second = t.server.hits
    assert 1 <= second.at - first.at < 5, second.at - first.at
    t.end_alert()
    t.sent(2)
    edit, anew = t.server.hits[2:]
    assert edit.path.endswith("/editMessageText") and edit.json["message_id"] == "7", edit.path
    assert anew.path.endswith("/sendMessage") and "Resolved" in anew.json["text"]
    t.end()


@story
def refusals_in_a_success(d):
    """Slack says 200 and ok: false. A limit is waited for, a channel that is gone is told."""
    plan = [{"ok": False, "error": "ratelimited"}, {"ok": False, "error": "channel_not_found"}]
    t = Town(d, lambda hit: reply(plan[min(len(t.server.hits), 1)]),
             slack={"api_url": "URL/chat.postMessage", "channel": "#gone"})
    t.alert()
    dead, = eventually("one is given up", lambda: t.rouse.deliveries("dead"))
    assert len(t.server.hits) == 2 and "channel_not_found" in dead["error"], dead
    t.end()


@story
def token_that_runs_out(d):
    """WeCom's token is fetched once, and again when WeCom says that it is over."""
    state = {"tokens": 0, "over": False}

    def answer(hit):
        if "gettoken" in hit.path:
            state["tokens"] += 1
            return reply({"errcode": 0, "access_token": f"T{state['tokens']}"})
        if state["over"]:
            state["over"] = False
            return reply({"errcode": 42001, "errmsg": "access_token expired"})
        return reply({"errcode": 0})

    t = Town(d, answer, wechat={"api_url": "URL", "api_secret": "s", "corp_id": "c", "to_user": "@all", "send_resolved": True})
    t.alert()
    t.sent(1)
    state["over"] = True
    t.end_alert()
    t.sent(2)
    tokens = [h.path.rpartition("=")[2] for h in t.hits("/message/send")]
    assert tokens == ["T1", "T1", "T2"], tokens
    t.end()


@story
def an_issue_and_its_end(d):
    """Jira: the issue is found again, changed, and moved to its end by name."""
    issues = []

    def answer(hit):
        if hit.path.endswith("/search"):
            return reply({"issues": issues})
        if hit.path.endswith("/transitions") and hit.method == "GET":
            return reply({"transitions": [{"id": "3", "name": "Start"}, {"id": "5", "name": "Done"}]})
        if hit.method == "POST" and hit.path.endswith("/issue"):
            issues.append({"key": "OPS-9", "fields": {"status": {"statusCategory": {"key": "new"}}}})
            return reply({"key": "OPS-9"}, 201)
        return 204, {}, ""

    t = Town(d, answer, jira={"api_url": "URL/rest/api/2", "project": "OPS", "issue_type": "Bug", "resolve_transition": "Done"})
    t.alert()
    t.sent(1)
    t.end_alert()
    t.sent(2)
    did = [(h.method, h.path.partition("/api/2/")[2]) for h in t.server.hits]
    assert did == [("POST", "search"), ("POST", "issue"), ("POST", "search"), ("PUT", "issue/OPS-9"),
                   ("GET", "issue/OPS-9/transitions"), ("POST", "issue/OPS-9/transitions")], did
    assert t.server.hits[-1].json == {"transition": {"id": "5"}}
    t.end()


@story
def more_services(d):
    """The receivers that Alertmanager does not have: credentials, addresses, edits, one command."""
    def answer(hit):
        if hit.path.startswith("/ntfy"):
            return reply({"id": "m1", "event": "message"})
        if "/_matrix/" in hit.path:
            return reply({"event_id": "$e1"})
        if hit.path.startswith("/zulip"):
            return reply({"result": "success", "id": 42})
        if hit.path.startswith("/twilio"):
            return reply({"sid": "SM1", "status": "queued", "error_code": None}, 201)
        if hit.path.startswith("/signal"):
            return reply({"timestamp": "1700"}, 201)
        if hit.path.startswith("/sms"):
            return reply({"messages": [{"status": "0"}]})
        return reply({})

    out = os.path.join(d, "said")
    script = os.path.join(d, "page.sh")
    write(script, f'#!/bin/sh\ncat >> {out}\necho "$1" >> {out}\n')
    os.chmod(script, 0o755)
    edit = {"update_message": True}
    t = Town(d, answer, args=["--receivers.allow-exec"],
             ntfy={"url": "URL/ntfy", "topic": "ops", "token_file": "SECRET", **edit},
             gotify={"url": "URL/gotify", "token_file": "SECRET"},
             matrix={"homeserver_url": "URL", "room_id": "!a:m", "access_token_file": "SECRET", **edit},
             googlechat={"webhook_url": "URL/googlechat?key=K"},
             zulip={"url": "URL/zulip", "email": "b@z", "api_key_file": "SECRET", "stream": "ops", **edit},
             twilio={"api_url": "URL/twilio", "account_sid": "AC1", "auth_token_file": "SECRET", "to": "+1", "from": "+2", "send_resolved": True},
             signal={"url": "URL/signal", "number": "+1", "recipients": ["+2"], **edit},
             sms={"url": "URL/sms", "form": {"to": "+1", "text": '{{ template "rouse.short" . }}'}, "headers": {"X-Key": "{{ .Status }}"},
                  "success": {"pointer": "/messages/0/status", "value": "0"}, "send_resolved": True},
             exec={"command": [script, "{{ .CommonLabels.team }}; rm -rf /nowhere"]})
    t.alert()
    t.sent(9)
    basic = lambda user: "Basic " + base64.b64encode(f"{user}:{SECRET}".encode()).decode()
    assert t.hits("/ntfy")[0].header("authorization") == "Bearer " + SECRET
    assert t.hits("/gotify/message")[0].header("x-gotify-key") == SECRET
    assert t.hits("/_matrix/")[0].header("authorization") == "Bearer " + SECRET
    chat = t.hits("/googlechat")[0]
    assert chat.path == "/googlechat?key=K&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD" and chat.json["thread"]["threadKey"], chat.path
    assert t.hits("/zulip/api/v1/messages")[0].header("authorization") == basic("b@z")
    assert t.hits("/twilio/2010-04-01/Accounts/AC1/Messages.json")[0].header("authorization") == basic("AC1")
    assert t.hits("/sms")[0].header("x-key") == "firing"
    said = open(out).read()
    assert '"status":"firing"' in said and said.endswith("db <!channel> @all; rm -rf /nowhere\n"), said
    t.end_alert()
    t.sent(18)
    assert t.hits("/ntfy")[1].json["sequence_id"] == "m1"
    assert t.hits("/_matrix/")[1].json["m.relates_to"]["event_id"] == "$e1"
    assert (t.hits("/zulip/")[1].method, t.hits("/zulip/")[1].path) == ("PATCH", "/zulip/api/v1/messages/42")
    assert t.hits("/signal/v2/send")[1].json["edit_timestamp"] == 1700
    t.end()


class Irc:
    """A server for one client at a time: takes a nick, asks for a PING, knows #ops and not #gone."""

    def __init__(self, password=None):
        self.password, self.lines = password, []
        self.s = socket.create_server(("127.0.0.1", 0))
        self.url = f"irc://127.0.0.1:{self.s.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            c, _ = self.s.accept()
            f = c.makefile("rwb")
            try:
                self.talk(f)
            except (OSError, ValueError):
                pass
            c.close()

    def talk(self, f):
        def say(text):
            f.write(f":irc.test {text}\r\n".encode())
            f.flush()

        nick = None
        for line in f:
            line = line.decode().rstrip("\r\n")
            self.lines.append(line)
            word, _, rest = line.partition(" ")
            if word == "CAP" and rest.startswith("REQ"):
                say("CAP * ACK :sasl")
            elif word == "AUTHENTICATE":
                if rest == "PLAIN":
                    f.write(b"AUTHENTICATE +\r\n")
                    f.flush()
                else:
                    ok = base64.b64decode(rest) == f"\0bot\0{self.password}".encode()
                    say("903 * :ok" if ok else "904 * :SASL authentication failed")
            elif word == "NICK":
                if rest == "rouse":
                    say("433 * rouse :Nickname is already in use")
                else:
                    nick = rest
                    f.write(b"PING :12345\r\n")
                    f.flush()
            elif word == "PONG" and nick:
                say(f"001 {nick} :Welcome")
            elif word == "JOIN":
                say(f"366 {nick} {rest} :End" if rest == "#ops k3y" else f"473 {nick} {rest} :Cannot join channel (+i)")
            elif word == "PING":
                say(f"PONG irc.test {rest}")
            elif word == "QUIT":
                return


@story
def irc(d):
    """rouse comes, speaks line by line and leaves; a taken nick, a password, a channel that is closed."""
    server = Irc(SECRET)
    t = Town(d, lambda hit: reply({}),
             irc={"server": server.url, "channel": "#ops", "channel_key": "k3y", "sasl_username": "bot", "sasl_password_file": "SECRET",
                  "message": "{{ .Status }}: {{ .CommonLabels.team }}\r\nQUIT :me\n" + "é" * 300})
    t.alert()
    t.sent(1)
    said = [line for line in server.lines if line.startswith("PRIVMSG")]
    assert said[0] == "PRIVMSG #ops :firing: db <!channel> @all" and said[1] == "PRIVMSG #ops :QUIT :me", said
    assert "".join(line.removeprefix("PRIVMSG #ops :") for line in said[2:]) == "é" * 300 and len(said) == 4, said
    assert "NICK rouse_" in server.lines and server.lines[-1] == "QUIT :told", server.lines
    t.end()
    os.mkdir(os.path.join(d, "gone"))
    t = Town(os.path.join(d, "gone"), lambda hit: reply({}), irc={"server": server.url, "channel": "#gone"})
    t.alert()
    dead, = eventually("it is given up", lambda: t.rouse.deliveries("dead"))
    assert "473" in dead["error"] and "Cannot join" in dead["error"], dead
    t.end()


if __name__ == "__main__":
    main()
