-- Times are UTC epoch milliseconds, ids are time-ordered text, *_hash columns are keyed hashes (hex). Text is compared
-- byte by byte, whatever the server's language.

CREATE TABLE account (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    settings TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE own_domain (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    domain TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, domain)
);

CREATE TABLE shared_mailbox (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    address_hash TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, address_hash)
);

CREATE TABLE account_user (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    name TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    permissions TEXT COLLATE "C" NOT NULL,
    active BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);

CREATE TABLE user_address (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    address_hash TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES account_user (id),
    address TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, address_hash)
);
CREATE INDEX user_address_user ON user_address (user_id);
-- A name is looked up before its account is known.
CREATE INDEX user_address_hash ON user_address (address_hash);

CREATE TABLE contact (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    name TEXT COLLATE "C" NOT NULL,
    owner_id TEXT COLLATE "C" REFERENCES account_user (id),
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    merged_into TEXT COLLATE "C" REFERENCES contact (id),
    removed_at BIGINT
);
CREATE INDEX contact_account ON contact (account_id, id);

-- approved_at: since when an admin lets what a contact sends from this address to a Bcc address be logged.
CREATE TABLE contact_address (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    address_hash TEXT COLLATE "C" NOT NULL,
    contact_id TEXT COLLATE "C" NOT NULL REFERENCES contact (id),
    address TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    approved_at BIGINT,
    PRIMARY KEY (account_id, address_hash)
);
CREATE INDEX contact_address_contact ON contact_address (contact_id, position);

CREATE TABLE never_log_entry (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    pattern TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    effect TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" REFERENCES account_user (id),
    added_by TEXT COLLATE "C" NOT NULL,
    added_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX never_log_entry_pattern ON never_log_entry (account_id, pattern, coalesce(user_id, ''));

CREATE TABLE never_log_key (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    key_hash TEXT COLLATE "C" NOT NULL,
    entry_id TEXT COLLATE "C" NOT NULL REFERENCES never_log_entry (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, key_hash, entry_id)
);
CREATE INDEX never_log_key_entry ON never_log_key (entry_id);

CREATE TABLE capture_address (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    channel TEXT COLLATE "C" NOT NULL,
    key_hash TEXT COLLATE "C" NOT NULL UNIQUE,
    key_sealed BYTEA NOT NULL,
    user_id TEXT COLLATE "C" REFERENCES account_user (id),
    created_at BIGINT NOT NULL,
    retires_at BIGINT,
    exposed_at BIGINT
);

-- A mail server and by what it is known. Lists are separated by blanks, labels by line ends.
CREATE TABLE source (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    name TEXT COLLATE "C" NOT NULL,
    network TEXT COLLATE "C" NOT NULL,
    channels TEXT COLLATE "C" NOT NULL,
    vouches BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    trusts TEXT COLLATE "C" NOT NULL DEFAULT '',
    alternate BIGINT NOT NULL DEFAULT 0,
    hosts TEXT COLLATE "C" NOT NULL DEFAULT '',
    labels TEXT COLLATE "C" NOT NULL DEFAULT '',
    authserv_id TEXT COLLATE "C" NOT NULL DEFAULT '',
    login TEXT COLLATE "C" NOT NULL DEFAULT '',
    certificate TEXT COLLATE "C" NOT NULL DEFAULT '',
    UNIQUE (account_id, name)
);
CREATE UNIQUE INDEX source_login ON source (login) WHERE login <> '';

-- Passwords for SMTP AUTH as argon2 hashes: a user's, for any of their addresses, or a source's, for its login.
CREATE TABLE password (
    user_id TEXT COLLATE "C" UNIQUE REFERENCES account_user (id),
    source_id TEXT COLLATE "C" UNIQUE REFERENCES source (id) ON DELETE CASCADE,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    hash TEXT COLLATE "C" NOT NULL,
    changed_at BIGINT NOT NULL,
    CHECK ((user_id IS NULL) <> (source_id IS NULL))
);

CREATE TABLE thread (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    subject_hash TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    logged BIGINT NOT NULL
);

CREATE TABLE thread_member (
    thread_id TEXT COLLATE "C" NOT NULL REFERENCES thread (id),
    member TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (thread_id, member)
);

CREATE TABLE activity (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    direction TEXT COLLATE "C" NOT NULL,
    explicit BIGINT NOT NULL,
    user_id TEXT COLLATE "C" REFERENCES account_user (id),
    attribution TEXT COLLATE "C" NOT NULL,
    candidates TEXT COLLATE "C" NOT NULL,
    owner_id TEXT COLLATE "C",
    thread_id TEXT COLLATE "C" REFERENCES thread (id),
    forward_of TEXT COLLATE "C" REFERENCES activity (id),
    message_id TEXT COLLATE "C",
    subject TEXT COLLATE "C",
    sent_at BIGINT NOT NULL,
    arrived_at BIGINT NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    richness TEXT COLLATE "C" NOT NULL,
    withdrawn_at BIGINT
);
CREATE INDEX activity_thread ON activity (thread_id);
CREATE INDEX activity_account ON activity (account_id, sent_at);

-- Where a Message-ID leads, alone or together with the base subject of who refers to it. A row that isn't `seen` is a
-- phantom: named by others only.
CREATE TABLE thread_ref (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    message_id_hash TEXT COLLATE "C" NOT NULL,
    thread_id TEXT COLLATE "C" NOT NULL REFERENCES thread (id),
    activity_id TEXT COLLATE "C" REFERENCES activity (id),
    at BIGINT NOT NULL,
    seen BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, message_id_hash)
);
CREATE INDEX thread_ref_thread ON thread_ref (thread_id);
CREATE INDEX thread_ref_activity ON thread_ref (activity_id) WHERE activity_id IS NOT NULL;

-- Every decision, and nothing of any message: what was said goes into finding, what was kept into activity and held.
-- superseded_by is the decision that took this one's place when its message was decided again; keeps_out tells whether
-- the never-log list keeps out every other copy of the message, too.
CREATE TABLE decision (
    id TEXT COLLATE "C" PRIMARY KEY,
    trace_id TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    channel TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    size_class BIGINT NOT NULL,
    retry_hash TEXT COLLATE "C" NOT NULL,
    original BIGINT NOT NULL DEFAULT 0,
    message_id_hash TEXT COLLATE "C",
    entry_id TEXT COLLATE "C",
    flags TEXT COLLATE "C" NOT NULL,
    stages TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" REFERENCES account_user (id),
    activity_id TEXT COLLATE "C" REFERENCES activity (id),
    deliveries BIGINT NOT NULL DEFAULT 1,
    superseded_by TEXT COLLATE "C" REFERENCES decision (id),
    keeps_out BIGINT NOT NULL DEFAULT 0,
    recorded_in BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    UNIQUE (retry_hash, original)
);
CREATE INDEX decision_trace ON decision (trace_id);
CREATE INDEX decision_message ON decision (message_id_hash);
CREATE INDEX decision_activity ON decision (activity_id);
CREATE INDEX decision_recorded ON decision (recorded_in, id);

-- Decisions in the order in which they are to be read by who follows them: none is ever put before one that was there.
-- Transactions end in another order than they begin, so what is not older than all that still run isn't shown yet.
CREATE VIEW recorded (position, id) AS
    SELECT recorded_in, id FROM decision WHERE recorded_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

-- Later deliveries of the same bytes and envelope.
CREATE TABLE repeat (
    trace_id TEXT COLLATE "C" NOT NULL,
    decision_id TEXT COLLATE "C" NOT NULL REFERENCES decision (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (trace_id, decision_id)
);

-- What the stages said, with the evidence; not for skipped messages.
CREATE TABLE finding (
    decision_id TEXT COLLATE "C" NOT NULL REFERENCES decision (id),
    position BIGINT NOT NULL,
    stage TEXT COLLATE "C" NOT NULL,
    slug TEXT COLLATE "C" NOT NULL,
    sentence TEXT COLLATE "C" NOT NULL,
    evidence TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (decision_id, position)
);

-- Its content is compressed already.
CREATE TABLE raw_message (
    activity_id TEXT COLLATE "C" PRIMARY KEY REFERENCES activity (id),
    encoding TEXT COLLATE "C" NOT NULL,
    content BYTEA NOT NULL
);
ALTER TABLE raw_message ALTER COLUMN content SET STORAGE EXTERNAL;

-- A passed-over participant is a placeholder: an entry and nothing else.
CREATE TABLE participant (
    activity_id TEXT COLLATE "C" NOT NULL REFERENCES activity (id),
    position BIGINT NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    canonical TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" REFERENCES account_user (id),
    contact_id TEXT COLLATE "C" REFERENCES contact (id),
    entry_id TEXT COLLATE "C",
    hidden BIGINT NOT NULL,
    delivery_failed BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (activity_id, position)
);
CREATE INDEX participant_canonical ON participant (canonical);

CREATE TABLE activity_contact (
    activity_id TEXT COLLATE "C" NOT NULL REFERENCES activity (id),
    contact_id TEXT COLLATE "C" NOT NULL REFERENCES contact (id),
    position BIGINT NOT NULL,
    at BIGINT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (activity_id, contact_id)
);
CREATE INDEX activity_contact_latest ON activity_contact (contact_id, at);

CREATE TABLE attachment (
    activity_id TEXT COLLATE "C" NOT NULL REFERENCES activity (id),
    position BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    content_type TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    inline BIGINT NOT NULL,
    PRIMARY KEY (activity_id, position)
);

-- Each copy by which an activity came.
CREATE TABLE provenance (
    activity_id TEXT COLLATE "C" NOT NULL REFERENCES activity (id),
    decision_id TEXT COLLATE "C" NOT NULL REFERENCES decision (id),
    channel TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (activity_id, decision_id)
);

-- Messages by Message-ID and anchor, logged or not: keyed hashes only. `way` tells by which of its names: '' its own id,
-- 'alias' an id it had before, 'link' the id that a forward within a text answers.
CREATE TABLE message (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    id_hash TEXT COLLATE "C" NOT NULL,
    anchor_hash TEXT COLLATE "C" NOT NULL,
    conflict TEXT COLLATE "C" NOT NULL,
    author_hash TEXT COLLATE "C" NOT NULL,
    text_hash TEXT COLLATE "C" NOT NULL,
    subject_hash TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    activity_id TEXT COLLATE "C" REFERENCES activity (id),
    thread_id TEXT COLLATE "C" REFERENCES thread (id),
    at BIGINT NOT NULL,
    way TEXT COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, id_hash, anchor_hash, conflict)
);
CREATE INDEX message_thread ON message (thread_id);
CREATE INDEX message_activity ON message (activity_id) WHERE activity_id IS NOT NULL;

-- Mail that a person must look at. It is decided again by what is known of it besides its bytes, sealed in `about`; in
-- the list it stands by its sender (canonical, "" where there is none for certain) and subject.
CREATE TABLE held (
    decision_id TEXT COLLATE "C" PRIMARY KEY REFERENCES decision (id),
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    encoding TEXT COLLATE "C" NOT NULL,
    content BYTEA NOT NULL,
    at BIGINT NOT NULL,
    about BYTEA NOT NULL DEFAULT '',
    sender TEXT COLLATE "C" NOT NULL DEFAULT '',
    subject TEXT COLLATE "C",
    size BIGINT NOT NULL DEFAULT 0
);
ALTER TABLE held ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX held_account ON held (account_id, at);

-- Replies that were skipped for want of a logged thread, sealed, until their parent is logged or their time is over.
CREATE TABLE waiting (
    decision_id TEXT COLLATE "C" PRIMARY KEY REFERENCES decision (id),
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    thread_id TEXT COLLATE "C" NOT NULL REFERENCES thread (id),
    sealed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
ALTER TABLE waiting ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX waiting_thread ON waiting (thread_id);
CREATE INDEX waiting_expires ON waiting (expires_at);

-- Messages that DNS kept from being decided, by retry hash, each since when.
CREATE TABLE dns_trouble (
    retry_hash TEXT COLLATE "C" PRIMARY KEY,
    since BIGINT NOT NULL
);

-- Mail to postmaster and abuse: held for the operator, outside every account.
CREATE TABLE operator_mail (
    id TEXT COLLATE "C" PRIMARY KEY,
    trace_id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    mail_from TEXT COLLATE "C" NOT NULL,
    peer TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    encoding TEXT COLLATE "C" NOT NULL,
    content BYTEA NOT NULL,
    retry_hash TEXT COLLATE "C" NOT NULL UNIQUE
);
ALTER TABLE operator_mail ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX operator_mail_at ON operator_mail (at);

CREATE TABLE audit (
    id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C",
    at BIGINT NOT NULL,
    who TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_account ON audit (account_id, id);
