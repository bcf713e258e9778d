-- The journal of one gateway: what happened, what followed from it, and how far the outbox got.
-- Times are microseconds since 1970-01-01 UTC. JSON columns hold what gateway.core.facts defines.

CREATE TABLE IF NOT EXISTS journal (      -- one row an event, in the order of the engine
    n        INTEGER PRIMARY KEY,         -- given by the service, without holes
    site     TEXT    NOT NULL,
    device   TEXT,                        -- NULL: a tick, a directory change, a new space file
    kind     TEXT    NOT NULL,            -- the event's type: credential, door, crossing, tick, ...
    at       INTEGER NOT NULL,            -- the event's own time
    received INTEGER NOT NULL,            -- our clock: the engine's `now`
    event    TEXT    NOT NULL,            -- JSON: the event, badge numbers as keyed hashes
    facts    TEXT    NOT NULL             -- JSON array: all that the engine said
);

CREATE INDEX IF NOT EXISTS journal_space ON journal (site, n) WHERE kind = 'space';
CREATE INDEX IF NOT EXISTS journal_request ON journal (site, n) WHERE kind = 'request';
-- What people look for months later. A query must say one of these terms word by word.
CREATE INDEX IF NOT EXISTS journal_notable ON journal (site, n)
    WHERE instr(facts, '"fact":"Alarm') OR instr(facts, '"fact":"Noticed"');

CREATE TABLE IF NOT EXISTS decision (     -- one row a credential event: what the reader was told
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
CREATE INDEX IF NOT EXISTS decision_pending ON decision (n) WHERE handover = 'pending';
CREATE INDEX IF NOT EXISTS decision_log ON decision (site, at, access_point, decision, reason);
CREATE INDEX IF NOT EXISTS decision_holder ON decision (holder, at) WHERE holder IS NOT NULL;

CREATE TABLE IF NOT EXISTS run (          -- one row a start of the gateway; the newest are kept
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    boot TEXT                             -- the operating system's run; NULL: it does not tell
);

CREATE TABLE IF NOT EXISTS snapshot (     -- the engine's state after row n; the newest few are kept
    n         INTEGER NOT NULL,
    site      TEXT    NOT NULL,
    state     BLOB    NOT NULL,           -- msgpack, without the directory
    PRIMARY KEY (n, site)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS directory_snapshot (
    n         INTEGER NOT NULL,
    site      TEXT    NOT NULL,
    directory BLOB    NOT NULL,           -- msgpack
    PRIMARY KEY (n, site)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS dead_letter (  -- what could not be understood; bounded, oldest go first
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    received INTEGER NOT NULL,
    source   TEXT    NOT NULL,            -- mqtt | influx
    topic    TEXT    NOT NULL,
    reason   TEXT    NOT NULL,            -- a short code
    detail   TEXT    NOT NULL,            -- what would be right
    size     INTEGER NOT NULL,            -- bytes of the original
    payload  TEXT    NOT NULL             -- its beginning, badge numbers and PINs masked
);

CREATE TABLE IF NOT EXISTS outbox (       -- how far each reader of the journal got
    name TEXT PRIMARY KEY,
    n    INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS occupancy_1m ( -- the same names and numbers as in InfluxDB
    site TEXT    NOT NULL,
    zone TEXT    NOT NULL,
    time INTEGER NOT NULL,                -- the minute's start
    mean REAL    NOT NULL,
    min  INTEGER NOT NULL,
    max  INTEGER NOT NULL,
    PRIMARY KEY (site, zone, time)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS access_past (  -- decisions that were purged, as counts
    site         TEXT    NOT NULL,
    access_point TEXT    NOT NULL,        -- '': none
    decision     TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    time         INTEGER NOT NULL,        -- the UTC day's start
    month        TEXT    NOT NULL,        -- the site's local month, 2026-11: what a report sums
    count        INTEGER NOT NULL,
    PRIMARY KEY (site, time, month, access_point, decision, reason)
) WITHOUT ROWID;

CREATE VIEW IF NOT EXISTS access_1d AS    -- decisions a day (UTC days), purged or not
    SELECT site, access_point, decision, reason, time, sum(count) AS count FROM (
        SELECT site, access_point, decision, reason, at / 86400000000 * 86400000000 AS time,
               count(*) AS count
        FROM decision GROUP BY site, access_point, decision, reason, at / 86400000000
        UNION ALL
        SELECT site, nullif(access_point, ''), decision, reason, time, count FROM access_past)
    GROUP BY site, access_point, decision, reason, time;

CREATE TABLE IF NOT EXISTS visits_past (  -- a local month's own figures, from before its purge
    site     TEXT NOT NULL,
    month    TEXT NOT NULL,
    visitors INTEGER,                     -- NULL: too few to tell
    stay_s   REAL,
    PRIMARY KEY (site, month)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS purged (       -- one row: what is no more
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    n        INTEGER NOT NULL,            -- rows up to here name nobody
    received INTEGER NOT NULL,            -- of row n
    ran      INTEGER NOT NULL             -- when the last purge ended
);

CREATE TABLE IF NOT EXISTS erasure (      -- words to write over while somebody is erased
    holder  TEXT    NOT NULL,             -- the pseudonym that is to go
    word    TEXT    NOT NULL,             -- it, or a hash of a badge or PIN of theirs
    nobody  TEXT    NOT NULL,             -- drawn at random, of the same length
    reached INTEGER NOT NULL,             -- rows up to here are done
    PRIMARY KEY (holder, word)
) WITHOUT ROWID;
