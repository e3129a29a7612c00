-- The pool's own database. Integers, text and bytes only: sums are µRTC, scores and weights 1e-6, instants Unix ms.
-- The views at the end have the pool proxy's four tables, with floats, for scripts that read them.

-- Single-use: a row lives until it expires, so that a second use is told from an unknown one.
CREATE TABLE challenge (
    nonce TEXT PRIMARY KEY,
    miner TEXT,
    expires_at_ms INTEGER NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX challenge_by_expiry ON challenge (expires_at_ms);

-- A wallet. One without a key is a claim: anyone may have sent it.
CREATE TABLE member (
    id TEXT PRIMARY KEY,
    public_key BLOB,
    -- The device that counts for it.
    device TEXT,
    label TEXT NOT NULL,
    arch TEXT NOT NULL,
    family TEXT NOT NULL,
    joined_at_ms INTEGER NOT NULL,
    seen_at_ms INTEGER NOT NULL,
    attestations INTEGER NOT NULL DEFAULT 0,
    slots INTEGER NOT NULL DEFAULT 0,
    last_slot INTEGER NOT NULL DEFAULT -1,
    passed INTEGER NOT NULL DEFAULT 0,
    multiplier INTEGER NOT NULL DEFAULT 0,
    score INTEGER NOT NULL DEFAULT 0,
    weight INTEGER NOT NULL DEFAULT 0,
    -- The last verdict by check, as JSON, and why the score is what it is.
    checks TEXT NOT NULL DEFAULT '{}',
    reason TEXT NOT NULL,
    ticket TEXT,
    rewards INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX member_by_seen ON member (seen_at_ms);
CREATE INDEX member_by_slot ON member (last_slot);

CREATE TABLE device (
    id TEXT PRIMARY KEY,
    member TEXT NOT NULL,
    last_slot INTEGER NOT NULL DEFAULT -1,
    -- The hash of its last measurements.
    profile BLOB NOT NULL,
    -- What the operator confirmed by hand.
    family TEXT,
    arch TEXT
) STRICT;

CREATE TABLE attestation (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    member TEXT NOT NULL,
    label TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    -- In 1e-6. The client makes it up; nothing is computed from it.
    entropy INTEGER NOT NULL,
    score INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    counted INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX attestation_by_member ON attestation (member, seq);

-- One attestation a device and slot, and one a wallet and slot.
CREATE TABLE counted (
    device TEXT NOT NULL,
    slot INTEGER NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (device, slot),
    UNIQUE (member, slot)
) STRICT;

-- An epoch's public list as it was signed.
CREATE TABLE epoch (
    epoch INTEGER PRIMARY KEY,
    closed_at_ms INTEGER NOT NULL,
    gross INTEGER NOT NULL,
    fee_bps INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    carry INTEGER NOT NULL,
    total_weight INTEGER NOT NULL,
    members INTEGER NOT NULL,
    list TEXT NOT NULL
) STRICT;

CREATE TABLE share (
    id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    member TEXT NOT NULL,
    fee INTEGER NOT NULL,
    net INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (epoch, member)
) STRICT;

-- The fee from an epoch on.
CREATE TABLE fee (
    from_epoch INTEGER PRIMARY KEY,
    bps INTEGER NOT NULL,
    announced_at_ms INTEGER NOT NULL
) STRICT;

-- Double entry in µRTC. A balance is the sum of what came in less what went out.
CREATE TABLE account (
    name TEXT PRIMARY KEY,
    balance INTEGER NOT NULL
) STRICT;
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    micro INTEGER NOT NULL CHECK (micro > 0),
    epoch INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO counter VALUES ('attestations', 0), ('members', 0), ('claims', 0), ('shared', 0), ('fees', 0);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE VIEW miners AS SELECT
    id AS wallet, label AS device_id, arch AS device_arch, family AS device_family,
    joined_at_ms / 1e3 AS joined_at, seen_at_ms / 1e3 AS last_attestation, attestations AS total_attestations,
    slots * 600.0 AS uptime_seconds, score / 1e6 AS hardware_score, weight / 1e6 AS contribution_weight,
    rewards / 1e6 AS total_rewards FROM member;
CREATE VIEW attestations AS SELECT
    id, member AS miner_wallet, label AS device_id, at_ms / 1e3 AS timestamp, entropy / 1e6 AS entropy_score,
    score / 1e6 AS hardware_score, fingerprint, counted AS is_valid FROM attestation;
CREATE VIEW rewards AS SELECT
    id, epoch, member AS miner_wallet, (net + fee) / 1e6 AS gross_reward, fee / 1e6 AS pool_fee, net / 1e6 AS net_reward,
    at_ms / 1e3 AS distributed_at FROM share;
CREATE VIEW pool_config AS SELECT name AS key, value FROM setting;
