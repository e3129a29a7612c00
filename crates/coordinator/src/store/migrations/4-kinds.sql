-- What the original calls a job and its copies, where that is not its kind's usual name.
ALTER TABLE job ADD COLUMN task_type TEXT;
ALTER TABLE keyless_task ADD COLUMN task_type TEXT;
-- What intake found out about a job's input, as JSON, for its result.
ALTER TABLE job ADD COLUMN facts TEXT;
-- The kinds that a lane computes, each between commas. Lanes from before computed those.
ALTER TABLE lane ADD COLUMN kinds TEXT NOT NULL DEFAULT ',matmul_i8/1,mlp_i8/1,gradient_i8/1,';
-- What was measured of a lane, kind by kind: work a second.
CREATE TABLE lane_speed (
    session TEXT NOT NULL,
    lane INTEGER NOT NULL,
    kind TEXT NOT NULL,
    work_per_s INTEGER NOT NULL,
    PRIMARY KEY (session, lane, kind)
) STRICT;
INSERT INTO lane_speed (session, lane, kind, work_per_s)
    SELECT session, lane, 'matmul_i8/1', work_per_s FROM lane WHERE work_per_s > 0;
ALTER TABLE lane DROP COLUMN work_per_s;
