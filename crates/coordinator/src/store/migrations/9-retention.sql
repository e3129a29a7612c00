-- What has ended is deleted in batches some time later (operate/retention.rs). Each batch finds its rows by an index and
-- visits no others.

-- Whether a job's result is kept. Its rows go one batch after the other, so this says at once that it is gone.
ALTER TABLE job ADD COLUMN kept INTEGER NOT NULL DEFAULT 1;
CREATE INDEX job_kept ON job (ended_at_ms) WHERE kept = 1 AND ended_at_ms IS NOT NULL;
-- Jobs whose outputs and blocks are being deleted. The outputs of units before `first` are gone.
CREATE TABLE forgotten_job (
    job INTEGER PRIMARY KEY,
    first INTEGER NOT NULL DEFAULT 0
) STRICT;
-- Uploaded files whose pieces are being deleted.
CREATE TABLE forgotten_file (
    file TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE INDEX file_by_age ON file (used_at_ms);

CREATE INDEX session_by_end ON session (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
DROP INDEX session_without_unit;
DROP INDEX session_by_miner;
CREATE INDEX session_open_of_miner ON session (miner) WHERE ended_at_ms IS NULL;
CREATE INDEX contributor_unproved ON contributor (registered_at_ms) WHERE miner IS NULL;
CREATE INDEX contributor_by_miner ON contributor (miner) WHERE miner IS NOT NULL;
DROP INDEX contributor_by_age;
CREATE INDEX miner_unproven ON miner (seen_at_ms) WHERE units_valid = 0;
