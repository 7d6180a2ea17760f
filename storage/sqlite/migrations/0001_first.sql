-- Times are UTC epoch milliseconds, ids are time-ordered text, *_hash columns are keyed hashes (hex).

CREATE TABLE account (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE own_domain (
    account_id TEXT NOT NULL REFERENCES account (id),
    domain TEXT NOT NULL,
    PRIMARY KEY (account_id, domain)
) STRICT;

CREATE TABLE shared_mailbox (
    account_id TEXT NOT NULL REFERENCES account (id),
    address_hash TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (account_id, address_hash)
) STRICT;

CREATE TABLE account_user (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    permissions TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_address (
    account_id TEXT NOT NULL REFERENCES account (id),
    address_hash TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES account_user (id),
    address TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (account_id, address_hash)
) STRICT;
CREATE INDEX user_address_user ON user_address (user_id);

CREATE TABLE contact (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    owner_id TEXT REFERENCES account_user (id),
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    merged_into TEXT REFERENCES contact (id),
    removed_at INTEGER
) STRICT;
CREATE INDEX contact_account ON contact (account_id, id);

CREATE TABLE contact_address (
    account_id TEXT NOT NULL REFERENCES account (id),
    address_hash TEXT NOT NULL,
    contact_id TEXT NOT NULL REFERENCES contact (id),
    address TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (account_id, address_hash)
) STRICT;
CREATE INDEX contact_address_contact ON contact_address (contact_id, position);

CREATE TABLE never_log_entry (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    pattern TEXT NOT NULL,
    kind TEXT NOT NULL,
    effect TEXT NOT NULL,
    user_id TEXT REFERENCES account_user (id),
    added_by TEXT NOT NULL,
    added_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX never_log_entry_pattern ON never_log_entry (account_id, pattern, coalesce(user_id, ''));

CREATE TABLE never_log_key (
    account_id TEXT NOT NULL REFERENCES account (id),
    key_hash TEXT NOT NULL,
    entry_id TEXT NOT NULL REFERENCES never_log_entry (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, key_hash, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX never_log_key_entry ON never_log_key (entry_id);

CREATE TABLE capture_address (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    channel TEXT NOT NULL,
    key_hash TEXT NOT NULL UNIQUE,
    key_sealed BLOB NOT NULL,
    user_id TEXT REFERENCES account_user (id),
    created_at INTEGER NOT NULL,
    retires_at INTEGER,
    exposed_at INTEGER
) STRICT;

CREATE TABLE source (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    network TEXT NOT NULL,
    channels TEXT NOT NULL,
    vouches INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, name)
) STRICT;

-- Every decision, and nothing of any message: what was said goes into finding, what was kept into activity and held.
CREATE TABLE decision (
    id TEXT PRIMARY KEY,
    trace_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (id),
    channel TEXT NOT NULL,
    at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    size_class INTEGER NOT NULL,
    retry_hash TEXT NOT NULL,
    original INTEGER NOT NULL DEFAULT 0,
    message_id_hash TEXT,
    entry_id TEXT,
    flags TEXT NOT NULL,
    stages TEXT NOT NULL,
    user_id TEXT REFERENCES account_user (id),
    activity_id TEXT REFERENCES activity (id),
    deliveries INTEGER NOT NULL DEFAULT 1,
    UNIQUE (retry_hash, original)
) STRICT;
CREATE INDEX decision_trace ON decision (trace_id);
CREATE INDEX decision_message ON decision (message_id_hash);
CREATE INDEX decision_activity ON decision (activity_id);

-- Later deliveries of the same bytes and envelope.
CREATE TABLE repeat (
    trace_id TEXT NOT NULL,
    decision_id TEXT NOT NULL REFERENCES decision (id),
    at INTEGER NOT NULL,
    PRIMARY KEY (trace_id, decision_id)
) STRICT;

-- What the stages said, with the evidence; not for skipped messages.
CREATE TABLE finding (
    decision_id TEXT NOT NULL REFERENCES decision (id),
    position INTEGER NOT NULL,
    stage TEXT NOT NULL,
    slug TEXT NOT NULL,
    sentence TEXT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (decision_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE thread (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    subject_hash TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    logged INTEGER NOT NULL
) STRICT;

-- Where a Message-ID leads; without subject_hash it is a phantom: named by others, never seen.
CREATE TABLE thread_ref (
    account_id TEXT NOT NULL REFERENCES account (id),
    message_id_hash TEXT NOT NULL,
    thread_id TEXT NOT NULL REFERENCES thread (id),
    subject_hash TEXT,
    activity_id TEXT REFERENCES activity (id),
    at INTEGER NOT NULL,
    PRIMARY KEY (account_id, message_id_hash)
) STRICT;
CREATE INDEX thread_ref_thread ON thread_ref (thread_id);

CREATE TABLE thread_member (
    thread_id TEXT NOT NULL REFERENCES thread (id),
    member TEXT NOT NULL,
    PRIMARY KEY (thread_id, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE activity (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    direction TEXT NOT NULL,
    explicit INTEGER NOT NULL,
    user_id TEXT REFERENCES account_user (id),
    attribution TEXT NOT NULL,
    candidates TEXT NOT NULL,
    owner_id TEXT,
    thread_id TEXT REFERENCES thread (id),
    forward_of TEXT REFERENCES activity (id),
    message_id TEXT,
    subject TEXT,
    sent_at INTEGER NOT NULL,
    arrived_at INTEGER NOT NULL,
    text TEXT NOT NULL,
    reference TEXT NOT NULL,
    size INTEGER NOT NULL,
    richness TEXT NOT NULL,
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX activity_thread ON activity (thread_id);
CREATE INDEX activity_account ON activity (account_id, sent_at);

CREATE TABLE raw_message (
    activity_id TEXT PRIMARY KEY REFERENCES activity (id),
    encoding TEXT NOT NULL,
    content BLOB NOT NULL
) STRICT;

-- A passed-over participant is a placeholder: an entry and nothing else.
CREATE TABLE participant (
    activity_id TEXT NOT NULL REFERENCES activity (id),
    position INTEGER NOT NULL,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    canonical TEXT NOT NULL,
    user_id TEXT REFERENCES account_user (id),
    contact_id TEXT REFERENCES contact (id),
    entry_id TEXT,
    hidden INTEGER NOT NULL,
    delivery_failed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (activity_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX participant_canonical ON participant (canonical);

CREATE TABLE activity_contact (
    activity_id TEXT NOT NULL REFERENCES activity (id),
    contact_id TEXT NOT NULL REFERENCES contact (id),
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (activity_id, contact_id)
) STRICT;
CREATE INDEX activity_contact_latest ON activity_contact (contact_id, at);

CREATE TABLE attachment (
    activity_id TEXT NOT NULL REFERENCES activity (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    inline INTEGER NOT NULL,
    PRIMARY KEY (activity_id, position)
) STRICT, WITHOUT ROWID;

-- Each copy by which an activity came.
CREATE TABLE provenance (
    activity_id TEXT NOT NULL REFERENCES activity (id),
    decision_id TEXT NOT NULL REFERENCES decision (id),
    channel TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (activity_id, decision_id)
) STRICT;

-- Messages by Message-ID and anchor, logged or not: keyed hashes only.
CREATE TABLE message (
    account_id TEXT NOT NULL REFERENCES account (id),
    id_hash TEXT NOT NULL,
    anchor_hash TEXT NOT NULL,
    conflict TEXT NOT NULL,
    author_hash TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    subject_hash TEXT NOT NULL,
    outcome TEXT NOT NULL,
    activity_id TEXT REFERENCES activity (id),
    thread_id TEXT REFERENCES thread (id),
    at INTEGER NOT NULL,
    PRIMARY KEY (account_id, id_hash, anchor_hash, conflict)
) STRICT;
CREATE INDEX message_thread ON message (thread_id);

-- Mail that a person must look at.
CREATE TABLE held (
    decision_id TEXT PRIMARY KEY REFERENCES decision (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    recipient TEXT NOT NULL,
    mail_from TEXT NOT NULL,
    peer TEXT NOT NULL,
    encoding TEXT NOT NULL,
    content BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    account_id TEXT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_account ON audit (account_id, id);
