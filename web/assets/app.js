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
	const shown = new Map(); // what the parts were made of
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

	// What has the keyboard's focus, so that it can be found again in the new part.
	function focused() {
		const e = document.activeElement;
		const group = e && e.closest("details[data-key]");
		if (!e || !e.closest("[data-live]"))
			return "";
		if (e.matches("summary") && group)
			return "details[data-key=" + CSS.escape(group.dataset.key) + "] > summary";
		return e.matches("a[href]") ? "a[href=" + CSS.escape(e.getAttribute("href")) + "]" : "";
	}

	function replace(now, next) {
		const open = new Map();
		for (const d of now.querySelectorAll("details[data-key]"))
			open.set(d.dataset.key, d.open);
		clocks(next);
		for (const d of next.querySelectorAll("details[data-key]")) {
			if (open.has(d.dataset.key))
				d.open = open.get(d.dataset.key);
		}
		now.replaceChildren(...next.childNodes);
	}

	function headline(page) {
		const h = page.querySelector("h1");
		return h ? h.textContent : "";
	}

	function swap(page) {
		const focus = focused();
		const x = scrollX, y = scrollY;
		if (headline(page) !== headline(document))
			document.getElementById("said").textContent = headline(page);
		for (const now of document.querySelectorAll("[data-live]")) {
			const next = page.getElementById(now.id);
			if (next && next.innerHTML !== shown.get(now.id)) {
				shown.set(now.id, next.innerHTML);
				replace(now, next);
			}
		}
		document.title = page.title;
		document.body.className = page.body.className;
		const icon = page.getElementById("icon"), old = document.getElementById("icon");
		if (icon && icon.getAttribute("href") !== old.getAttribute("href"))
			old.replaceWith(document.importNode(icon));
		const again = focus && document.querySelector(focus);
		if (again && again !== document.activeElement)
			again.focus({preventScroll: true});
		scrollTo(x, y);
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

	// Links in messages of Alertmanager: #/alerts?receiver=x&filter={...}, #/silences/ID.
	function old(hash) {
		const at = /^#\/(alerts|silences)(?:\/([^?]*))?(?:\?(.*))?$/.exec(hash);
		if (!at)
			return;
		const query = new URLSearchParams(at[3] || "");
		if (at[1] === "silences" && at[2] && at[2] !== "new")
			query.set("id", at[2].replace(/^edit\//, ""));
		location.replace(at[1] + "?" + query);
	}

	old(location.hash);
	window.addEventListener("hashchange", () => old(location.hash));
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
