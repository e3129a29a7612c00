-- Pooled members: wallets whose keys the pool holds, what arrived in them, how it was shared, and what was paid out.

-- The score of the slot, if the node or the pool had one; the epoch's score is the mean of them.
ALTER TABLE counted ADD COLUMN score INTEGER;

-- Who joined by proof of a key: a wallet for each device, and the token that speaks for it.
CREATE TABLE joined (
    wallet TEXT PRIMARY KEY,
    -- The address of the member's key.
    member TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('direct', 'pooled')),
    payout TEXT NOT NULL,
    -- SHA-256 of the token.
    token BLOB NOT NULL UNIQUE,
    -- What the member signed, with the signature.
    statement TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'leaving', 'left')),
    joined_at_ms INTEGER NOT NULL,
    leaving_at_ms INTEGER
) STRICT;
CREATE INDEX joined_by_member ON joined (member);

-- The pool's own wallets. Number 0 is the treasury.
CREATE TABLE sub_wallet (
    idx INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    -- The balance at the node, every row of which is booked.
    booked INTEGER NOT NULL DEFAULT 0,
    nonce INTEGER NOT NULL DEFAULT 0,
    read_at_ms INTEGER,
    -- Since when it could not be read.
    failing_at_ms INTEGER,
    -- Why nothing is paid from it.
    doubt TEXT
) STRICT;

-- Rows of the node's history, each once.
CREATE TABLE booked (
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    delta INTEGER NOT NULL,
    PRIMARY KEY (address, name, epoch)
) STRICT;

-- Rewards of an epoch, and the batch in which they were shared.
CREATE TABLE credit (
    address TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    micro INTEGER NOT NULL,
    batch INTEGER,
    PRIMARY KEY (address, epoch)
) STRICT;
CREATE INDEX credit_unshared ON credit (epoch) WHERE batch IS NULL;

-- The weights of pooled devices at an epoch's end. Late credits are shared by them too.
CREATE TABLE weighed (
    epoch INTEGER NOT NULL,
    address TEXT NOT NULL,
    member TEXT NOT NULL,
    score INTEGER NOT NULL,
    slots INTEGER NOT NULL,
    PRIMARY KEY (epoch, address)
) STRICT;

-- A transfer, kept before it is sent, so that an unknown outcome sends the same bytes again.
CREATE TABLE payout (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    -- The sub-wallet that pays.
    address TEXT NOT NULL,
    -- The account that is charged: a member, the fee, the treasury; none for a sweep.
    account TEXT,
    recipient TEXT NOT NULL,
    micro INTEGER NOT NULL CHECK (micro > 0),
    nonce INTEGER NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'pending', 'posted', 'voided')),
    -- What the node said that is no answer yet.
    told TEXT,
    at_ms INTEGER NOT NULL,
    UNIQUE (address, nonce)
) STRICT;
CREATE INDEX payout_open ON payout (address) WHERE state IN ('ready', 'pending');

-- An epoch has a batch 0 at its end, and one more each time something arrived for it.
ALTER TABLE epoch RENAME TO epoch_of_step_1;
CREATE TABLE epoch (
    epoch INTEGER NOT NULL,
    batch INTEGER NOT NULL DEFAULT 0,
    closed_at_ms INTEGER NOT NULL,
    gross INTEGER NOT NULL,
    fee_bps INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    carry INTEGER NOT NULL,
    -- What went to an earlier clawback before anything was shared.
    repaid INTEGER NOT NULL DEFAULT 0,
    total_weight INTEGER NOT NULL,
    members INTEGER NOT NULL,
    list TEXT NOT NULL,
    PRIMARY KEY (epoch, batch)
) STRICT;
INSERT INTO epoch (epoch, closed_at_ms, gross, fee_bps, fee, carry, total_weight, members, list)
    SELECT epoch, closed_at_ms, gross, fee_bps, fee, carry, total_weight, members, list FROM epoch_of_step_1;
DROP TABLE epoch_of_step_1;

DROP VIEW rewards;
ALTER TABLE share RENAME TO share_of_step_1;
CREATE TABLE share (
    id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    batch INTEGER NOT NULL DEFAULT 0,
    member TEXT NOT NULL,
    address TEXT NOT NULL,
    fee INTEGER NOT NULL,
    net INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (epoch, batch, address)
) STRICT;
INSERT INTO share (id, epoch, member, address, fee, net, at_ms)
    SELECT id, epoch, member, member, fee, net, at_ms FROM share_of_step_1;
DROP TABLE share_of_step_1;
CREATE VIEW rewards AS SELECT
    id, epoch, address AS miner_wallet, (net + fee) / 1e6 AS gross_reward, fee / 1e6 AS pool_fee, net / 1e6 AS net_reward,
    at_ms / 1e3 AS distributed_at FROM share;
