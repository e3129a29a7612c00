-- Integers, text and bytes only, so that the same queries run on SQLite and PostgreSQL. Amounts are nano-NNET, instants Unix ms.
-- Databases in the field have run this: it does not change any more. What comes later is a step of migrations.rs.

CREATE TABLE IF NOT EXISTS meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- Who may mine. A row without key was registered by a client that knows none; the first key proved for an id keeps it.
CREATE TABLE IF NOT EXISTS contributor (
    id TEXT PRIMARY KEY,
    miner BLOB,
    cpu_cores INTEGER NOT NULL,
    gpu_memory_mb INTEGER NOT NULL,
    gpu_model TEXT,
    registered_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS miner (
    key BLOB PRIMARY KEY,
    contributor TEXT NOT NULL,
    payout TEXT,
    -- Base rewards of closed epochs: what confidence is made of.
    good INTEGER NOT NULL DEFAULT 0,
    bad INTEGER NOT NULL DEFAULT 0,
    units_valid INTEGER NOT NULL DEFAULT 0,
    units_invalid INTEGER NOT NULL DEFAULT 0,
    leases_expired INTEGER NOT NULL DEFAULT 0,
    work INTEGER NOT NULL DEFAULT 0,
    seen_at_ms INTEGER NOT NULL
) STRICT;

-- Single-use: a row is deleted by the session that it opens.
CREATE TABLE IF NOT EXISTS challenge (
    challenge BLOB PRIMARY KEY,
    contributor TEXT NOT NULL,
    miner BLOB NOT NULL,
    payout TEXT,
    expires_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS session (
    id TEXT PRIMARY KEY,
    contributor TEXT NOT NULL,
    miner BLOB,
    started_at_ms INTEGER NOT NULL,
    seen_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER,
    units_valid INTEGER NOT NULL DEFAULT 0,
    earned INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS session_by_contributor ON session (contributor, ended_at_ms);
CREATE INDEX IF NOT EXISTS session_by_miner ON session (miner, ended_at_ms);

-- What the coordinator measured of a lane, and the lease it works on.
CREATE TABLE IF NOT EXISTS lane (
    session TEXT NOT NULL,
    lane INTEGER NOT NULL,
    lease BLOB,
    work_per_s INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (session, lane)
) STRICT;

-- Tasks of keyless clients: copies of units, never paid.
CREATE TABLE IF NOT EXISTS keyless_task (
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    status TEXT NOT NULL,
    unit BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS keyless_task_by_session ON keyless_task (session, status);

CREATE TABLE IF NOT EXISTS block (
    cid TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

-- Which jobs need which blocks: a block goes with the last job that names it.
CREATE TABLE IF NOT EXISTS job_block (
    job INTEGER NOT NULL,
    cid TEXT NOT NULL,
    PRIMARY KEY (job, cid)
) STRICT;
CREATE INDEX IF NOT EXISTS job_block_by_cid ON job_block (cid);

-- Uploaded files, kept as they came until a job needs them no more.
CREATE TABLE IF NOT EXISTS file (
    cid TEXT PRIMARY KEY,
    format TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    used_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS file_piece (
    file TEXT NOT NULL,
    piece INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (file, piece)
) STRICT;

CREATE TABLE IF NOT EXISTS job (
    id INTEGER PRIMARY KEY,
    name TEXT,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    demo INTEGER NOT NULL,
    sponsored INTEGER NOT NULL,
    -- The unit that would hold the whole job; units are runs of its panels.
    template BLOB NOT NULL,
    panels INTEGER NOT NULL,
    cursor INTEGER NOT NULL DEFAULT 0,
    panels_done INTEGER NOT NULL DEFAULT 0,
    panels_leased INTEGER NOT NULL DEFAULT 0,
    units_valid INTEGER NOT NULL DEFAULT 0,
    units_invalid INTEGER NOT NULL DEFAULT 0,
    leases_expired INTEGER NOT NULL DEFAULT 0,
    spent INTEGER NOT NULL DEFAULT 0,
    -- Secret: the seed of the coins for this job's weights, replaced after every reject.
    coin_seed BLOB NOT NULL,
    coin_generation INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS job_by_state ON job (state, id);

-- Panels that came back to their job after a unit expired twice.
CREATE TABLE IF NOT EXISTS returned (
    job INTEGER NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (job, first)
) STRICT;

-- State: leased, waiting (its lease ended, to be leased again as it is), returned, settled, inline (computed here).
CREATE TABLE IF NOT EXISTS unit (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    first INTEGER NOT NULL,
    count INTEGER NOT NULL,
    cid TEXT NOT NULL,
    state TEXT NOT NULL,
    expiries INTEGER NOT NULL DEFAULT 0,
    lease BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS unit_by_job ON unit (job, state, first);
CREATE INDEX IF NOT EXISTS unit_by_cid ON unit (cid);

-- State: live, expired, dropped (its session ended or its job was cancelled), delivered.
CREATE TABLE IF NOT EXISTS lease (
    id BLOB PRIMARY KEY,
    unit INTEGER NOT NULL,
    job INTEGER NOT NULL,
    miner BLOB NOT NULL,
    session TEXT NOT NULL,
    lane INTEGER NOT NULL,
    task TEXT NOT NULL,
    work INTEGER NOT NULL,
    value INTEGER NOT NULL,
    ttl_ms INTEGER NOT NULL,
    issued_at_ms INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    digest BLOB,
    verdict TEXT,
    log_index INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS lease_by_deadline ON lease (state, deadline_ms);
CREATE INDEX IF NOT EXISTS lease_by_task ON lease (task);
CREATE INDEX IF NOT EXISTS lease_by_unit ON lease (unit);
CREATE INDEX IF NOT EXISTS lease_by_session ON lease (session, state);

-- The one valid output of a settled unit, in pieces of at most 1 MiB.
CREATE TABLE IF NOT EXISTS output (
    unit INTEGER NOT NULL,
    piece INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (unit, piece)
) STRICT;

CREATE TABLE IF NOT EXISTS receipt (
    log_index INTEGER PRIMARY KEY,
    lease BLOB NOT NULL UNIQUE,
    miner BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    work INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS receipt_by_time ON receipt (at_ms);
CREATE INDEX IF NOT EXISTS receipt_by_miner ON receipt (miner, log_index);

CREATE TABLE IF NOT EXISTS log_node (
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, place)
) STRICT;

CREATE TABLE IF NOT EXISTS log_head (
    size INTEGER PRIMARY KEY,
    head BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS epoch (
    id INTEGER PRIMARY KEY,
    budget INTEGER NOT NULL,
    value INTEGER NOT NULL DEFAULT 0,
    paid INTEGER NOT NULL DEFAULT 0,
    carried INTEGER NOT NULL DEFAULT 0,
    miners INTEGER NOT NULL DEFAULT 0,
    opened_at_ms INTEGER NOT NULL,
    closed_at_ms INTEGER
) STRICT;

-- A miner's base rewards in an epoch: sponsored work waits for the close, a requester's is paid at once.
CREATE TABLE IF NOT EXISTS share (
    epoch INTEGER NOT NULL,
    miner BLOB NOT NULL,
    sponsored INTEGER NOT NULL DEFAULT 0,
    good INTEGER NOT NULL DEFAULT 0,
    bad INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (epoch, miner)
) STRICT;

-- Balances, each the sum of its transfers. Only issuance may be below zero.
CREATE TABLE IF NOT EXISTS account (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    balance INTEGER NOT NULL
) STRICT;

-- Immutable double entry: at most one transfer for an id.
CREATE TABLE IF NOT EXISTS transfer (
    id TEXT PRIMARY KEY,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    at_ms INTEGER NOT NULL
) STRICT;
