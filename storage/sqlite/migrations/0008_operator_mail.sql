-- Mail to postmaster and abuse: held for the operator, outside every account.
CREATE TABLE operator_mail (
    id TEXT PRIMARY KEY,
    trace_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    mail_from TEXT NOT NULL,
    peer TEXT NOT NULL,
    size INTEGER NOT NULL,
    encoding TEXT NOT NULL,
    content BLOB NOT NULL,
    retry_hash TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_mail_at ON operator_mail (at);
