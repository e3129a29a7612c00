-- A lane without work looks for overdue units in jobs of which nothing is left to lease. The comparison stands here as it
-- does in the query.
CREATE INDEX job_all_leased ON job (kind, id) WHERE state = 'active' AND panels <= panels_done + panels_leased;
DROP INDEX lease_live_of_job;
CREATE INDEX lease_live_of_job ON lease (job, issued_at_ms) WHERE state = 'live';
