-- What happened, for programs to hear of: ids only, so that what is erased has nothing here either. `about` is the
-- activity's, the contact's or the decision's.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    about TEXT NOT NULL,
    change TEXT NOT NULL,
    decision_id TEXT
) STRICT;
CREATE INDEX outbox_account ON outbox (account_id);

-- Events in the order in which they are to be read by who follows them. The newest of each account is always kept, so that no
-- position is given twice.
CREATE VIEW announced (position, id, account_id) AS SELECT rowid, id, account_id FROM outbox;

-- Where events are sent: both secrets sealed, the one before the last until it retires. `reached`: the last event that
-- was taken up for it.
CREATE TABLE webhook (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    types TEXT NOT NULL,
    secret_sealed BLOB NOT NULL,
    old_secret_sealed BLOB,
    old_retires_at INTEGER,
    created_at INTEGER NOT NULL,
    reached TEXT NOT NULL,
    disabled_at INTEGER,
    disabled_because TEXT NOT NULL DEFAULT '',
    succeeded_at INTEGER,
    failed_at INTEGER,
    failure TEXT NOT NULL DEFAULT '',
    UNIQUE (account_id, name)
) STRICT;

-- An event on its way to a webhook. It is due at next_at; whoever sends it puts that off first. given_up_at: a dead letter.
CREATE TABLE delivery (
    webhook_id TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    event_id TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    failure TEXT NOT NULL DEFAULT '',
    given_up_at INTEGER,
    PRIMARY KEY (webhook_id, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (next_at) WHERE given_up_at IS NULL;
