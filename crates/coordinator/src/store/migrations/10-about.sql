-- What a job is for and for whom, in its requester's words. Older jobs say nothing.
ALTER TABLE job ADD COLUMN description TEXT;
ALTER TABLE job ADD COLUMN requester TEXT;
ALTER TABLE job ADD COLUMN link TEXT;
ALTER TABLE job ADD COLUMN open_source INTEGER NOT NULL DEFAULT 0;
