-- audit.db
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE entry (
	n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	"by" TEXT NOT NULL, 
	action TEXT NOT NULL, 
	site TEXT, 
	subject TEXT, 
	detail TEXT NOT NULL, 
	outcome TEXT NOT NULL
);
CREATE INDEX entry_at ON entry (at);
CREATE INDEX entry_subject ON entry (subject);
CREATE TABLE sqlite_sequence(name,seq);

-- console.db
CREATE TABLE about (
	word TEXT NOT NULL, 
	value INTEGER NOT NULL, 
	PRIMARY KEY (word)
)
 WITHOUT ROWID

;
CREATE TABLE account (
	holder TEXT NOT NULL, 
	login TEXT NOT NULL, 
	password TEXT, 
	totp TEXT, 
	totp_new TEXT, 
	totp_step BIGINT DEFAULT '0' NOT NULL, 
	lang TEXT, 
	made BIGINT NOT NULL, 
	signed_in BIGINT, 
	PRIMARY KEY (holder), 
	UNIQUE (login)
)
 WITHOUT ROWID

;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE api_token (
	hash TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	name TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	sites TEXT NOT NULL, 
	made_by TEXT NOT NULL, 
	made BIGINT NOT NULL, 
	ends BIGINT NOT NULL, 
	used BIGINT, 
	PRIMARY KEY (hash), 
	UNIQUE ("key")
)
 WITHOUT ROWID

;
CREATE INDEX api_token_holder ON api_token (holder);
CREATE TABLE link (
	hash TEXT NOT NULL, 
	holder TEXT, 
	made_by TEXT NOT NULL, 
	ends BIGINT NOT NULL, 
	PRIMARY KEY (hash)
)
 WITHOUT ROWID

;
CREATE TABLE oidc (
	issuer TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	PRIMARY KEY (issuer, subject)
)
 WITHOUT ROWID

;
CREATE TABLE passkey (
	id TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	public_key TEXT NOT NULL, 
	sign_count BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	made BIGINT NOT NULL, 
	used BIGINT, 
	PRIMARY KEY (id)
)
 WITHOUT ROWID

;
CREATE INDEX passkey_holder ON passkey (holder);
CREATE TABLE recovery (
	holder TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (holder, hash)
)
 WITHOUT ROWID

;
CREATE TABLE session (
	hash TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	how TEXT NOT NULL, 
	stage TEXT NOT NULL, 
	made BIGINT NOT NULL, 
	seen BIGINT NOT NULL, 
	ends BIGINT NOT NULL, 
	fresh BIGINT NOT NULL, 
	address TEXT NOT NULL, 
	agent TEXT NOT NULL, 
	PRIMARY KEY (hash), 
	UNIQUE ("key")
)
 WITHOUT ROWID

;
CREATE INDEX session_holder ON session (holder);

-- journal.db
CREATE VIEW access_1d AS    -- decisions a day (UTC days), purged or not
    SELECT site, access_point, decision, reason, time, sum(count) AS count FROM (
        SELECT site, access_point, decision, reason, at / 86400000000 * 86400000000 AS time,
               count(*) AS count
        FROM decision GROUP BY site, access_point, decision, reason, at / 86400000000
        UNION ALL
        SELECT site, nullif(access_point, ''), decision, reason, time, count FROM access_past)
    GROUP BY site, access_point, decision, reason, time;
CREATE TABLE access_past (  -- decisions that were purged, as counts
    site         TEXT    NOT NULL,
    access_point TEXT    NOT NULL,        -- '': none
    decision     TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    time         INTEGER NOT NULL,        -- the UTC day's start
    month        TEXT    NOT NULL,        -- the site's local month, 2026-11: what a report sums
    count        INTEGER NOT NULL,
    PRIMARY KEY (site, time, month, access_point, decision, reason)
) WITHOUT ROWID;
CREATE TABLE dead_letter (  -- what could not be understood; bounded, oldest go first
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    received INTEGER NOT NULL,
    source   TEXT    NOT NULL,            -- mqtt | influx
    topic    TEXT    NOT NULL,
    reason   TEXT    NOT NULL,            -- a short code
    detail   TEXT    NOT NULL,            -- what would be right
    size     INTEGER NOT NULL,            -- bytes of the original
    payload  TEXT    NOT NULL             -- its beginning, badge numbers and PINs masked
);
CREATE TABLE decision (     -- one row a credential event: what the reader was told
    n            INTEGER PRIMARY KEY,     -- = journal.n
    site         TEXT NOT NULL,
    device       TEXT NOT NULL,
    access_point TEXT,
    holder       TEXT,                    -- pseudonym
    decision     TEXT NOT NULL,           -- granted | denied
    reason       TEXT NOT NULL,
    at           INTEGER NOT NULL,
    expires      INTEGER,                 -- NULL: nothing to hand over (late, retained)
    handover     TEXT NOT NULL,           -- none | pending | delivered | undelivered
    run          INTEGER,                 -- = run.id; NULL: of an older release
    uptime       INTEGER                  -- the system's uptime then, in us: no clock that is set
);
CREATE INDEX decision_holder ON decision (holder, at) WHERE holder IS NOT NULL;
CREATE INDEX decision_log ON decision (site, at, access_point, decision, reason);
CREATE INDEX decision_pending ON decision (n) WHERE handover = 'pending';
CREATE TABLE directory_snapshot (
    n         INTEGER NOT NULL,
    site      TEXT    NOT NULL,
    directory BLOB    NOT NULL,           -- msgpack
    PRIMARY KEY (n, site)
) WITHOUT ROWID;
CREATE TABLE erasure (      -- words to write over while somebody is erased
    holder  TEXT    NOT NULL,             -- the pseudonym that is to go
    word    TEXT    NOT NULL,             -- it, or a hash of a badge or PIN of theirs
    nobody  TEXT    NOT NULL,             -- drawn at random, of the same length
    reached INTEGER NOT NULL,             -- rows up to here are done
    PRIMARY KEY (holder, word)
) WITHOUT ROWID;
CREATE TABLE journal (      -- one row an event, in the order of the engine
    n        INTEGER PRIMARY KEY,         -- given by the service, without holes
    site     TEXT    NOT NULL,
    device   TEXT,                        -- NULL: a tick, a directory change, a new space file
    kind     TEXT    NOT NULL,            -- the event's type: credential, door, crossing, tick, ...
    at       INTEGER NOT NULL,            -- the event's own time
    received INTEGER NOT NULL,            -- our clock: the engine's `now`
    event    TEXT    NOT NULL,            -- JSON: the event, badge numbers as keyed hashes
    facts    TEXT    NOT NULL             -- JSON array: all that the engine said
);
CREATE INDEX journal_notable ON journal (site, n)
    WHERE instr(facts, '"fact":"Alarm') OR instr(facts, '"fact":"Noticed"');
CREATE INDEX journal_request ON journal (site, n) WHERE kind = 'request';
CREATE INDEX journal_space ON journal (site, n) WHERE kind = 'space';
CREATE TABLE occupancy_1m ( -- the same names and numbers as in InfluxDB
    site TEXT    NOT NULL,
    zone TEXT    NOT NULL,
    time INTEGER NOT NULL,                -- the minute's start
    mean REAL    NOT NULL,
    min  INTEGER NOT NULL,
    max  INTEGER NOT NULL,
    PRIMARY KEY (site, zone, time)
) WITHOUT ROWID;
CREATE TABLE outbox (       -- how far each reader of the journal got
    name TEXT PRIMARY KEY,
    n    INTEGER NOT NULL
);
CREATE TABLE purged (       -- one row: what is no more
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    n        INTEGER NOT NULL,            -- rows up to here name nobody
    received INTEGER NOT NULL,            -- of row n
    ran      INTEGER NOT NULL             -- when the last purge ended
);
CREATE TABLE run (          -- one row a start of the gateway; the newest are kept
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    boot TEXT                             -- the operating system's run; NULL: it does not tell
);
CREATE TABLE snapshot (     -- the engine's state after row n; the newest few are kept
    n         INTEGER NOT NULL,
    site      TEXT    NOT NULL,
    state     BLOB    NOT NULL,           -- msgpack, without the directory
    PRIMARY KEY (n, site)
) WITHOUT ROWID;
CREATE TABLE sqlite_sequence(name,seq);
CREATE TABLE visits_past (  -- a local month's own figures, from before its purge
    site     TEXT NOT NULL,
    month    TEXT NOT NULL,
    visitors INTEGER,                     -- NULL: too few to tell
    stay_s   REAL,
    PRIMARY KEY (site, month)
) WITHOUT ROWID;

-- members.db
CREATE TABLE about (
	word TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (word)
)
 WITHOUT ROWID

;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE credential (
	hash TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	status TEXT NOT NULL, kind TEXT DEFAULT 'badge' NOT NULL, starts BIGINT, ends BIGINT, pin TEXT, duress_pin TEXT, duress BOOLEAN DEFAULT 0 NOT NULL, reader_hash TEXT, number INTEGER DEFAULT '0' NOT NULL, label TEXT, enrolled BIGINT, 
	PRIMARY KEY (hash)
)
 WITHOUT ROWID

;
CREATE INDEX credential_holder ON credential (holder);
CREATE TABLE erasure (
	holder TEXT NOT NULL, 
	PRIMARY KEY (holder)
)
 WITHOUT ROWID

;
CREATE TABLE holder (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	PRIMARY KEY (id)
)
 WITHOUT ROWID

;
CREATE TABLE holder_group (
	holder TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	"group" TEXT NOT NULL, 
	PRIMARY KEY (holder, place)
)
 WITHOUT ROWID

;
CREATE TABLE identity (
	holder TEXT NOT NULL, 
	ref TEXT NOT NULL, 
	name TEXT NOT NULL, 
	email TEXT, 
	PRIMARY KEY (holder), 
	UNIQUE (ref)
)
 WITHOUT ROWID

;
CREATE TABLE membership (
	holder TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	"plan" TEXT NOT NULL, 
	sites TEXT NOT NULL, 
	starts BIGINT, 
	ends BIGINT, 
	status TEXT NOT NULL, 
	PRIMARY KEY (holder, place)
)
 WITHOUT ROWID

;
CREATE TABLE staff_role (
	holder TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	role TEXT NOT NULL, 
	sites TEXT NOT NULL, 
	PRIMARY KEY (holder, place)
)
 WITHOUT ROWID

;
CREATE TABLE training (
	holder TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	training TEXT NOT NULL, 
	given_by TEXT, 
	given BIGINT, 
	ends BIGINT, 
	PRIMARY KEY (holder, place)
)
 WITHOUT ROWID

;

