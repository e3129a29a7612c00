-- What is stored with miners: pins, cut into pieces, each with replicas that a holder has. `held`, `keys`, `networks` and
-- `copies` count its replicas, who holds them, and the pieces of which the coordinator has a copy.
CREATE TABLE storage_pin (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    root TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    pieces INTEGER NOT NULL,
    replicas INTEGER NOT NULL,
    state TEXT NOT NULL,
    sponsored INTEGER NOT NULL,
    price INTEGER NOT NULL,
    spent INTEGER NOT NULL DEFAULT 0,
    lost INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    keys INTEGER NOT NULL DEFAULT 0,
    networks INTEGER NOT NULL DEFAULT 0,
    copies INTEGER NOT NULL DEFAULT 0,
    ends_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX storage_pin_active ON storage_pin (ends_at_ms) WHERE state = 'active';

-- `missing` replicas are still to be handed out; `wanted` pieces are asked back from their holders.
CREATE TABLE storage_piece (
    id INTEGER PRIMARY KEY,
    pin INTEGER NOT NULL,
    place INTEGER NOT NULL,
    cid TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    next_copy INTEGER NOT NULL DEFAULT 0,
    missing INTEGER NOT NULL,
    wanted INTEGER NOT NULL DEFAULT 0,
    UNIQUE (pin, place)
) STRICT;
CREATE INDEX storage_piece_missing ON storage_piece (bytes DESC, id) WHERE missing > 0;

-- The coordinator's own copy of a piece.
CREATE TABLE storage_part (
    piece INTEGER NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (piece, part)
) STRICT;

-- The windows are those of its holder: the last in which it was asked about, and the last that it passed. `wanted` ones are to be
-- given back.
CREATE TABLE storage_replica (
    id INTEGER PRIMARY KEY,
    pin INTEGER NOT NULL,
    piece INTEGER NOT NULL,
    copy INTEGER NOT NULL,
    miner BLOB NOT NULL,
    root BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    state TEXT NOT NULL,
    address_block BLOB,
    assigned_at_ms INTEGER NOT NULL,
    wanted INTEGER NOT NULL DEFAULT 0,
    asked_window INTEGER,
    passed_window INTEGER,
    UNIQUE (piece, copy)
) STRICT;
CREATE INDEX storage_replica_of_miner ON storage_replica (miner, state, id);
CREATE INDEX storage_replica_asked ON storage_replica (miner, asked_window);
CREATE INDEX storage_replica_wanted ON storage_replica (miner, id) WHERE wanted = 1;
CREATE INDEX storage_replica_by_root ON storage_replica (root);
CREATE INDEX storage_replica_of_piece ON storage_replica (piece, state);
CREATE INDEX storage_replica_assigned ON storage_replica (assigned_at_ms) WHERE state = 'assigned';

-- A key that holds replicas. `due_window` is the window whose secret moment is `due_at_ms`.
CREATE TABLE storage_holder (
    key BLOB PRIMARY KEY,
    contributor TEXT NOT NULL,
    held_bytes INTEGER NOT NULL DEFAULT 0,
    replicas INTEGER NOT NULL DEFAULT 0,
    began_at_ms INTEGER,
    due_window INTEGER NOT NULL DEFAULT -1,
    due_at_ms INTEGER NOT NULL DEFAULT 0,
    asked INTEGER NOT NULL DEFAULT 0,
    passed_window INTEGER NOT NULL DEFAULT -2,
    lease BLOB,
    streak INTEGER NOT NULL DEFAULT 0,
    days INTEGER NOT NULL DEFAULT 0,
    draws INTEGER NOT NULL DEFAULT 0,
    failed_in_row INTEGER NOT NULL DEFAULT 0,
    passed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    missed INTEGER NOT NULL DEFAULT 0,
    score INTEGER NOT NULL DEFAULT 0,
    seen_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX storage_holder_by_score ON storage_holder (score DESC, key);
CREATE INDEX storage_holder_seen ON storage_holder (seen_at_ms) WHERE held_bytes > 0;

CREATE TABLE storage_holdings (
    cid TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Leases of challenges. They are never renewed, and nobody else gets them.
CREATE TABLE storage_lease (
    id BLOB PRIMARY KEY,
    miner BLOB NOT NULL,
    cid TEXT NOT NULL,
    unit BLOB NOT NULL,
    held_window INTEGER NOT NULL,
    held_bytes INTEGER NOT NULL,
    work INTEGER NOT NULL,
    value INTEGER NOT NULL,
    ttl_ms INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    digest BLOB,
    verdict TEXT
) STRICT;
CREATE INDEX storage_lease_live ON storage_lease (deadline_ms) WHERE state = 'live';
CREATE INDEX storage_lease_of_unit ON storage_lease (cid);

-- The newest report of each original miner, as said.
CREATE TABLE storage_report (
    miner TEXT PRIMARY KEY,
    said TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX storage_report_by_time ON storage_report (at_ms);
