-- How much of the miners' time a job gets beside others: low, normal, high.
ALTER TABLE job ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal';
