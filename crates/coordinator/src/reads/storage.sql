-- Fills the tables of storage, which are younger than the rest of the history, with as much of it: pins, pieces and replicas for
-- every fifth receipt, a holder for every hundredth. The first holder has a large part of the replicas.
CREATE TEMP TABLE stored AS
    WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < (SELECT n / 5 FROM size))
    SELECT i, CASE WHEN i % 2 THEN 0 ELSE 100 + i / 2 % (SELECT n / 100 FROM size) END AS holder FROM numbers;

INSERT INTO storage_pin (id, name, root, bytes, pieces, replicas, state, sponsored, price, held, keys, networks, copies, ends_at_ms)
    SELECT i, 'archive', printf('bafy%040d', i), 64, 1, 1, CASE WHEN i % 4 THEN 'active' ELSE 'ended' END, 1, 1000, 1, 1, 1, 1,
        (SELECT now_ms + 1000000000 FROM size) FROM stored;
-- Half of what is active lacks replicas; every hundredth piece is asked back.
INSERT INTO storage_piece (id, pin, place, cid, bytes, next_copy, missing, wanted)
    SELECT i, i, 0, (SELECT piece FROM size), 64, 1, i % 4 = 1, i % 100 = 2 FROM stored;
INSERT INTO storage_part (piece, part, bytes) SELECT i, 0, zeroblob(64) FROM stored WHERE i % 100 <> 2;
INSERT INTO storage_replica (id, pin, piece, copy, miner, root, bytes, state, address_block, assigned_at_ms, wanted, asked_window,
        passed_window)
    SELECT i, i, i, 0, CAST(printf('%033x', holder) AS BLOB), CAST(printf('%032x', i) AS BLOB), 64,
        CASE WHEN i % 4 = 0 THEN 'ended' WHEN i % 8 = 7 THEN 'lost' ELSE 'held' END, x'7f', 1,
        i % 100 = 2, i % 1000, i % 1000 FROM stored;
INSERT INTO storage_holder (key, contributor, held_bytes, replicas, began_at_ms, due_window, asked, passed, score, seen_at_ms)
    SELECT CAST(printf('%033x', holder) AS BLOB), printf('c%08d', holder), SUM(bytes), COUNT(*), 1, 1000, 1, 100, holder * 1000,
        (SELECT now_ms - 1000 FROM size)
    FROM stored JOIN storage_replica ON storage_replica.id = i GROUP BY holder;
INSERT INTO storage_report (miner, said, at_ms) SELECT contributor, (SELECT said FROM size), 1 FROM storage_holder;
INSERT INTO storage_holdings (cid, bytes) SELECT printf('bafy%040d', i), x'80' FROM stored;
INSERT INTO storage_lease (id, miner, cid, unit, held_window, held_bytes, work, value, ttl_ms, deadline_ms, state, digest, verdict)
    SELECT CAST(printf('stor%012x', i) AS BLOB), CAST(printf('%033x', holder) AS BLOB), printf('bafz%040d', i), x'80', i, 64, 1, 1,
        30000, 1, CASE WHEN i % 10 THEN 'answered' ELSE 'failed' END, x'00', CASE WHEN i % 10 THEN 'valid' END FROM stored;

-- Three holders with open sessions: one is asked to give a replica back, one's challenge is due, one's replica is on its way.
INSERT INTO storage_holder (key, contributor, held_bytes, replicas, began_at_ms, due_window, due_at_ms, asked, seen_at_ms)
    SELECT key, contributor, 64, 1, (SELECT now_ms - 1000 FROM size), 0, (SELECT now_ms - 10 FROM size),
        contributor <> 'c00000012', 1
    FROM miner WHERE contributor IN ('c00000022', 'c00000012', 'c00000032');
INSERT INTO storage_replica (pin, piece, copy, miner, root, bytes, state, assigned_at_ms, wanted)
    SELECT 1, 1, CAST(substr(contributor, 2) AS INTEGER), key, CAST('root' || printf('%028d', substr(contributor, 2)) AS BLOB), 64,
        CASE contributor WHEN 'c00000032' THEN 'assigned' ELSE 'held' END, (SELECT now_ms FROM size), contributor = 'c00000022'
    FROM storage_holder WHERE score = 0 AND contributor IN ('c00000022', 'c00000012', 'c00000032');
DROP TABLE stored;
