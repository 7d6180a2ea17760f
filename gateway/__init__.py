"""The map: the journey of one message.

    smtp/session.py    reads the dialogue and the bytes, within limits
    smtp/handler.py    asks `ingest` about each recipient and gives it the finished message
    ingest.py          the journey with its I/O: read → authenticate → settle, then the answer
    core/message.py    `read`: bytes → Message; pure, never raises, what is broken becomes a finding
    core/cases.py      one case for each recipient and each original inside a forward or journal report
    core/questions.py  what must be asked of the store about a case
    parser.py          the process that does these three for large or odd mail, under limits
    authenticate/      what speaks for the sender: the session, DKIM, ARC, SPF; the only user of DNS
    storage/           `settle`: facts → decide → record, in one database transaction
    core/decide.py     the stages in their order; pure; every outcome has a reason and its findings
    core/explain.py    a decision in words, for the operator, the console and the golden tests

Beside it:

    console/           pages and the HTTP API; each page does what a route of the API does, by calling it
    health/            whether it lives and can take mail, for probes; its figures, for Prometheus
    metrics.py         every figure, by name
    webhooks/          tells programs of what the outbox says that happened
    data_care/         what is kept for how long, handed out, erased, and taken back
    expiry.py          erases in time what was kept for a while only
    indexing.py        keeps the words of what was logged findable in an SQLite file
    cli/               the same verbs at a terminal

Nothing is spooled: the SMTP transaction is the database transaction, and a failure of ours is a 451.
"""
