-- A thread is found by a Message-ID, or by a Message-ID together with the base subject of who refers to it. A row that
-- isn't `seen` is a phantom: named by others only.
ALTER TABLE thread_ref ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
UPDATE thread_ref SET seen = 1 WHERE subject_hash IS NOT NULL;
ALTER TABLE thread_ref DROP COLUMN subject_hash;

-- By which of its names a message is known: '' its own id, 'alias' an id it had before, 'link' the id that a forward
-- within a text answers.
ALTER TABLE message ADD COLUMN way TEXT NOT NULL DEFAULT '';

-- The decision that took this one's place, when its message was decided again.
ALTER TABLE decision ADD COLUMN superseded_by TEXT REFERENCES decision (id);

-- Replies that were skipped for want of a logged thread, sealed, until their parent is logged or their time is over.
CREATE TABLE waiting (
    decision_id TEXT PRIMARY KEY REFERENCES decision (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    thread_id TEXT NOT NULL REFERENCES thread (id),
    sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX waiting_thread ON waiting (thread_id);
CREATE INDEX waiting_expires ON waiting (expires_at);
