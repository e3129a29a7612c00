-- Jobs that have not ended are listed apart from those that have.
CREATE INDEX job_active ON job (id) WHERE state = 'active';
CREATE INDEX job_ended ON job (id) WHERE state <> 'active';
