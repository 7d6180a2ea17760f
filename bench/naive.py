"""A peer: the gateway as one would write it first. aiosmtpd reads, `email` parses, aiosqlite commits each message.

It knows no accounts, rules, threads or proofs: an activity with its participants on each contact, and the message.
"""

from __future__ import annotations

import asyncio
import email
import sys
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses

import aiosqlite
from aiosmtpd.smtp import SMTP, Envelope, Session

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE contact (id INTEGER PRIMARY KEY, address TEXT UNIQUE, name TEXT);
CREATE TABLE activity (
    id INTEGER PRIMARY KEY, message_id TEXT UNIQUE, sender TEXT, subject TEXT, sent_at TEXT, text TEXT, raw BLOB
);
CREATE TABLE participant (activity_id INTEGER, contact_id INTEGER, role TEXT);
CREATE INDEX participant_contact ON participant (contact_id);
"""


class Log:
    """Writes each message to the database before it says 250."""

    def __init__(self, db: aiosqlite.Connection) -> None:
        self._db = db

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 — aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain", "html"))
        cursor = await self._db.execute(
            "INSERT OR IGNORE INTO activity (message_id, sender, subject, sent_at, text, raw)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                message["message-id"],
                message["from"],
                message["subject"],
                message["date"],
                body.get_content() if body else "",
                envelope.content,
            ),
        )
        if cursor.rowcount:
            for role in ("to", "cc"):
                for name, address in getaddresses(message.get_all(role, [])):
                    await self._add(cursor.lastrowid, role, name, address.lower())
        await self._db.commit()
        return "250 2.0.0 OK"

    async def _add(self, activity: int | None, role: str, name: str, address: str) -> None:
        await self._db.execute("INSERT OR IGNORE INTO contact (address, name) VALUES (?, ?)", (address, name))
        await self._db.execute(
            "INSERT INTO participant SELECT ?, id, ? FROM contact WHERE address = ?", (activity, role, address)
        )


async def serve(port: int, path: str) -> None:
    """Until the process ends."""
    async with aiosqlite.connect(path) as db:
        await db.executescript(SCHEMA)
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(Log(db), hostname="mail.us.example", data_size_limit=None), "127.0.0.1", port
        )
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
