-- Fills a database of version 4 with a long history. `size.n` is the number of receipts; everything else grows with it. The
-- first unit, the first miner and the first contributor have a large part of it all.
CREATE TEMP TABLE history AS
    WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < (SELECT n FROM size))
    SELECT i, CASE WHEN i % 10 = 3 OR i % 100 = 0 THEN 0 ELSE 1 + i % (SELECT n / 100 + 7 FROM size) END AS miner,
        CASE WHEN i % 10 = 0 THEN 0 ELSE i % (SELECT n / 10 FROM size) END AS unit,
        (SELECT now_ms - (n - i) * MAX(20, 7200000 / n) FROM size) AS at_ms,
        CAST(printf('%016x', i) AS BLOB) AS lease FROM numbers;

INSERT INTO receipt (log_index, lease, miner, epoch, verdict, work, at_ms, bytes)
    SELECT i, lease, CAST(printf('%033x', miner) AS BLOB), i / 20,
        CASE i % 50 WHEN 7 THEN 'invalid' WHEN 8 THEN 'too_late' WHEN 9 THEN 'inconclusive' ELSE 'valid' END,
        1099511627776, at_ms, x'' FROM history;
INSERT INTO lease (id, unit, job, miner, session, lane, task, work, value, ttl_ms, issued_at_ms, deadline_ms, state,
        digest, verdict, log_index)
    SELECT receipt.lease, unit, 1, receipt.miner, printf('s%08d', i / 5), 0, printf('t%08d', i), work, 1000, 30000,
        history.at_ms - 1000, history.at_ms + 29000, 'delivered', x'00', verdict, i
    FROM history JOIN receipt ON log_index = i;
INSERT INTO unit (id, job, first, count, cid, state)
    SELECT i, 1, 8 * i, 8, printf('bafy%040d', i), 'settled' FROM history WHERE i < (SELECT n / 10 FROM size);
-- Of the log's subtrees, the large ones and those of the newest receipts: no proof that is asked for needs another.
INSERT INTO log_node (level, place, hash)
    WITH RECURSIVE levels (level) AS (SELECT 0 UNION ALL SELECT level + 1 FROM levels WHERE level < 24)
    SELECT level, i, zeroblob(32) FROM levels JOIN history ON i < ((SELECT n FROM size) >> level)
        AND (level >= 8 OR i >= ((SELECT n - 20000 FROM size) >> level)) ORDER BY level, i;

-- A fifth as many sessions, most of them over; some leases that are live.
INSERT INTO session (id, contributor, miner, started_at_ms, seen_at_ms, ended_at_ms, units_valid)
    SELECT printf('s%08d', i), CASE WHEN i % 10 = 3 THEN 'c00000000' ELSE printf('c%08d', miner) END,
        CASE WHEN i % 40 <> 1 THEN CAST(printf('%033x', miner) AS BLOB) END, at_ms - 60000,
        CASE WHEN i % 10 = 1 THEN (SELECT now_ms - i % 5000 FROM size) ELSE at_ms END,
        CASE WHEN i % 10 <> 1 THEN at_ms + 1000 END, i % 2
    FROM history WHERE i < (SELECT n / 5 FROM size);
INSERT INTO lane (session, lane) SELECT id, 0 FROM session WHERE ended_at_ms IS NULL AND miner IS NOT NULL;
INSERT INTO lane_speed (session, lane, kind, work_per_s) SELECT session, lane, 'matmul_i8/1', 1000000000 FROM lane;
INSERT INTO lease (id, unit, job, miner, session, lane, task, work, value, ttl_ms, issued_at_ms, deadline_ms, state)
    SELECT CAST('live' || substr(id, 2) || '0000' AS BLOB), 1000000000 + rowid, 2, miner, id, 0, 't' || id, 1000, 10,
        30000, started_at_ms, started_at_ms + 1000000000, 'live'
    FROM session WHERE ended_at_ms IS NULL AND miner IS NOT NULL;
INSERT INTO lease (id, unit, job, miner, session, lane, task, work, value, ttl_ms, issued_at_ms, deadline_ms, state)
    SELECT CAST('over' || substr(id, 2) || '0000' AS BLOB), 2000000000 + rowid % 1000, 2, miner, id, 0, 'o' || id, 1000, 10,
        30000, started_at_ms, started_at_ms + 30000, 'expired'
    FROM session WHERE ended_at_ms IS NOT NULL AND miner IS NOT NULL;
INSERT INTO unit (id, job, first, count, cid, state)
    SELECT unit, 2, unit, 1, printf('bafz%040d', unit), 'leased' FROM lease WHERE state = 'live';

INSERT INTO contributor (id, miner, cpu_cores, gpu_memory_mb, registered_at_ms)
    SELECT DISTINCT contributor, NULL, 8, 0, 1 FROM session;
INSERT INTO miner (key, contributor, good, units_valid, work, seen_at_ms)
    SELECT CAST(printf('%033x', i) AS BLOB), printf('c%08d', i), 1000, i, i * 1000000, at_ms
    FROM history WHERE i <= (SELECT n / 100 + 7 FROM size);
UPDATE contributor SET miner = CAST(printf('%033x', CAST(substr(id, 2) AS INTEGER)) AS BLOB);
INSERT INTO account (id, kind, balance) SELECT 'miner:' || lower(hex(key)), 'miner', 1000 FROM miner;
INSERT INTO transfer (id, debit, credit, amount, at_ms)
    SELECT printf('epoch:%d:%d', i / 20, i), 'budget', printf('miner:%d', miner), 1, at_ms FROM history;
INSERT INTO epoch (id, budget, value, opened_at_ms, closed_at_ms)
    SELECT i, 1000000, 20, (SELECT now_ms - (n / 20 - i) * 400 FROM size), 1 FROM history WHERE i <= (SELECT n / 20 FROM size);
UPDATE epoch SET closed_at_ms = NULL WHERE id = (SELECT MAX(id) FROM epoch);
-- The two newest epochs have a tenth of all as shares.
INSERT OR IGNORE INTO share (epoch, miner, sponsored, good) SELECT i / 20, CAST(printf('%033x', miner) AS BLOB), 1, 1 FROM history;
INSERT INTO share (epoch, miner, sponsored, good)
    SELECT (SELECT MAX(id) FROM epoch) - i % 2, CAST('active' || printf('%027d', i / 4) AS BLOB), 1, 1
    FROM history WHERE i < (SELECT n / 10 FROM size) AND i % 4 < 2;

-- Job 1 is done; the others are active, all but the last without anything left to lease.
INSERT INTO job (id, kind, state, demo, sponsored, template, panels, cursor, panels_done, panels_leased, coin_seed,
        created_at_ms)
    SELECT i + 1, 'matmul_i8/1', CASE i WHEN 0 THEN 'done' ELSE 'active' END, 1, 1, (SELECT template FROM size), 8, 8,
        CASE WHEN i = 0 OR i % 2 THEN 8 ELSE 0 END, CASE WHEN i = 0 OR i % 2 THEN 0 ELSE 8 END, zeroblob(32), 1
    FROM history WHERE i < (SELECT n / 40 FROM size);
INSERT INTO job (kind, state, demo, sponsored, template, panels, coin_seed, created_at_ms)
    SELECT 'matmul_i8/1', 'active', 1, 1, template, 8, zeroblob(32), 1 FROM size;
INSERT INTO account (id, kind, balance) SELECT printf('escrow:%d', id), 'escrow', 0 FROM job;
DROP TABLE history;
