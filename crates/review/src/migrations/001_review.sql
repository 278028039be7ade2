-- Times are milliseconds since 1970 in UTC, amounts integers of 1/10,000 of a currency unit.
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE positions (
    topic       TEXT NOT NULL,
    partition   INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) STRICT;

CREATE TABLE codes (
    code        TEXT PRIMARY KEY,
    spelling    TEXT NOT NULL,
    partner_id  TEXT NOT NULL,
    merchant    TEXT NOT NULL,
    marketplace TEXT,
    body        TEXT NOT NULL
) STRICT;
CREATE INDEX codes_partner ON codes (partner_id);
CREATE INDEX codes_merchant ON codes (merchant);

-- Rows stay small, because lists walk over them; the whole of a flag is in its revisions.
CREATE TABLE flags (
    flag_id         TEXT PRIMARY KEY,
    rev             INTEGER NOT NULL,
    code            TEXT NOT NULL,
    spelling        TEXT NOT NULL,
    partner_id      TEXT,
    merchant        TEXT,
    marketplace     TEXT,
    kind            TEXT NOT NULL,
    state           TEXT NOT NULL,
    score           REAL NOT NULL,
    score_max       REAL NOT NULL,
    opened_ms       INTEGER NOT NULL,
    updated_ms      INTEGER NOT NULL,
    onset_ms        INTEGER NOT NULL,
    onset_low_ms    INTEGER NOT NULL,
    onset_high_ms   INTEGER NOT NULL,
    leaked          REAL NOT NULL,
    leaked_low      REAL NOT NULL,
    leaked_high     REAL NOT NULL,
    commission      INTEGER,
    commission_low  INTEGER,
    commission_high INTEGER,
    currency        TEXT NOT NULL,
    -- Expected leaked commission of the last 24 hours.
    leaking         INTEGER NOT NULL DEFAULT 0,
    claimed_by      TEXT,
    claimed_until_ms INTEGER,
    decisions       INTEGER NOT NULL DEFAULT 0,
    outcome         TEXT,
    decided_ms      INTEGER
) STRICT;
CREATE INDEX flags_code ON flags (code);
CREATE INDEX flags_partner ON flags (partner_id);
CREATE INDEX flags_merchant ON flags (merchant);
-- The queue: what is open and undecided, the dearest first.
CREATE INDEX flags_queue ON flags (leaking DESC, commission DESC, score DESC, flag_id)
    WHERE state <> 'cleared' AND outcome IS NULL;
-- Answers the sums above the queue without touching a row.
CREATE INDEX flags_sums ON flags (currency, leaking, commission, claimed_by, claimed_until_ms, merchant)
    WHERE state <> 'cleared' AND outcome IS NULL;
CREATE INDEX flags_updated ON flags (updated_ms);

CREATE TABLE flag_revisions (
    flag_id TEXT NOT NULL,
    rev     INTEGER NOT NULL,
    ts      INTEGER NOT NULL,
    state   TEXT NOT NULL,
    score   REAL NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (flag_id, rev)
) STRICT, WITHOUT ROWID;

CREATE TABLE flag_evidence (
    flag_id   TEXT NOT NULL,
    signal    TEXT NOT NULL,
    decibans  REAL,
    abstained TEXT,
    PRIMARY KEY (flag_id, signal)
) STRICT, WITHOUT ROWID;

CREATE TABLE flag_hosts (
    host    TEXT NOT NULL,
    flag_id TEXT NOT NULL,
    PRIMARY KEY (host, flag_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE hours (
    code      TEXT NOT NULL,
    hour      INTEGER NOT NULL,
    rev       INTEGER NOT NULL,
    clicks    INTEGER NOT NULL,
    visitors  INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    paid      INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    returned  INTEGER NOT NULL,
    rejected  INTEGER NOT NULL,
    clickless INTEGER NOT NULL,
    customers INTEGER NOT NULL,
    PRIMARY KEY (code, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    code       TEXT NOT NULL,
    ts         INTEGER NOT NULL,
    merchant   TEXT NOT NULL,
    order_id   TEXT NOT NULL,
    amount     INTEGER NOT NULL,
    currency   TEXT NOT NULL,
    commission INTEGER,
    p_leak     REAL NOT NULL,
    by_coupon_site REAL,
    by_extension   REAL,
    by_insider     REAL,
    flag_id    TEXT,
    PRIMARY KEY (code, merchant, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_time ON orders (code, ts, p_leak, commission);

CREATE TABLE dead_letters (
    id     INTEGER PRIMARY KEY,
    seen_ms INTEGER NOT NULL,
    error  TEXT NOT NULL,
    field  TEXT,
    source TEXT NOT NULL,
    place  TEXT NOT NULL,
    raw    BLOB NOT NULL,
    UNIQUE (source, place)
) STRICT;

CREATE TABLE decisions (
    id           INTEGER PRIMARY KEY,
    flag_id      TEXT NOT NULL,
    rev          INTEGER NOT NULL,
    code         TEXT NOT NULL,
    ts           INTEGER NOT NULL,
    actor        TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    worth        INTEGER,
    note         TEXT,
    hold_from_ms INTEGER,
    held         INTEGER,
    currency     TEXT,
    body         TEXT NOT NULL,
    published_ms INTEGER
) STRICT;
CREATE INDEX decisions_flag ON decisions (flag_id);
CREATE INDEX decisions_outbox ON decisions (id) WHERE published_ms IS NULL;

CREATE TABLE notes (
    id     INTEGER PRIMARY KEY,
    code   TEXT NOT NULL,
    ts     INTEGER NOT NULL,
    author TEXT NOT NULL,
    text   TEXT NOT NULL
) STRICT;
CREATE INDEX notes_code ON notes (code);

CREATE TABLE users (
    name     TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    role     TEXT NOT NULL,
    merchant TEXT,
    disabled INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY,
    user       TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user);

CREATE TABLE audit (
    seq    INTEGER PRIMARY KEY,
    utc_ms INTEGER NOT NULL,
    actor  TEXT NOT NULL,
    role   TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    prev   TEXT NOT NULL,
    hash   TEXT NOT NULL
) STRICT;
