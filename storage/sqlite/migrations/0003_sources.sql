-- What more is known of a source: the fields it is believed, the alternate journal mailbox, its own hosts, and the lines
-- that its journal reports have besides those of the grammar. Lists are separated by blanks, labels by line ends.
ALTER TABLE source ADD COLUMN trusts TEXT NOT NULL DEFAULT '';
ALTER TABLE source ADD COLUMN alternate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN hosts TEXT NOT NULL DEFAULT '';
ALTER TABLE source ADD COLUMN labels TEXT NOT NULL DEFAULT '';
