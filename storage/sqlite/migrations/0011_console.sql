-- Who is signed in to the console, links that let a user choose a password, and the tokens of programs: of each secret its
-- keyed hash only.
CREATE TABLE session (
    hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES account_user (id),
    begun_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of_user ON session (user_id);

CREATE TABLE setup_link (
    hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES account_user (id),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_token (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    UNIQUE (account_id, name)
) STRICT;

-- What requests made that named themselves, for a day, so that one that is sent again makes nothing twice.
CREATE TABLE request_key (
    hash TEXT PRIMARY KEY,
    made TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Lists go on behind a moment and an id: those of all activities, of a user's, a contact's, a thread's.
DROP INDEX activity_account;
CREATE INDEX activity_account ON activity (account_id, sent_at, id);
CREATE INDEX activity_user ON activity (user_id, sent_at, id) WHERE user_id IS NOT NULL;
DROP INDEX activity_contact_latest;
CREATE INDEX activity_contact_latest ON activity_contact (contact_id, at, activity_id);
DROP INDEX activity_thread;
CREATE INDEX activity_thread ON activity (thread_id, sent_at, id);
CREATE INDEX decision_account ON decision (account_id, id);

-- When a source last sent a copy, to the hour.
ALTER TABLE source ADD COLUMN seen_at INTEGER;

-- Full text of subject and text, without a copy of either. Activities wait in search_due until they are taken into it; what
-- changes or goes is taken out at once. `erase`: something went, and its words are still in the index's older parts.
CREATE VIRTUAL TABLE search USING fts5 (account, subject, text, content='', tokenize="unicode61 remove_diacritics 2");
CREATE TABLE search_document (
    number INTEGER PRIMARY KEY,
    activity_id TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE search_due (activity_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE search_erase (due INTEGER NOT NULL) STRICT;
INSERT INTO search_due SELECT id FROM activity WHERE withdrawn_at IS NULL;

CREATE TRIGGER search_new AFTER INSERT ON activity WHEN new.withdrawn_at IS NULL BEGIN
    INSERT INTO search_due VALUES (new.id);
END;
CREATE TRIGGER search_changed AFTER UPDATE OF subject, text ON activity BEGIN
    INSERT INTO search (search, rowid, account, subject, text)
        SELECT 'delete', number, old.account_id, coalesce(old.subject, ''), old.text
        FROM search_document WHERE activity_id = old.id;
    INSERT INTO search_erase SELECT 1 FROM search_document WHERE activity_id = old.id;
    DELETE FROM search_document WHERE activity_id = old.id;
    DELETE FROM search_due WHERE activity_id = old.id;
    INSERT INTO search_due SELECT new.id WHERE new.withdrawn_at IS NULL;
END;
CREATE TRIGGER search_gone AFTER DELETE ON activity BEGIN
    INSERT INTO search (search, rowid, account, subject, text)
        SELECT 'delete', number, old.account_id, coalesce(old.subject, ''), old.text
        FROM search_document WHERE activity_id = old.id;
    INSERT INTO search_erase SELECT 1 FROM search_document WHERE activity_id = old.id;
    DELETE FROM search_document WHERE activity_id = old.id;
    DELETE FROM search_due WHERE activity_id = old.id;
END;
