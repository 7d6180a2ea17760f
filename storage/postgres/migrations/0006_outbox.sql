-- What happened, for programs to hear of: ids only, so that what is erased has nothing here either. `about` is the
-- activity's, the contact's or the decision's.
CREATE TABLE outbox (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    at BIGINT NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    about TEXT COLLATE "C" NOT NULL,
    change TEXT COLLATE "C" NOT NULL,
    decision_id TEXT COLLATE "C",
    recorded_in BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint)
);
CREATE INDEX outbox_account ON outbox (account_id, recorded_in, id);

-- Events in the order in which they are to be read by who follows them: none is ever put before one that was there.
-- Transactions end in another order than they begin, so what is not older than all that still run isn't shown yet.
CREATE VIEW announced (position, id, account_id) AS SELECT recorded_in, id, account_id FROM outbox
    WHERE recorded_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

-- Where events are sent: both secrets sealed, the one before the last until it retires. `reached`: the last event that
-- was taken up for it.
CREATE TABLE webhook (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    name TEXT COLLATE "C" NOT NULL,
    url TEXT COLLATE "C" NOT NULL,
    types TEXT COLLATE "C" NOT NULL,
    secret_sealed BYTEA NOT NULL,
    old_secret_sealed BYTEA,
    old_retires_at BIGINT,
    created_at BIGINT NOT NULL,
    reached TEXT COLLATE "C" NOT NULL,
    disabled_at BIGINT,
    disabled_because TEXT COLLATE "C" NOT NULL DEFAULT '',
    succeeded_at BIGINT,
    failed_at BIGINT,
    failure TEXT COLLATE "C" NOT NULL DEFAULT '',
    UNIQUE (account_id, name)
);

-- An event on its way to a webhook. It is due at next_at; whoever sends it puts that off first. given_up_at: a dead letter.
CREATE TABLE delivery (
    webhook_id TEXT COLLATE "C" NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    event_id TEXT COLLATE "C" NOT NULL,
    begun_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_at BIGINT NOT NULL,
    failure TEXT COLLATE "C" NOT NULL DEFAULT '',
    given_up_at BIGINT,
    PRIMARY KEY (webhook_id, event_id)
);
CREATE INDEX delivery_due ON delivery (next_at) WHERE given_up_at IS NULL;
