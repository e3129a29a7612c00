-- What public reads would have to add up. Triggers keep the figures with every write, so no statement can forget one and a
-- read costs what it answers. The audit counts again. Sums of work and value stay at 2^63 - 1: in SQLite one that leaves 64
-- bits becomes a float, which no column here takes.

CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, value) VALUES
    ('contributors', (SELECT COUNT(*) FROM contributor)),
    ('jobs', (SELECT COUNT(*) FROM job)),
    ('jobs active', (SELECT COUNT(*) FROM job WHERE state = 'active')),
    ('leases expired', (SELECT COALESCE(SUM(leases_expired), 0) FROM job)),
    ('leases live', (SELECT COUNT(*) FROM lease WHERE state = 'live')),
    ('sessions open', (SELECT COUNT(*) FROM session WHERE ended_at_ms IS NULL)),
    ('sessions open without key', (SELECT COUNT(*) FROM session WHERE ended_at_ms IS NULL AND miner IS NULL)),
    -- The sum of when the open ones started.
    ('sessions open since ms', (SELECT COALESCE(SUM(started_at_ms), 0) FROM session WHERE ended_at_ms IS NULL)),
    -- How long those lasted that have ended.
    ('sessions ended ms',
        (SELECT COALESCE(SUM(MAX(ended_at_ms - started_at_ms, 0)), 0) FROM session WHERE ended_at_ms IS NOT NULL)),
    ('transfers', (SELECT COUNT(*) FROM transfer));

CREATE TRIGGER contributor_counted AFTER INSERT ON contributor BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'contributors';
END;
CREATE TRIGGER contributor_discounted AFTER DELETE ON contributor BEGIN
    UPDATE counter SET value = value - 1 WHERE name = 'contributors';
END;

CREATE TRIGGER job_counted AFTER INSERT ON job BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'jobs';
    UPDATE counter SET value = value + (NEW.state = 'active') WHERE name = 'jobs active';
END;
CREATE TRIGGER job_ended AFTER UPDATE OF state ON job WHEN OLD.state = 'active' AND NEW.state <> 'active' BEGIN
    UPDATE counter SET value = value - 1 WHERE name = 'jobs active';
END;
CREATE TRIGGER job_expired AFTER UPDATE OF leases_expired ON job WHEN OLD.leases_expired <> NEW.leases_expired BEGIN
    UPDATE counter SET value = value + (NEW.leases_expired - OLD.leases_expired) WHERE name = 'leases expired';
END;

CREATE TRIGGER lease_counted AFTER INSERT ON lease WHEN NEW.state = 'live' BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'leases live';
END;
CREATE TRIGGER lease_ended AFTER UPDATE OF state ON lease WHEN OLD.state = 'live' AND NEW.state <> 'live' BEGIN
    UPDATE counter SET value = value - 1 WHERE name = 'leases live';
END;

CREATE TRIGGER transfer_counted AFTER INSERT ON transfer BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'transfers';
END;

-- The accounts of each kind, and what they hold together.
CREATE TABLE account_total (
    kind TEXT PRIMARY KEY,
    accounts INTEGER NOT NULL,
    balance INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO account_total (kind, accounts, balance) SELECT kind, COUNT(*), SUM(balance) FROM account GROUP BY kind;
CREATE TRIGGER account_counted AFTER INSERT ON account BEGIN
    INSERT INTO account_total (kind, accounts, balance) VALUES (NEW.kind, 1, NEW.balance)
        ON CONFLICT (kind) DO UPDATE SET accounts = accounts + 1, balance = balance + excluded.balance;
END;
CREATE TRIGGER account_moved AFTER UPDATE OF balance ON account BEGIN
    UPDATE account_total SET balance = balance + (NEW.balance - OLD.balance) WHERE kind = NEW.kind;
END;

-- A contributor's sessions that have ended, in ms. The sessions themselves are deleted some time after their end.
ALTER TABLE contributor ADD COLUMN session_ms INTEGER NOT NULL DEFAULT 0;
UPDATE contributor SET session_ms =
    (SELECT COALESCE(SUM(MAX(ended_at_ms - started_at_ms, 0)), 0) FROM session
     WHERE session.contributor = contributor.id AND ended_at_ms IS NOT NULL);

-- The lanes of a session, and those of all open sessions by the second in which their session was last seen.
ALTER TABLE session ADD COLUMN lanes INTEGER NOT NULL DEFAULT 0;
UPDATE session SET lanes = (SELECT COUNT(*) FROM lane WHERE lane.session = session.id);
CREATE TABLE at_work (
    second INTEGER PRIMARY KEY,
    lanes INTEGER NOT NULL
) STRICT;
INSERT INTO at_work (second, lanes)
    SELECT seen_at_ms / 1000, SUM(lanes) FROM session WHERE ended_at_ms IS NULL AND lanes > 0 GROUP BY seen_at_ms / 1000;

CREATE TRIGGER session_counted AFTER INSERT ON session WHEN NEW.ended_at_ms IS NULL BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'sessions open';
    UPDATE counter SET value = value + (NEW.miner IS NULL) WHERE name = 'sessions open without key';
    UPDATE counter SET value = value + NEW.started_at_ms WHERE name = 'sessions open since ms';
END;
CREATE TRIGGER session_ended AFTER UPDATE OF ended_at_ms ON session
WHEN OLD.ended_at_ms IS NULL AND NEW.ended_at_ms IS NOT NULL BEGIN
    UPDATE counter SET value = value - 1 WHERE name = 'sessions open';
    UPDATE counter SET value = value - (NEW.miner IS NULL) WHERE name = 'sessions open without key';
    UPDATE counter SET value = value - NEW.started_at_ms WHERE name = 'sessions open since ms';
    UPDATE counter SET value = value + MAX(NEW.ended_at_ms - NEW.started_at_ms, 0) WHERE name = 'sessions ended ms';
    UPDATE contributor SET session_ms = session_ms + MAX(NEW.ended_at_ms - NEW.started_at_ms, 0)
        WHERE id = NEW.contributor;
    UPDATE at_work SET lanes = lanes - NEW.lanes WHERE second = NEW.seen_at_ms / 1000;
END;
CREATE TRIGGER session_moved AFTER UPDATE OF started_at_ms ON session
WHEN NEW.ended_at_ms IS NULL AND OLD.started_at_ms <> NEW.started_at_ms BEGIN
    UPDATE counter SET value = value + (NEW.started_at_ms - OLD.started_at_ms) WHERE name = 'sessions open since ms';
END;
CREATE TRIGGER session_seen AFTER UPDATE OF seen_at_ms ON session
WHEN NEW.lanes > 0 AND NEW.ended_at_ms IS NULL AND OLD.seen_at_ms / 1000 <> NEW.seen_at_ms / 1000 BEGIN
    UPDATE at_work SET lanes = lanes - NEW.lanes WHERE second = OLD.seen_at_ms / 1000;
    INSERT INTO at_work (second, lanes) VALUES (NEW.seen_at_ms / 1000, NEW.lanes)
        ON CONFLICT (second) DO UPDATE SET lanes = lanes + excluded.lanes;
END;
CREATE TRIGGER lane_counted AFTER INSERT ON lane BEGIN
    UPDATE session SET lanes = lanes + 1 WHERE id = NEW.session;
    INSERT INTO at_work (second, lanes)
        SELECT seen_at_ms / 1000, 1 FROM session WHERE id = NEW.session AND ended_at_ms IS NULL
        ON CONFLICT (second) DO UPDATE SET lanes = lanes + 1;
END;
CREATE TRIGGER at_work_emptied AFTER UPDATE OF lanes ON at_work WHEN NEW.lanes = 0 BEGIN
    DELETE FROM at_work WHERE second = NEW.second;
END;
CREATE TRIGGER lane_discounted AFTER DELETE ON lane BEGIN
    UPDATE at_work SET lanes = lanes - 1 WHERE second =
        (SELECT seen_at_ms / 1000 FROM session WHERE id = OLD.session AND ended_at_ms IS NULL);
    UPDATE session SET lanes = lanes - 1 WHERE id = OLD.session;
END;

-- All verdicts up to and including a second, and the work of the valid ones: any span is the difference of two rows, and
-- the newest row is the total.
CREATE TABLE tally (
    second INTEGER PRIMARY KEY,
    valid INTEGER NOT NULL,
    invalid INTEGER NOT NULL,
    inconclusive INTEGER NOT NULL,
    too_late INTEGER NOT NULL,
    work INTEGER NOT NULL
) STRICT;
-- The sum of the work is taken in two halves, for a sum that leaves 64 bits is an error.
INSERT INTO tally (second, valid, invalid, inconclusive, too_late, work)
    SELECT second, valid, invalid, inconclusive, too_late,
        (MIN(high + (low >> 31), 4294967295) << 31) | (low & 2147483647)
    FROM (SELECT second, SUM(valid) OVER past AS valid, SUM(invalid) OVER past AS invalid,
            SUM(inconclusive) OVER past AS inconclusive, SUM(too_late) OVER past AS too_late,
            SUM(high) OVER past AS high, SUM(low) OVER past AS low
        FROM (SELECT at_ms / 1000 AS second, SUM(verdict = 'valid') AS valid, SUM(verdict = 'invalid') AS invalid,
                SUM(verdict = 'inconclusive') AS inconclusive, SUM(verdict = 'too_late') AS too_late,
                SUM((verdict = 'valid') * (work >> 31)) AS high, SUM((verdict = 'valid') * (work & 2147483647)) AS low
            FROM receipt GROUP BY at_ms / 1000)
        WINDOW past AS (ORDER BY second));
CREATE TRIGGER receipt_counted AFTER INSERT ON receipt BEGIN
    -- After the clock was set back, what was dated later counts as of now.
    DELETE FROM tally WHERE second > NEW.at_ms / 1000 AND second < (SELECT MAX(second) FROM tally);
    UPDATE OR REPLACE tally SET second = NEW.at_ms / 1000 WHERE second > NEW.at_ms / 1000;
    INSERT INTO tally (second, valid, invalid, inconclusive, too_late, work)
        SELECT NEW.at_ms / 1000, COALESCE(MAX(valid), 0), COALESCE(MAX(invalid), 0), COALESCE(MAX(inconclusive), 0),
            COALESCE(MAX(too_late), 0), COALESCE(MAX(work), 0)
        FROM (SELECT * FROM tally ORDER BY second DESC LIMIT 1) WHERE TRUE
        ON CONFLICT (second) DO NOTHING;
    UPDATE tally SET valid = valid + (NEW.verdict = 'valid'), invalid = invalid + (NEW.verdict = 'invalid'),
        inconclusive = inconclusive + (NEW.verdict = 'inconclusive'), too_late = too_late + (NEW.verdict = 'too_late'),
        work = CASE NEW.verdict WHEN 'valid' THEN MIN(work, 9223372036854775807 - NEW.work) + NEW.work ELSE work END
        WHERE second = NEW.at_ms / 1000;
END;
DROP INDEX receipt_by_time;

-- The base rewards that an epoch's valid outputs earned, the miners that have one, and those of them that had one in the
-- epoch before too.
ALTER TABLE epoch ADD COLUMN good INTEGER NOT NULL DEFAULT 0;
ALTER TABLE epoch ADD COLUMN active INTEGER NOT NULL DEFAULT 0;
ALTER TABLE epoch ADD COLUMN stayed INTEGER NOT NULL DEFAULT 0;
UPDATE epoch SET (good, active, stayed) =
    (SELECT COALESCE(SUM(share.good), 0), COALESCE(SUM(share.good > 0), 0), COALESCE(SUM(share.good > 0 AND EXISTS
        (SELECT 1 FROM share AS past WHERE past.epoch = share.epoch - 1 AND past.miner = share.miner AND past.good > 0)), 0)
     FROM share WHERE share.epoch = epoch.id);
CREATE TRIGGER share_counted AFTER INSERT ON share WHEN NEW.good > 0 BEGIN
    UPDATE epoch SET good = MIN(good, 9223372036854775807 - NEW.good) + NEW.good, active = active + 1, stayed = stayed + EXISTS
        (SELECT 1 FROM share WHERE epoch = NEW.epoch - 1 AND miner = NEW.miner AND good > 0) WHERE id = NEW.epoch;
END;
CREATE TRIGGER share_added AFTER UPDATE OF good ON share WHEN OLD.good <> NEW.good BEGIN
    UPDATE epoch SET good = MIN(good, 9223372036854775807 - (NEW.good - OLD.good)) + (NEW.good - OLD.good)
        WHERE id = NEW.epoch;
    UPDATE epoch SET active = active + 1, stayed = stayed + EXISTS
        (SELECT 1 FROM share WHERE epoch = NEW.epoch - 1 AND miner = NEW.miner AND good > 0)
        WHERE id = NEW.epoch AND OLD.good = 0;
END;

-- The unit of a receipt, so that a unit's receipts are found without its leases.
ALTER TABLE receipt ADD COLUMN unit TEXT NOT NULL DEFAULT '';
UPDATE receipt SET unit =
    COALESCE((SELECT unit.cid FROM lease JOIN unit ON unit.id = lease.unit WHERE lease.id = receipt.lease), '');
CREATE INDEX receipt_by_unit ON receipt (unit, log_index);
CREATE INDEX receipt_by_unit_and_miner ON receipt (unit, miner, log_index);

-- What lists and the writer look for.
CREATE INDEX miner_by_work ON miner (work DESC, contributor);
CREATE INDEX miner_by_age ON miner (seen_at_ms, key);
DROP INDEX session_by_contributor;
CREATE INDEX session_open ON session (contributor, miner) WHERE ended_at_ms IS NULL;
CREATE INDEX session_idle ON session (seen_at_ms) WHERE ended_at_ms IS NULL;
DROP INDEX job_by_state;
-- SQLite finds this one only if the comparison stands here as it does in the query.
CREATE INDEX job_with_work ON job (kind, id) WHERE state = 'active' AND panels > panels_done + panels_leased;
CREATE INDEX lease_live_of_job ON lease (job) WHERE state = 'live';
CREATE INDEX lease_live_of_miner ON lease (miner) WHERE state = 'live';
CREATE INDEX lease_refused ON lease (unit, miner) WHERE verdict IN ('invalid', 'inconclusive');

-- A job's plan, apart from the counters beside it: its bytes are as many as its panels, and a row is written whole.
CREATE TABLE job_template (
    job INTEGER PRIMARY KEY,
    template BLOB NOT NULL
) STRICT;
INSERT INTO job_template (job, template) SELECT id, template FROM job;
ALTER TABLE job DROP COLUMN template;
-- What the plan says of the whole job. Jobs from before get theirs at the next start.
ALTER TABLE job ADD COLUMN input_rows INTEGER;
ALTER TABLE job ADD COLUMN work INTEGER;
ALTER TABLE job ADD COLUMN result_bytes INTEGER;
