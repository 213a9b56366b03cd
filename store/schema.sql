-- The schema, version 1. Times are wall milliseconds; "no such time" is NULL or -9223372036854775808.
-- Label sets are blobs in the encoding of promql/labels.h.

CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;

-- An alerting rule's alerts. rule: "file;group;name;rule labels" (evaluator/core).
CREATE TABLE rule_alert (
	rule TEXT NOT NULL,
	labels BLOB NOT NULL,
	state INTEGER NOT NULL, -- enum alert_state
	active_at INTEGER NOT NULL,
	fired_at INTEGER NOT NULL,
	resolved_at INTEGER NOT NULL,
	keep_since INTEGER NOT NULL,
	sent_at INTEGER NOT NULL,
	value REAL, -- NULL: NaN
	annotations BLOB NOT NULL,
	because TEXT NOT NULL, -- which branch of an "or" held when it fired
	PRIMARY KEY (rule, labels)
);

CREATE TABLE rule_group (
	key TEXT PRIMARY KEY, -- "file;name"
	evaluated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE alert (
	labels BLOB PRIMARY KEY,
	annotations BLOB NOT NULL,
	starts_at INTEGER NOT NULL,
	ends_at INTEGER NOT NULL, -- none: fires until its source says otherwise
	updated_at INTEGER NOT NULL,
	timeout INTEGER NOT NULL, -- 1: ends_at was made up from resolve_timeout
	generator_url TEXT NOT NULL,
	source INTEGER NOT NULL -- enum alert_source
);

CREATE TABLE agg_group (
	key TEXT PRIMARY KEY, -- ROUTEID:{labels}
	route TEXT NOT NULL, -- route id
	labels BLOB NOT NULL,
	next_flush INTEGER NOT NULL,
	flushed INTEGER NOT NULL -- 1: at least one flush has happened
);

CREATE TABLE notice (
	group_key TEXT NOT NULL,
	receiver TEXT NOT NULL, -- "name/kind/index"
	sent_at INTEGER NOT NULL,
	firing BLOB NOT NULL, -- 8-byte hashes, little endian
	resolved BLOB NOT NULL,
	message_id TEXT NOT NULL, -- what the service calls the message, for edits
	expires_at INTEGER NOT NULL,
	doubt BLOB NOT NULL, -- hashes of alerts that may have been told as firing, or not
	PRIMARY KEY (group_key, receiver)
);

CREATE TABLE outbox (
	id INTEGER PRIMARY KEY,
	status INTEGER NOT NULL, -- enum outbox_status
	group_key TEXT NOT NULL,
	receiver TEXT NOT NULL, -- "name/kind/index"
	kind INTEGER NOT NULL, -- 1: tells of the end, +2: an attempt may have arrived
	reason TEXT NOT NULL,
	key TEXT NOT NULL, -- idempotency key
	message BLOB NOT NULL, -- the snapshot, notify/message; when done hashes of its alerts
	created_at INTEGER NOT NULL,
	next_at INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	provider_id TEXT NOT NULL,
	error TEXT NOT NULL,
	done_at INTEGER NOT NULL,
	title TEXT NOT NULL -- what it says, one line
);

CREATE TABLE event (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	text TEXT NOT NULL
);
