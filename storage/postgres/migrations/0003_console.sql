-- Who is signed in to the console, links that let a user choose a password, and the tokens of programs: of each secret its
-- keyed hash only.
CREATE TABLE session (
    hash TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES account_user (id),
    begun_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX session_of_user ON session (user_id);

CREATE TABLE setup_link (
    hash TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES account_user (id),
    expires_at BIGINT NOT NULL
);

CREATE TABLE api_token (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    UNIQUE (account_id, name)
);

-- What requests made that named themselves, for a day, so that one that is sent again makes nothing twice.
CREATE TABLE request_key (
    hash TEXT COLLATE "C" PRIMARY KEY,
    made TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL
);

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
ALTER TABLE source ADD COLUMN seen_at BIGINT;

-- Full text of subject and text. Long texts are searched by their beginning: a document has a megabyte at most.
ALTER TABLE activity ADD COLUMN document tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', regexp_replace(regexp_replace(
        lower(normalize(coalesce(subject, '') || ' ' || left(text, 100000), NFKD) COLLATE "und-x-icu"),
        '[\u0300-\u036f]+', '', 'g'
    ), '[^[:alnum:]]+', ' ', 'g'))
) STORED;
CREATE INDEX activity_document ON activity USING gin (document);
