-- By what else than its network a source is known, and the name under which it writes Authentication-Results.
ALTER TABLE source ADD COLUMN authserv_id TEXT NOT NULL DEFAULT '';
ALTER TABLE source ADD COLUMN login TEXT NOT NULL DEFAULT '';
ALTER TABLE source ADD COLUMN certificate TEXT NOT NULL DEFAULT '';

-- Messages that DNS kept from being decided, by retry hash, each since when.
CREATE TABLE dns_trouble (
    retry_hash TEXT PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
