-- Held mail is decided again by what is known of it besides its bytes: envelope, evidence and hashes, sealed. In the
-- list it stands by its sender (canonical, "" where there is none for certain) and subject. What was held before can
-- be shown and discarded only.
ALTER TABLE held ADD COLUMN about BLOB NOT NULL DEFAULT x'';
ALTER TABLE held ADD COLUMN sender TEXT NOT NULL DEFAULT '';
ALTER TABLE held ADD COLUMN subject TEXT;
ALTER TABLE held ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE held DROP COLUMN recipient;
ALTER TABLE held DROP COLUMN mail_from;
ALTER TABLE held DROP COLUMN peer;
CREATE INDEX held_account ON held (account_id, at);

-- Since when an admin lets what a contact sends from this address to a Bcc address be logged.
ALTER TABLE contact_address ADD COLUMN approved_at INTEGER;
