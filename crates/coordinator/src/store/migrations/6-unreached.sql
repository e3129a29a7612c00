-- Miners that could not decide a job over data elsewhere although the coordinator could, how often in a row, and when they may
-- try that job again.
CREATE TABLE unreached (
    job INTEGER NOT NULL,
    miner BLOB NOT NULL,
    failures INTEGER NOT NULL,
    resume_at_ms INTEGER NOT NULL,
    PRIMARY KEY (job, miner)
) STRICT;
