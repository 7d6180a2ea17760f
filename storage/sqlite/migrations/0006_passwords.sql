-- Passwords for SMTP AUTH as argon2 hashes: a user's, for any of their addresses, or a source's, for its login.
CREATE TABLE password (
    user_id TEXT UNIQUE REFERENCES account_user (id),
    source_id TEXT UNIQUE REFERENCES source (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES account (id),
    hash TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    CHECK ((user_id IS NULL) <> (source_id IS NULL))
) STRICT;

-- A name is looked up before its account is known.
CREATE INDEX user_address_hash ON user_address (address_hash);
CREATE UNIQUE INDEX source_login ON source (login) WHERE login <> '';
