#!/usr/bin/python3 -B
"""A store that is damaged, read-only or full: said loudly, and pages still go out."""
import glob, os, shutil, signal, subprocess, time
from stage import *


class Town:
    def __init__(self, d, **kw):
        self.d, self.flag, self.phone = d, Target(flag=0, other=0), Server()
        self.prometheus = Prometheus(d, {"x": [self.flag.address]}).wait_scraped()
        rule_file(d, alert("Flag", "max(flag) == 1"), alert("Other", "max(other) == 1"))
        self.config = paging(self.prometheus.url, self.phone.url)
        self.rouse = Rouse(d, self.config, **kw)

    def page(self):
        self.flag.set(flag=1)
        return self.phone.wait("a page", is_page("firing", "Flag"))


def damage_header(path):
    with open(path, "r+b") as f:
        f.write(b"this is not a database at all, " * 40)


def damage_pages(path):
    size = os.path.getsize(path)
    with open(path, "r+b") as f:
        for at in range(4096, size, 4096):
            f.seek(at)
            f.write(os.urandom(512))


def cut(path):
    os.truncate(path, os.path.getsize(path) // 2 + 100)


def damaged(d, how):
    """Moved aside, an empty one begun; the alert that fired is told again, which is better than
    silence; the status page and a page of rouse's own say what happened."""
    t = Town(d)
    t.page()
    eventually("sent", lambda: t.rouse.deliveries("sent"))
    t.rouse.stop()
    path = f"{d}/data/rouse.db"
    for extra in ("-wal", "-shm"):
        if os.path.exists(path + extra):
            os.unlink(path + extra)
    how(path)
    n = len(t.phone.hits)
    t.rouse.restart()
    assert "damaged" in t.rouse.log(), t.rouse.log()
    aside = glob.glob(path + ".corrupt-*")
    assert aside and os.path.getsize(aside[0]) > 0, os.listdir(f"{d}/data")
    t.phone.wait("the page, again", lambda h: h in t.phone.hits[n:] and is_page("firing", "Flag")(h))
    own = t.phone.wait("a page that the store was lost", lambda h: any(
        a["labels"]["alertname"] == "RouseStoreReplaced" for a in h.json["alerts"]))
    assert own
    t.flag.set(flag=0)
    t.phone.wait("the end", is_page("resolved", "Flag"))
    t.rouse.kill()
    t.rouse.restart()
    assert "damaged" not in t.rouse.log(), "the new store is damaged as well"
    t.rouse.stop()


@story
def no_database_at_all(d):
    damaged(d, damage_header)


@story
def pages_overwritten(d):
    damaged(d, damage_pages)


@story
def cut_in_half(d):
    damaged(d, cut)


@story
def lost_while_running(d):
    """Somebody removes the folder below a running rouse: it goes on paging."""
    t = Town(d)
    shutil.rmtree(f"{d}/data")
    t.page()
    t.flag.set(flag=0)
    t.phone.wait("the end", is_page("resolved", "Flag"))
    t.rouse.kill()


def read_only_told(t):
    assert "THE STORE CANNOT BE USED" in t.rouse.log(), t.rouse.log()
    t.page()
    t.phone.wait("a page that the store cannot be used", is_page("firing", "RouseStoreFailing"))
    html = t.rouse.get("/").lower()
    assert "store" in html and ("read-only" in html or "denied" in html or "not a directory" in html
                                or "cannot" in html), "the status page does not tell"
    assert "rouse_store_failing 1" in t.rouse.get("/metrics")
    t.flag.set(flag=0)
    t.phone.wait("the end", is_page("resolved", "Flag"))
    assert t.rouse.kill(signal.SIGTERM) == 0


@story
def path_is_a_file(d):
    write(f"{d}/data", "I am a file")
    read_only_told(Town(d))


def namespace(script, *args):
    """A command line that runs `script` in a mount namespace of its own, then what follows it."""
    argv = ["unshare", "-m" if os.getuid() == 0 else "-rm", "sh", "-ec", script + '\nexec "$@"', "sh", *args]
    probe = subprocess.run(argv[:3 - 1] + ["sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True, text=True)
    if probe.returncode != 0:
        raise Skip("no mounting here: " + probe.stderr.strip())
    return argv


@story
def read_only(d):
    os.makedirs(f"{d}/data")
    read_only_told(Town(d, wrap=namespace(f"mount -t tmpfs -o ro tmpfs '{d}/data'")))


@story
def full_disk(d):
    """Full while it runs: pages go out, rouse says so; space again: it writes again, and what was
    decided meanwhile survives a kill."""
    os.makedirs(f"{d}/data")
    t = Town(d, wrap=namespace(f"mount -t tmpfs -o size=1500k tmpfs '{d}/data'"))
    inside = ["nsenter", "-t", str(t.rouse.proc.p.pid), "-m"] + (["-U", "--preserve-credentials"] if os.getuid() else [])

    def run(script):
        r = subprocess.run([*inside, "sh", "-c", f"cd '{d}/data' && {script}"], capture_output=True, text=True)
        return r.stdout + r.stderr

    run("cat /dev/zero >filler; true")
    t.page()
    t.phone.wait("a page that the store is full", is_page("firing", "RouseStoreFailing"))
    assert "full" in t.rouse.log() and "rouse_store_failing 1" in t.rouse.get("/metrics"), t.rouse.log()
    assert t.rouse.state("Flag") == "firing"
    run("rm filler")
    t.flag.set(other=1)
    t.phone.wait("another page", is_page("firing", "Other"))
    t.phone.wait("it is written again", is_page("resolved", "RouseStoreFailing"))
    assert "rouse_store_failing 0" in t.rouse.get("/metrics")
    time.sleep(0.5)
    # The next rouse (outside of the namespace) reads it: what was decided in the bad time is there.
    t.rouse.proc.p.send_signal(signal.SIGSTOP)
    os.makedirs(f"{d}/copy")
    run(f"cp rouse.db* '{d}/copy/'")
    t.rouse.kill()
    for name in os.listdir(f"{d}/copy"):
        shutil.move(f"{d}/copy/{name}", f"{d}/data/{name}")
    n = len(t.phone.hits)
    r = Rouse(d, t.config)
    eventually("both still fire", lambda: r.state("Flag") == r.state("Other") == "firing", 5)
    time.sleep(2)
    assert not [h for h in t.phone.hits[n:] if is_page("firing", "Flag")(h) or is_page("firing", "Other")(h)], \
        t.phone.summary()
    r.stop()


@story
def newer_store(d):
    """Of a newer rouse: not touched, not started."""
    import sqlite3
    t = Town(d)
    t.rouse.stop()
    with sqlite3.connect(f"{d}/data/rouse.db") as db:
        db.execute("PRAGMA user_version = 9999")
    db.close()
    t.rouse.proc.start()
    assert t.rouse.proc.p.wait(10) == 1
    assert "newer rouse" in t.rouse.log(), t.rouse.log()


main(at_once=5)
