#!/usr/bin/python3 -B
"""Pages to Discord: a fake that answers as Discord's documentation says it does."""
import math, re, time
from stage import *

TOKEN = "tok-SeCrEt_1234567890"
HOOK = f"/api/webhooks/4711/{TOKEN}"


class Discord:
    """Webhook 4711: execute, edit, rate limit, unknown webhook, the limits of an embed."""

    def __init__(self, prefix=""):
        self.server, self.messages, self.edits = Server(self.answer), {}, []
        self.limit, self.next_id, self.gone, self.broken = [], 9000000000000000000, False, []

    @property
    def url(self):
        return self.server.url + HOOK

    def error(self, status, code, message):
        return status, {"Content-Type": "application/json"}, json.dumps({"message": message, "code": code})

    def answer(self, hit):
        path, _, query = hit.path.partition("?")
        if self.limit:
            wait = self.limit.pop(0)
            return 429, {"Content-Type": "application/json", "Retry-After": str(math.ceil(wait)), "X-RateLimit-Scope": "user"}, \
                json.dumps({"message": "You are being rate limited.", "retry_after": wait, "global": False})
        if self.gone or not path.startswith(HOOK):
            return self.error(404, 10015, "Unknown Webhook")
        if self.broken:
            return self.broken.pop(0)
        body = json.loads(hit.body)
        bad = self.invalid(body)
        if bad:
            return 400, {"Content-Type": "application/json"}, json.dumps(
                {"code": 50035, "message": "Invalid Form Body", "errors": {bad: {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH"}]}}})
        if hit.method == "POST" and path == HOOK:
            self.next_id += 1
            self.messages[str(self.next_id)] = body
            if "wait=true" not in query:
                return 204, {}, ""
            return 200, {"Content-Type": "application/json"}, json.dumps({"id": str(self.next_id), "channel_id": "1", **body})
        m = re.fullmatch(re.escape(HOOK) + r"/messages/(\d+)", path)
        if hit.method == "PATCH" and m:
            if m[1] not in self.messages:
                return self.error(404, 10008, "Unknown Message")
            self.messages[m[1]] = body
            self.edits.append(m[1])
            return 200, {"Content-Type": "application/json"}, json.dumps({"id": m[1], **body})
        return self.error(405, 0, "405: Method Not Allowed")

    def invalid(self, body):
        if len(body.get("content") or "") > 2000 or not (body.get("content") or body.get("embeds")):
            return "content"
        for e in body.get("embeds", []):
            if len(e.get("title", "")) > 256 or len(e.get("description", "")) > 4096:
                return "embeds"
        return None


class Town:
    def __init__(self, d, discord=None, summary="it burns", expr="max(flag) == 1", **entry):
        self.flag, self.discord = Target(flag=0, other=0), discord or Discord()
        self.prometheus = Prometheus(d, {"x": [self.flag.address]}).wait_scraped()
        rule_file(d, alert("Fire", expr, summary=summary))
        self.rouse = Rouse(d, paging(self.prometheus.url, {"discord_configs": [{"webhook_url": self.discord.url, **entry}]}))
        self.flag.set(flag=1)

    def sent(self, n, timeout=15):
        eventually(f"{n} sent", lambda: len(self.rouse.deliveries("sent")) == n, timeout)

    def end(self):
        shown = self.rouse.get("/") + self.rouse.log(True) + self.rouse.get("/metrics") + \
            self.rouse.get("/api/v1/status/config") + self.rouse.get("/api/rouse/v1/deliveries")
        assert TOKEN not in shown, "the webhook's address, a secret, is shown"
        self.rouse.stop()


@story
def page_and_end(d):
    t = Town(d, summary="@everyone <@123> it *burns*")
    t.sent(1)
    hit = t.discord.server.hits[0]
    body, embed = hit.json, hit.json["embeds"][0]
    assert hit.method == "POST" and hit.path == HOOK, hit.path
    assert hit.header("user-agent").startswith("DiscordBot ("), hit.header("user-agent")
    assert "Fire" in embed["title"] and "@\u200beveryone" in embed["description"] and embed["color"] == 0x992D22, embed
    t.flag.set(flag=0)
    t.sent(2)
    assert len(t.discord.messages) == 2 and not t.discord.edits
    assert t.discord.server.hits[1].json["embeds"][0]["color"] == 0x2ECC71
    t.end()


@story
def edited_in_place(d):
    """update_message: the page turns green; after a kill too; a new fire is a new message."""
    t = Town(d, update_message=True)
    t.sent(1)
    t.rouse.kill()
    t.rouse.restart()
    t.flag.set(flag=0)
    t.sent(2)
    first, = t.discord.messages
    assert t.discord.edits == [first], t.discord.server.summary()
    assert t.discord.messages[first]["embeds"][0]["color"] == 0x2ECC71
    time.sleep(1)
    t.flag.set(flag=1)
    t.sent(3)
    assert len(t.discord.messages) == 2, "the new fire is hidden in an old message"
    t.end()


@story
def edited_away(d):
    """Somebody deleted the message: a new one is posted."""
    t = Town(d, update_message=True)
    t.sent(1)
    t.discord.messages.clear()
    t.flag.set(flag=0)
    t.sent(2)
    assert len(t.discord.messages) == 1 and not t.discord.edits
    t.end()


@story
def rate_limited(d):
    """retry_after has decimals, and is obeyed."""
    discord = Discord()
    discord.limit = [0.376, 2.5]
    t = Town(d, discord)
    t.sent(1)
    a, b, c = [h.at for h in discord.server.hits]
    assert 0.37 <= b - a < 2.5, b - a
    assert 2.5 <= c - b < 5, c - b
    t.end()


@story
def broken_for_a_while(d):
    discord = Discord()
    discord.broken = [(502, {"Content-Type": "text/html"}, "<html>cloudflare"), (500, {}, "")]
    t = Town(d, discord)
    t.sent(1, 20)
    assert len(discord.server.hits) == 3
    t.end()


@story
def unknown_webhook(d):
    """Dead, said on the page, and not asked again and again: Discord bans those who do."""
    discord = Discord()
    discord.gone = True
    t = Town(d, discord)
    dead = eventually("dead", lambda: t.rouse.deliveries("dead"))[0]
    assert "404" in dead["error"] or "Unknown Webhook" in dead["error"], dead
    time.sleep(4)
    assert len(discord.server.hits) <= 2, discord.server.summary()
    assert "DEAD" in t.rouse.get("/")
    t.end()


@story
def too_long(d):
    """A summary longer than Discord takes is cut, not refused."""
    t = Town(d, summary="Ä" * 5000)
    t.sent(1)
    assert len(t.discord.server.hits[0].json["embeds"][0]["description"]) <= 4096
    t.end()


@story
def address_in_a_file(d):
    discord = Discord()
    write(f"{d}/hook", discord.url + "\n")
    flag = Target(flag=1)
    prometheus = Prometheus(d, {"x": [flag.address]}).wait_scraped()
    rule_file(d, alert("Fire", "max(flag) == 1"))
    r = Rouse(d, paging(prometheus.url, {"discord_configs": [{"webhook_url_file": f"{d}/hook"}]}))
    eventually("sent", lambda: len(r.deliveries("sent")) == 1)
    assert discord.server.hits[0].path == HOOK, discord.server.hits[0].path
    assert TOKEN not in r.get("/") + r.log(True)
    r.stop()


@story
def flag_alone(d):
    discord, flag = Discord(), Target(flag=1)
    prometheus = Prometheus(d, {"x": [flag.address]}).wait_scraped()
    rule_file(d, alert("Fire", "max(flag) == 1"))
    r = Rouse(d, None, ["--prometheus", prometheus.url, "--rules", f"{d}/rules.yml", "--discord", discord.url,
                        "--group-wait=0s"])
    eventually("sent", lambda: len(r.deliveries("sent")) == 1)
    assert TOKEN not in r.get("/") + r.log(True) + r.get("/api/v1/status/config")
    r.stop()


main(at_once=5)
