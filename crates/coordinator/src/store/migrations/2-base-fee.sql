-- An epoch's base fee in nano-NEO (adit_core::gas). Epochs from before have the first one: the recurrence begins here.
ALTER TABLE epoch ADD COLUMN base_fee INTEGER NOT NULL DEFAULT 7000000;
