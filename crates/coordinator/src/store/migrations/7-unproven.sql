-- The panels of a live lease whose holder was not proven when it took it, and the address block that it was taken from.
-- Both are forgotten when the lease ends.
ALTER TABLE lease ADD COLUMN unproven INTEGER;
ALTER TABLE lease ADD COLUMN address_block BLOB;
CREATE INDEX lease_unproven ON lease (job, unproven) WHERE unproven IS NOT NULL;
CREATE INDEX lease_by_address_block ON lease (address_block) WHERE address_block IS NOT NULL;
