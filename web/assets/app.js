/*
 * Keeps an open page fresh: listens to the event stream, fetches the page again when something
 * changed and puts the new parts (data-live) in place of the old ones. Without this script the
 * page works as well; it only does not move by itself.
 */
"use strict";

(() => {
	const link = document.getElementById("link");
	const every = 30000; // spans like "3m" age even when nothing happens
	const atMost = 1500; // between two fetches in a storm of changes
	let lost = null, timer = 0, last = 0, busy = false, again = false;

	const two = (n) => String(n).padStart(2, "0");

	function clocks(root) {
		const today = new Date().toDateString();
		for (const t of root.querySelectorAll("time[data-clock]")) {
			const d = new Date(t.dateTime);
			const day = d.toDateString() === today ? "" :
				d.toLocaleDateString([], {month: "short", day: "numeric"}) + ", ";
			t.title = t.dateTime;
			t.textContent = day + two(d.getHours()) + ":" + two(d.getMinutes());
		}
	}

	function tell() {
		link.className = lost ? "lost" : "live";
		link.textContent = lost ?
			"disconnected since " + two(lost.getHours()) + ":" + two(lost.getMinutes()) : "live";
	}

	function swap(page) {
		const open = new Map();
		for (const d of document.querySelectorAll("details[data-key]"))
			open.set(d.dataset.key, d.open);
		for (const now of document.querySelectorAll("[data-live]")) {
			const next = page.getElementById(now.id);
			if (!next || next.innerHTML === now.dataset.was)
				continue;
			const was = next.innerHTML;
			clocks(next);
			for (const d of next.querySelectorAll("details[data-key]")) {
				if (open.has(d.dataset.key))
					d.open = open.get(d.dataset.key);
			}
			now.replaceChildren(...next.childNodes);
			now.dataset.was = was;
		}
		document.title = page.title;
		document.body.className = page.body.className;
		const icon = page.getElementById("icon");
		if (icon && icon.href !== document.getElementById("icon").href)
			document.getElementById("icon").replaceWith(document.importNode(icon));
	}

	async function refresh() {
		timer = 0;
		if (busy || document.hidden) {
			again = true;
			return;
		}
		busy = true;
		again = false;
		last = Date.now();
		try {
			const reply = await fetch(location.href, {cache: "no-store"});
			if (reply.ok && !String(getSelection()))
				swap(new DOMParser().parseFromString(await reply.text(), "text/html"));
		} catch (e) {
			// the event stream tells that the connection is gone
		}
		busy = false;
		if (again)
			soon();
	}

	function soon() {
		if (!timer)
			timer = setTimeout(refresh, Math.max(50, last + atMost - Date.now()));
	}

	clocks(document);
	if (!window.EventSource)
		return;
	const events = new EventSource("api/events");
	events.addEventListener("state", soon);
	events.addEventListener("open", () => {
		if (lost)
			soon();
		lost = null;
		tell();
	});
	events.addEventListener("error", () => {
		lost = lost || new Date();
		tell();
	});
	document.addEventListener("visibilitychange", () => {
		if (!document.hidden)
			soon();
	});
	setInterval(soon, every);
})();
