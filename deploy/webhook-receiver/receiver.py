#!/usr/bin/env python3
"""Receives the events of bcc-gateway, each once, into a SQLite file: an example to begin with.

    WEBHOOK_SECRET=whsec_… python3 receiver.py 127.0.0.1:8080 events.db

It needs the package standardwebhooks. Put a proxy with TLS before it, or let the gateway send to loopback.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

LARGEST = 1024 * 1024
"""Bytes of an event."""
TABLE = "CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, type TEXT NOT NULL, body TEXT NOT NULL)"


class Receiver(BaseHTTPRequestHandler):
    """Verifies an event, keeps it, and only then answers: what isn't answered with 2xx is sent again."""

    timeout = 10
    secret: Webhook
    database: str

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 8) or int(length) > LARGEST:
            self.answer(413)
            return
        body = self.rfile.read(int(length))
        try:
            event = self.secret.verify(body, dict(self.headers))  # the signature, and a time within five minutes
        except (WebhookVerificationError, ValueError):
            self.answer(401)
            return
        try:
            self.keep(self.headers["Webhook-Id"], event["type"], body.decode())
        except sqlite3.Error:
            self.answer(503)
            return
        self.answer(204)

    def keep(self, event_id: str, kind: str, body: str) -> None:
        """Once, however often it comes: the id stays the same. What takes longer is done later, from the table."""
        database = sqlite3.connect(self.database, timeout=5)
        try:
            with database:
                database.execute("INSERT INTO event VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (event_id, kind, body))
        finally:
            database.close()

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: events name people."""


def main(address: str, database: str) -> None:
    host, _, port = address.rpartition(":")
    Receiver.secret, Receiver.database = Webhook(os.environ["WEBHOOK_SECRET"]), database
    with sqlite3.connect(database) as made:
        made.execute(TABLE)
    made.close()
    ThreadingHTTPServer((host, int(port)), Receiver).serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 3 or "WEBHOOK_SECRET" not in os.environ:
        sys.exit("Usage: WEBHOOK_SECRET=whsec_… receiver.py ADDRESS:PORT DATABASE")
    main(*sys.argv[1:])
