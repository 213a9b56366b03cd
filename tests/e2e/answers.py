#!/usr/bin/python3 -B
"""Pages are acknowledged where they arrive, without a public address: each service is played by a
server that answers as its documentation says."""
import email.utils, json, os, re, subprocess, time, urllib.parse
from stage import *

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def reply(body, status=200):
    return status, JSON, json.dumps(body)


class Service:
    """Messages are kept by id; `people` is who answers: {id: [(reaction, user)]}."""

    def __init__(self):
        self.sent, self.reactions, self.queue, self.told, self.seeded, self.cancelled = [], [], [], {}, "", False
        self.server = Server(self.answer)

    def message(self, i=-1):
        return eventually("a page", lambda: self.sent[i])


class House:
    """alice is reached by one kind of contact; bob is known, but not paged."""

    def __init__(self, d, service, contact, bob=None, **policy):
        self.service = service
        text = json.dumps(contact).replace("URL", service.server.url)
        kind, = contact
        self.rouse = Rouse(d, {
            "route": {"receiver": "team", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s"},
            "receivers": [{"name": "team", "oncall_configs": [{"policy": "backend"}]}],
            "oncall": {
                "people": {"alice": {"contacts": {"push": json.loads(text)}, **({"accounts": {kind: bob[0]}} if bob and bob[0] else {})},
                           "bob": {"accounts": {kind: bob[1]}} if bob else {}},
                "policies": {"backend": {"steps": [{"page": "person/alice"}], "repeat": "forever", "wait": "30s", **policy}}}},
            flags=[f"--web.listen-address=127.0.0.1:{free_port()}"])

    def alert(self, name="Down", over=False):
        body = [{"labels": {"alertname": name}, **({"endsAt": "2020-01-01T00:00:00Z", "startsAt": "2019-01-01T00:00:00Z"} if over else {})}]
        status, _, text = request(self.rouse.url + "/api/v2/alerts", "POST", json.dumps(body), JSON)
        assert status == 200, (status, text)

    def incident(self, n=1):
        return get_json(f"{self.rouse.url}/api/rouse/v1/incidents/{n}")["data"]

    def events(self, kind, n=1):
        return [e for e in self.incident(n)["timeline"] if e["kind"] == kind]

    def acked_by(self, who, n=1):
        eventually(f"#{n} is {who}'s", lambda: self.incident(n)["acknowledgedBy"] == who, 15)

    def verb(self, verb, n=1, **body):
        status, _, text = request(f"{self.rouse.url}/api/rouse/v1/incidents/{n}/{verb}", "POST", json.dumps({"by": "bob", **body}), JSON)
        assert status == 200, (status, text)


class Telegram(Service):
    def answer(self, hit):
        body = hit.json
        if hit.path.endswith("/sendMessage"):
            self.sent.append(body)
            self.newest = 100 + len(self.sent)
            return reply({"ok": True, "result": {"message_id": self.newest}})
        if hit.path.endswith("/editMessageText"):
            self.sent.append(body)
            return reply({"ok": True, "result": {"message_id": int(body["message_id"])}})
        if hit.path.endswith("/answerCallbackQuery"):
            self.told = body
            return reply({"ok": True, "result": True})
        assert hit.path == "/bot1:t/getUpdates", hit.path
        self.queue = [u for u in self.queue if u["update_id"] >= int(body.get("offset", 0))]
        if not self.queue:
            time.sleep(0.3)
        return reply({"ok": True, "result": self.queue})

    def press(self, n, data, user, name):
        self.queue.append({"update_id": n, "callback_query": {"id": f"q{n}", "from": {"id": user, "username": name}, "data": data}})

    def write(self, n, text, user, at, **more):
        self.queue.append({"update_id": n, "message": {"message_id": n, "date": int(at), "chat": {"id": user}, "from": {"id": user, "username": "al"}, "text": text, **more}})


@story
def telegram(d):
    """A button acknowledges, a stranger's does not; a stale one does not escalate; the end of it stands in the message."""
    s = Telegram()
    h = House(d, s, {"telegram": {"api_url": "URL", "bot_token": "1:t", "chat_id": "77"}}, bob=(None, "88"))
    h.alert()
    page = s.message()
    buttons = [b for row in page["reply_markup"]["inline_keyboard"] for b in row]
    ack = next(b["callback_data"] for b in buttons if b["text"] == "Acknowledge")
    escalate = next(b["callback_data"] for b in buttons if b["text"] == "Escalate")
    assert len(ack) <= 64 and "press a button" in page["text"], page
    s.press(1, ack, 99, "eve")
    eventually("the stranger is told", lambda: "only people" in s.told.get("text", ""))
    assert h.incident()["status"] == "triggered"
    s.press(2, ack, 77, "al")
    h.acked_by("alice")
    eventually("the button says so", lambda: s.told == {"callback_query_id": "q2", "text": "#1 is alice's"})
    edit = eventually("the message says whose it is", lambda: next(m for m in s.sent if "message_id" in m))
    assert "acknowledged by alice" in edit["text"] and "reply_markup" not in edit
    kinds = [(e["kind"], e["who"], e["text"]) for e in h.incident()["timeline"] if e["kind"] in ("answer", "acknowledged")]
    assert kinds == [("answer", "@eve", "a stranger: ack by telegram (1)"), ("answer", "alice", "ack by telegram (2)"),
                     ("acknowledged", "alice", "by telegram")], kinds
    # What was pressed before does not count for what comes after; words do.
    h.verb("unack")
    s.press(3, escalate.replace(":1:", ":1:9"), 88, "bo")
    eventually("a stale button does nothing", lambda: "has gone on" in s.told["text"])
    s.write(4, "looking good to me", 77, time.time())
    s.write(40, "the disk is full", 77, time.time(), reply_to_message={"message_id": s.newest})
    s.write(41, "I know nothing", 99, time.time(), reply_to_message={"message_id": s.newest})
    s.write(45, "ack", 77, time.time() - 3600)
    s.write(46, "Ack #1", 88, time.time())
    h.acked_by("bob")
    assert len(h.events("acknowledged")) == 2, h.incident()
    assert [(e["who"], e["text"]) for e in h.events("note")] == [("alice", "the disk is full")], h.events("note")
    h.rouse.stop()


class Discord(Service):
    def answer(self, hit):
        path = urllib.parse.unquote(hit.path)
        assert hit.header("authorization") == "Bot tok", hit.headers
        if path == "/users/@me/channels":
            return reply({"id": "500", "type": 1})
        if re.fullmatch(r"/channels/500/messages", path):
            self.sent.append(hit.json)
            return reply({"id": str(len(self.sent)), "channel_id": "500"})
        if hit.method == "PATCH":
            self.sent.append(hit.json)
            return reply({"id": "1"})
        if hit.method == "PUT":
            self.seeded = path
            return 204
        m = re.fullmatch(r"/channels/500/messages/(\d+)/reactions/(.+)\?limit=100", path)
        if m:
            return reply([{"id": u, "username": "name-" + u} for e, u in self.reactions if e == m[2]])
        assert re.fullmatch(r"/channels/500/messages/\d+", path), path
        signs = {e for e, _ in self.reactions} | {"✅"}
        return reply({"id": "1", "reactions": [
            {"emoji": {"id": None, "name": e}, "me": e == "✅", "count": (e == "✅") + len([1 for x, _ in self.reactions if x == e])} for e in signs]})


@story
def discord(d):
    """A bot's direct message with its ✅; reactions are asked about, and count once, also over a restart."""
    s = Discord()
    h = House(d, s, {"discord": {"api_url": "URL", "bot_token": "tok", "user_id": "77"}}, bob=(None, "88"))
    h.alert()
    assert "react with ✅" in json.dumps(s.message(), ensure_ascii=False)
    eventually("the first reaction is the bot's", lambda: s.seeded == "/channels/500/messages/1/reactions/✅/@me")
    s.reactions.append(("✅", "99"))
    eventually("the stranger is noted", lambda: h.events("answer")[0]["who"] == "name-99")
    s.reactions.append(("👀", "88"))
    eventually("bob looks", lambda: h.events("answer")[1]["text"].startswith("look by discord"))
    assert h.incident()["status"] == "triggered"
    s.reactions.append(("✅", "77"))
    h.acked_by("alice")
    h.verb("unack")
    h.rouse.kill()
    h.rouse.restart()
    n = len(s.server.hits)
    eventually("it is asked about again", lambda: len(s.server.hits) > n + 4)
    assert h.incident()["status"] == "triggered", "an old reaction acknowledged again"
    s.reactions.append(("🔇", "88"))
    eventually("snoozed", lambda: h.events("snoozed")[0]["who"] == "bob")
    h.rouse.stop()


class Slack(Service):
    def answer(self, hit):
        if hit.path.endswith("/chat.postMessage") or hit.path.endswith("/chat.update"):
            self.sent.append(hit.json)
            return reply({"ok": True, "channel": "D1", "ts": "100.1"})
        assert hit.path == "/api/reactions.get?full=true&channel=D1&timestamp=100.1", hit.path
        assert hit.header("authorization") == "Bearer xoxb", hit.headers
        return reply({"ok": True, "message": {"reactions": [{"name": n, "users": [u], "count": 1} for n, u in self.reactions]}})


@story
def slack(d):
    s = Slack()
    h = House(d, s, {"slack": {"app_url": "URL/api/chat.postMessage", "app_token": "xoxb", "channel": "U77"}}, bob=(None, "U88"))
    h.alert()
    s.message()
    s.reactions += [("tada", "U77"), ("white_check_mark", "U99"), ("thumbsup::skin-tone-3", "U77")]
    h.acked_by("alice")
    assert [e["who"] for e in h.events("answer")] == ["U99", "alice"], h.events("answer")
    h.rouse.stop()


class Pushover(Service):
    def answer(self, hit):
        if hit.path.startswith("/1/messages.json"):
            self.sent.append(dict(urllib.parse.parse_qsl(hit.path.split("?")[1])))
            return reply({"status": 1, "request": "r", "receipt": "rcpt1"})
        if hit.path == "/1/receipts/rcpt1/cancel.json?token=app":
            self.cancelled = True
            return reply({"status": 1})
        assert hit.path == "/1/receipts/rcpt1.json?token=app", hit.path
        return reply({"status": 1, "acknowledged": int(bool(self.reactions)), "acknowledged_by": "ukey" if self.reactions else "", "acknowledged_by_device": "phone"})


@story
def pushover(d):
    """The receipt tells of the acknowledgement on the phone; one from elsewhere makes the phone quiet."""
    s = Pushover()
    h = House(d, s, {"pushover": {"api_url": "URL", "token": "app", "user_key": "ukey"}})
    h.alert()
    assert s.message()["priority"] == "2"
    s.reactions.append("yes")
    h.acked_by("alice")
    eventually("the phone is told to be quiet", lambda: s.cancelled)
    h.rouse.stop()


class Ntfy(Service):
    def answer(self, hit):
        if hit.method == "POST":
            self.sent.append(hit.json)
            return reply({"id": f"m{len(self.sent)}", "event": "message"})
        assert re.fullmatch(r"/alice-acks/json\?poll=1&since=\w+", hit.path), hit.path
        since = hit.path.split("since=")[1]
        new = self.queue[int(since[1:]) + 1:] if since.startswith("a") else self.queue
        first = len(self.queue) - len(new)
        return 200, {}, "".join(json.dumps({"id": f"a{first + i}", "event": "message", "message": t}) + "\n" for i, t in enumerate(new))


@story
def ntfy(d):
    """The button posts a signed word to another topic; words that are not signed do nothing."""
    s = Ntfy()
    h = House(d, s, {"ntfy": {"url": "URL", "topic": "alice", "answer_topic": "alice-acks"}})
    h.alert()
    action, = s.message()["actions"]
    assert action["url"] == s.server.url + "/alice-acks" and action["method"] == "POST", action
    token = action["body"]
    s.queue += ["ack 1", token[:-3] + "AAA", "x" * 3000]
    time.sleep(6)
    assert h.incident()["status"] == "triggered"
    s.queue.append(token)
    h.acked_by("alice")
    h.rouse.stop()


class Matrix(Service):
    def answer(self, hit):
        path = urllib.parse.unquote(hit.path)
        if hit.method == "PUT":
            self.sent.append(hit.json)
            return reply({"event_id": "$e1"})
        assert path == "/_matrix/client/v1/rooms/!r:hs/relations/$e1/m.annotation/m.reaction", path
        return reply({"chunk": [{"sender": u, "content": {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$e1", "key": k}}} for k, u in self.reactions]})


@story
def matrix(d):
    s = Matrix()
    h = House(d, s, {"matrix": {"homeserver_url": "URL", "room_id": "!r:hs", "access_token": "t"}}, bob=("@alice:hs", "@bob:hs"))
    h.alert()
    s.message()
    s.reactions += [("👍", "@eve:hs"), ("✅️", "@alice:hs")]
    h.acked_by("alice")
    h.rouse.stop()


class Zulip(Service):
    def answer(self, hit):
        if hit.method in ("POST", "PATCH"):
            self.sent.append(dict(urllib.parse.parse_qsl(hit.body.decode())))
            return reply({"result": "success", "id": 42})
        assert hit.path == "/api/v1/messages/42", hit.path
        return reply({"result": "success", "message": {"id": 42, "reactions": [
            {"emoji_name": n, "user_id": i, "user": {"id": i, "email": e, "full_name": e.split("@")[0]}} for n, i, e in self.reactions]}})


@story
def zulip(d):
    s = Zulip()
    h = House(d, s, {"zulip": {"url": "URL", "email": "bot@x", "api_key": "k", "to": "alice@x"}}, bob=(None, "8"))
    h.alert()
    s.message()
    s.reactions.append(("eyes", 8, "bob@x"))
    eventually("bob looks", lambda: h.events("answer")[0]["who"] == "bob")
    s.reactions.append(("check", 7, "alice@x"))
    h.acked_by("alice")
    h.rouse.stop()


class Twilio(Service):
    def answer(self, hit):
        if hit.method == "POST":
            self.sent.append(dict(urllib.parse.parse_qsl(hit.body.decode())))
            return reply({"sid": "SM0", "status": "queued"}, 201)
        path = urllib.parse.unquote(hit.path)
        assert re.fullmatch(r"/2010-04-01/Accounts/AC1/Messages.json\?PageSize=100&DateSent>=\d{4}-\d\d-\d\d&To=\+1555", path), path
        return reply({"messages": [{"sid": f"SM{i + 1}", "direction": "inbound", "from": f, "to": "+1555", "body": b,
                                    "date_sent": email.utils.formatdate(at).replace("-0000", "+0000")} for i, (f, b, at) in enumerate(self.queue)]})


@story
def sms(d):
    """A reply in words; one that is older than the page is not for it, nor is one of another number."""
    s = Twilio()
    s.queue.append(("+1777", "ack", time.time() - 60))
    h = House(d, s, {"twilio": {"api_url": "URL", "account_sid": "AC1", "auth_token": "t", "from": "+1555", "to": "+1777"}})
    h.alert()
    text = s.message()["Body"]
    assert text.startswith("FIRING #1: Down") and "reply: ack 1" in text, text
    s.queue += [("+1666", "ack", time.time()), ("+1777", "what is going on?", time.time())]
    time.sleep(6)
    assert h.incident()["status"] == "triggered", h.incident()
    s.queue.append(("+1777", " ACK ", time.time() + 1))
    h.acked_by("alice")
    # The same SMS is listed again and again: it does not acknowledge what comes later.
    h.alert("Other")
    eventually("another page", lambda: "#2" in s.sent[-1]["Body"])
    time.sleep(6)
    assert h.incident(2)["status"] == "triggered", h.incident(2)
    h.rouse.stop()


class Signal(Service):
    def answer(self, hit):
        if hit.method == "POST":
            self.sent.append(hit.json)
            return reply({"timestamp": "1000"}, 201)
        assert hit.path == "/v1/receive/+1555?timeout=1", hit.path
        got, self.queue = self.queue, []
        return reply([{"envelope": e} for e in got])


@story
def signal_messenger(d):
    s = Signal()
    h = House(d, s, {"signal": {"url": "URL", "number": "+1555", "recipients": ["+1777"]}})
    h.alert()
    s.message()
    now = int(time.time() * 1000)
    s.queue += [{"sourceNumber": "+1777", "timestamp": now, "dataMessage": {"reaction": {"emoji": "👍", "targetSentTimestamp": 999}}},
                {"sourceNumber": "+1666", "sourceName": "Eve", "timestamp": now + 1, "dataMessage": {"reaction": {"emoji": "✅", "targetSentTimestamp": 1000}}}]
    eventually("the stranger is noted", lambda: h.events("answer")[0]["who"] == "Eve")
    assert h.incident()["status"] == "triggered", "a reaction to another message acknowledged"
    s.queue += [{"sourceNumber": "+1777", "timestamp": now + 5, "dataMessage": {"message": "on my way", "quote": {"id": 1000}}},
                {"sourceNumber": "+1777", "timestamp": now + 6, "dataMessage": {"message": "unrelated"}}]
    eventually("the note", lambda: [e["text"] for e in h.events("note")] == ["on my way"])
    s.queue.append({"sourceNumber": "+1777", "timestamp": now + 2, "dataMessage": {"reaction": {"emoji": "👍", "targetSentTimestamp": 1000}}})
    h.acked_by("alice")
    h.rouse.stop()


class Hook(Service):
    def answer(self, hit):
        self.sent.append(hit.json)
        return 200


@story
def link(d):
    """A page that cannot be answered has a link: looking at it changes nothing, its button acts once."""
    s = Hook()
    h = House(d, s, {"webhook": {"url": "URL"}})
    h.alert()
    said = s.message()["commonAnnotations"]["answer"]
    url = re.search(r"http://\S+/answer\?t=([\w.-]+)", said)
    page = get_text(url[0])
    assert "#1 Down" in page and ">Acknowledge</button>" in page and "<script" not in page, page
    assert h.incident()["status"] == "triggered"
    token = url[1]
    for forged in (token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), "A" + token[1:], token.split(".")[0], "", "." , "x" * 5000):
        status, _, text = request(h.rouse.url + "/answer", "POST", f"t={forged}".encode(), FORM)
        assert status == 404 and b"not valid" in text, (forged, status, text)
    assert h.incident()["status"] == "triggered"
    status, _, text = request(h.rouse.url + "/answer", "POST", f"t={token}".encode(), FORM)
    assert status == 200 and b"Done." in text, (status, text)
    h.acked_by("alice")
    h.verb("unack")
    h.rouse.kill()
    h.rouse.restart()
    status, _, text = request(h.rouse.url + "/answer", "POST", f"t={token}".encode(), FORM)
    assert status == 409 and b"used before" in text, (status, text)
    assert h.incident()["status"] == "triggered"
    h.rouse.stop()


@story
def not_hearing(d):
    """When answers cannot be heard, the page goes out all the same, and somebody is told."""
    s = Telegram()
    s.answer_as = s.answer
    s.server.answer = lambda hit: reply({"ok": False, "error_code": 409, "description": "Conflict"}, 409) if hit.path.endswith("getUpdates") else s.answer_as(hit)
    h = House(d, s, {"telegram": {"api_url": "URL", "bot_token": "1:t", "chat_id": "77"}})
    h.alert()
    s.message()
    eventually("the self alert", lambda: any(m["chat_id"] == "77" and "RouseNotHearing" in m["text"] for m in s.sent), 60)
    assert "somebody else reads this bot's updates" in h.rouse.log(True)
    h.rouse.stop()


main(at_once=6)
