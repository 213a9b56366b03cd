#!/usr/bin/python3 -B
"""kill -9 and outages: no page is lost, none is false, none comes twice, `for` goes on."""
import collections, random, time
from stage import *


class Town:
    """A flag, a Prometheus, a receiver; `Flag` fires while the flag is 1."""

    def __init__(self, d, hold=None, answer=None, **kw):
        self.d, self.target, self.phone = d, Target(flag=0), Server(answer)
        self.prometheus = Prometheus(d, {"x": [self.target.address]}).wait_scraped()
        rule_file(d, alert("Flag", "flag == 1", hold))
        self.rouse = Rouse(d, paging(self.prometheus.url, self.phone.url, **kw))
        time.sleep(1.2)
        assert not self.phone.hits

    def flip(self, up=1):
        self.target.set(flag=up)
        return time.time()

    def kill(self, pause=1.0):
        self.rouse.kill()
        time.sleep(pause)
        self.rouse.restart()

    def since(self):
        return self.rouse.alerts("Flag")[0]["activeAt"]

    def end(self, expected, calm=3):
        """The flag goes down, the end is told; nothing else was told, nothing comes after it."""
        self.flip(0)
        self.phone.wait("the end", is_page("resolved", "Flag"))
        time.sleep(calm)
        got = pages(self.phone, "Flag")
        assert got == expected, got + f", not {expected}"
        self.rouse.stop()


def hold_kept(t, pending_at, hold, not_before=0):
    page = t.phone.wait("the page", is_page("firing", "Flag"), hold + 15)
    took = page.at - pending_at
    assert took >= hold - 0.1, f"the page came {took:.1f} s after pending began: before `for: {hold}s` was over"
    assert took < max(hold, not_before) + 4, f"the page came {took:.1f} s after pending began: `for` began anew"
    return page


@story
def killed_while_pending(d):
    t = Town(d, hold="12s")
    t.flip()
    t.rouse.wait_state("Flag", "pending")
    at, since = time.time(), t.since()
    time.sleep(4)
    t.kill()
    assert t.since() == since, "pending since another moment than before"
    time.sleep(1)
    t.kill(0)
    hold_kept(t, at, 12)
    t.end("FR")


@story
def killed_while_firing(d):
    t = Town(d)
    t.flip()
    t.phone.wait("the page", is_page("firing"))
    time.sleep(1)
    since = t.since()
    for pause in (0, 1, 3):
        t.kill(pause)
        time.sleep(2)
        assert t.rouse.state("Flag") == "firing" and t.since() == since
    t.end("FR")


@story
def killed_before_the_page(d):
    """In the group's wait: the page still comes, once, and not a whole wait later."""
    t = Town(d, wait="4s")
    t.flip()
    t.rouse.wait_state("Flag", "firing")
    at = time.time()
    time.sleep(3.6)
    assert not t.phone.hits
    t.kill(0.5)
    page = t.phone.wait("the page", is_page("firing"), 15)
    assert page.at - at < 7, f"{page.at - at:.1f} s: the wait began anew"
    t.end("FR")


@story
def killed_right_after_the_page(d):
    t = Town(d)
    t.flip()
    t.phone.wait("the page", is_page("firing"))
    time.sleep(0.3)
    t.kill(0)
    time.sleep(4)
    t.end("FR")


@story
def killed_in_the_delivery(d):
    """The receiver has it, rouse dies before the answer: it may come twice, with the same key."""
    box = {}

    def answer(hit):
        if box.pop("kill", None):
            box["town"].rouse.kill()
        return 200

    t = box["town"] = Town(d, answer=answer)
    box["kill"] = True
    t.flip()
    first = t.phone.wait("the page", is_page("firing"))
    time.sleep(0.5)
    t.rouse.restart()
    time.sleep(4)
    fires = [h for h in t.phone.hits if is_page("firing")(h)]
    assert 1 <= len(fires) <= 2, t.phone.summary()
    assert {h.header("idempotency-key") for h in fires} == {first.header("idempotency-key")}, "another key"
    t.end("F" * len(fires) + "R")


@story
def over_while_dead(d):
    """The alert ends while rouse is not there: the end is told when it is back."""
    t = Town(d)
    t.flip()
    t.phone.wait("the page", is_page("firing"))
    time.sleep(0.5)
    t.rouse.kill()
    t.flip(0)
    time.sleep(3)
    t.rouse.restart()
    t.end("FR")


@story
def killed_again_and_again(d):
    """Alerts come and go, rouse is killed at random moments. Each key says one thing; what is told
    of an alert alternates between fire and end; at last everything has ended, and was told so."""
    names = [f"f{i}" for i in range(6)]
    target, phone = Target(**{n: 0 for n in names}), Server()
    prometheus = Prometheus(d, {"x": [target.address]}).wait_scraped()
    rule_file(d, *[alert(n, f"{n} == 1", "1s" if i % 2 else None) for i, n in enumerate(names)], interval="500ms")
    r = Rouse(d, paging(prometheus.url, phone.url, wait="200ms", interval="500ms"))
    rng, end = random.Random(7), time.time() + 22
    while time.time() < end:
        target.set(**{rng.choice(names): rng.randrange(2)})
        time.sleep(rng.uniform(0.05, 1.2))
        r.kill()
        time.sleep(rng.uniform(0, 0.3))
        r.restart(ready=False)
    target.set(**{n: 1 for n in names})
    for n in names:
        r.wait_state(n, "firing")
        phone.wait(f"{n} fires", is_page("firing", n))
    time.sleep(2)
    target.set(**{n: 0 for n in names})
    eventually("nothing is active", lambda: not r.alerts() and r.json("/api/v1/alerts"))
    time.sleep(3)
    by_key, told = collections.defaultdict(set), collections.defaultdict(list)
    for h in list(phone.hits):
        by_key[h.header("idempotency-key")].add(h.body)
        for a in h.json["alerts"]:
            told[a["labels"]["alertname"]].append((a["status"], h.header("idempotency-key")))
    for key, bodies in by_key.items():
        assert len(bodies) == 1, f"one key, {len(bodies)} different pages"
    for n in names:
        once = [s for i, (s, k) in enumerate(told[n]) if k not in [k for _, k in told[n][:i]]]
        assert once and once[-1] == "resolved", f"{n}: {once}"
        assert all(a != b for a, b in zip(once, once[1:])), f"{n}: {once}"
        assert once[0] == "firing", f"{n}: {once}"
    r.stop()


@story
def prometheus_away_while_pending(d):
    t = Town(d, hold="10s")
    t.flip()
    t.rouse.wait_state("Flag", "pending")
    at, since = time.time(), t.since()
    time.sleep(2)
    t.prometheus.kill()
    time.sleep(5)
    assert t.rouse.state("Flag") == "pending" and t.since() == since
    t.prometheus.restart()
    back = time.time() - at
    # Prometheus knows its targets again after up to five seconds, and forgets nothing meanwhile.
    hold_kept(t, at, 10, back + 5)
    t.end("FR")


@story
def prometheus_away_while_firing(d):
    t = Town(d)
    t.flip()
    t.phone.wait("the page", is_page("firing"))
    since = t.since()
    t.prometheus.kill()
    time.sleep(6)
    assert t.rouse.state("Flag") == "firing"
    t.kill(0)  # and rouse starts while Prometheus is away
    time.sleep(4)
    assert t.rouse.state("Flag") == "firing" and t.since() == since
    assert pages(t.phone, "Flag") == "F", pages(t.phone)
    t.prometheus.restart()
    time.sleep(7)
    assert pages(t.phone, "Flag") == "F", pages(t.phone)
    t.flip(0)
    t.phone.wait("the end", is_page("resolved", "Flag"))
    t.rouse.stop()


@story
def receiver_away(d):
    """The page waits for the receiver; it is said on the status page that it does."""
    t = Town(d)
    t.phone.down()
    t.flip()
    t.rouse.wait_state("Flag", "firing")
    eventually("the delivery is tried again and again", lambda: t.rouse.deliveries("retry")[0]["attempts"] >= 2)
    assert "RETRY" in t.rouse.get("/").upper() and "refused" in t.rouse.get("/"), "the status page does not say why"
    t.kill(0)
    assert t.rouse.deliveries()[0]["status"] in ("retry", "sending"), t.rouse.deliveries()
    time.sleep(2)
    t.phone.up()
    t.phone.wait("the page", is_page("firing"), 40)
    t.end("FR")


@story
def over_while_the_receiver_is_away(d):
    """Nobody misses that there was something: the page and its end both arrive, in this order."""
    t = Town(d)
    t.phone.down()
    t.flip()
    t.rouse.wait_state("Flag", "firing")
    eventually("it is tried", lambda: t.rouse.deliveries("retry"))
    t.flip(0)
    eventually("it is over", lambda: t.rouse.state("Flag") is None)
    time.sleep(2)
    t.phone.up()
    t.end("FR")


@story
def receiver_says_503_then_wait(d):
    """Retry-After is obeyed, and the answer stands on the page."""
    answers = [(503, {}, "down for a moment"), (429, {"Retry-After": "3"}, "slowly"), 200]
    t = Town(d, answer=lambda hit: answers.pop(0) if len(answers) > 1 else answers[0])
    t.flip()
    t.phone.wait("the page", is_page("firing"))
    a, b, c = [h.at for h in t.phone.hits]
    assert 0.7 <= b - a <= 2, f"the second attempt came after {b - a:.1f} s"
    assert 2.9 <= c - b <= 5, f"the third attempt came after {c - b:.1f} s, not the 3 s it was told to wait"
    assert len({h.header("idempotency-key") for h in t.phone.hits}) == 1
    t.end("FR")


@story
def receiver_refuses(d):
    """404 is for good: DEAD with its reason on the status page, and no hammering."""
    t = Town(d, answer=lambda hit: (404, {}, "no such hook"))
    t.flip()
    eventually("the delivery is dead", lambda: t.rouse.deliveries("dead"), 10)
    html = t.rouse.get("/")
    assert "DEAD" in html and "404" in html and "no such hook" in html, "the status page does not tell"
    n = len(t.phone.hits)
    time.sleep(3)
    assert len(t.phone.hits) - n <= 1, "it hammers"
    t.rouse.stop()


@story
def receiver_hangs(d):
    """A receiver that never answers delays nobody else, and costs no page."""
    slow = Server(lambda hit: time.sleep(30) or 200)
    t = Town(d)
    config = paging(t.prometheus.url, t.phone.url)
    config["receivers"][0]["webhook_configs"].insert(0, {"url": slow.url, "timeout": "2s"})
    t.rouse.configure(config)
    assert request(t.rouse.url + "/-/reload", "POST")[0] == 200
    at = t.flip()
    page = t.phone.wait("the page", is_page("firing"))
    assert page.at - at < 4, f"{page.at - at:.1f} s"
    eventually("the other is tried again", lambda: t.rouse.deliveries("retry"), 8)
    t.rouse.stop()


main(at_once=7)
