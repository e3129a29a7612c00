-- When a job whose source gave no answer may be tried again, and how often in a row it gave none.
ALTER TABLE job ADD COLUMN resume_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN pauses INTEGER NOT NULL DEFAULT 0;

-- hash_tree/1 cannot tell a missing block from one that could not be fetched. Jobs over data elsewhere go on as hash_tree/2: all
-- that is not settled is cut again. What is settled stays as it is. Such a template has a text key 'source' (0x66 and its letters).
UPDATE job SET kind = 'hash_tree/2'
WHERE kind = 'hash_tree/1' AND state = 'active' AND instr(template, x'66736F75726365') > 0;
UPDATE lease SET state = 'dropped'
WHERE state = 'live' AND job IN (SELECT id FROM job WHERE kind = 'hash_tree/2');
INSERT INTO returned (job, first, count)
SELECT job, first, count FROM unit
WHERE state IN ('waiting', 'leased') AND job IN (SELECT id FROM job WHERE kind = 'hash_tree/2');
UPDATE unit SET state = 'returned'
WHERE state IN ('waiting', 'leased') AND job IN (SELECT id FROM job WHERE kind = 'hash_tree/2');
UPDATE job SET panels_leased = 0 WHERE kind = 'hash_tree/2';
