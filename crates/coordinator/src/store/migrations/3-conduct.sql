-- What a miner's record allows it. No row: a miner that has done nothing yet.
CREATE TABLE conduct (
    miner BLOB PRIMARY KEY,
    -- Leases that it may have under way.
    in_flight INTEGER NOT NULL,
    -- The sequential test's logarithm, in millionths.
    suspicion INTEGER NOT NULL,
    quarantines INTEGER NOT NULL,
    quarantined_until_ms INTEGER NOT NULL
) STRICT;

-- What is cleaned up is found by its age.
CREATE INDEX contributor_by_age ON contributor (registered_at_ms);
CREATE INDEX challenge_by_expiry ON challenge (expires_at_ms);
CREATE INDEX session_without_unit ON session (ended_at_ms) WHERE units_valid = 0;
