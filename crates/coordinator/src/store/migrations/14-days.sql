-- What was verified and paid by day (UTC), kept with every write, so that a chart costs what it shows. Sums of work stay at
-- 2^63 - 1, as in step 8.
CREATE TABLE work_day (
    day INTEGER PRIMARY KEY,
    units INTEGER NOT NULL,
    work INTEGER NOT NULL,
    paid INTEGER NOT NULL
) STRICT;
INSERT INTO work_day (day, units, work, paid)
    SELECT day, units, (MIN(high + (low >> 31), 4294967295) << 31) | (low & 2147483647), 0
    FROM (SELECT at_ms / 86400000 AS day, COUNT(*) AS units, SUM(work >> 31) AS high, SUM(work & 2147483647) AS low
          FROM receipt WHERE verdict = 'valid' GROUP BY at_ms / 86400000);
CREATE TRIGGER receipt_of_day AFTER INSERT ON receipt WHEN NEW.verdict = 'valid' BEGIN
    INSERT INTO work_day (day, units, work, paid) VALUES (NEW.at_ms / 86400000, 1, NEW.work, 0)
        ON CONFLICT (day) DO UPDATE SET units = units + 1,
            work = MIN(work, 9223372036854775807 - excluded.work) + excluded.work;
END;

-- What each miner was paid by day, for 90 days.
CREATE TABLE paid_day (
    account TEXT NOT NULL,
    day INTEGER NOT NULL,
    paid INTEGER NOT NULL,
    PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;
INSERT INTO paid_day (account, day, paid)
    SELECT credit, at_ms / 86400000, SUM(amount) FROM transfer WHERE credit LIKE 'miner:%' GROUP BY credit, at_ms / 86400000;
INSERT INTO work_day (day, units, work, paid) SELECT day, 0, 0, SUM(paid) FROM paid_day WHERE TRUE GROUP BY day
    ON CONFLICT (day) DO UPDATE SET paid = excluded.paid;
CREATE TRIGGER transfer_of_day AFTER INSERT ON transfer WHEN NEW.credit LIKE 'miner:%' BEGIN
    INSERT INTO work_day (day, units, work, paid) VALUES (NEW.at_ms / 86400000, 0, 0, NEW.amount)
        ON CONFLICT (day) DO UPDATE SET paid = paid + excluded.paid;
    DELETE FROM paid_day WHERE account = NEW.credit AND day < NEW.at_ms / 86400000 - 90;
    INSERT INTO paid_day (account, day, paid) VALUES (NEW.credit, NEW.at_ms / 86400000, NEW.amount)
        ON CONFLICT (account, day) DO UPDATE SET paid = paid + excluded.paid;
END;

-- The name under which a key is listed, if it chose one, and the counter of its last choice.
ALTER TABLE miner ADD COLUMN name TEXT;
ALTER TABLE miner ADD COLUMN name_counter INTEGER NOT NULL DEFAULT 0;
CREATE INDEX miner_named ON miner (work DESC, key) WHERE name IS NOT NULL;
