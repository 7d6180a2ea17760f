"""A real mail server that copies mail by its sender and by its recipients, and what it does when a copy isn't taken."""

from __future__ import annotations

import os
import smtplib
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.peers.postfix import Postfix, available
from tests.running_gateway import Gateway, free_port

pytestmark = pytest.mark.skipif(not available() and "CI" not in os.environ, reason="needs Debian's postfix, and root")

MAIL = """\
From: {author}
To: {to}
Subject: {subject}
Message-ID: <{subject}@mail.example>
Date: Mon, 02 Mar 2026 09:12:04 +0000

Here it is.
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway for all tests; each mail has a subject of its own. It soon gives up a database that is locked."""
    made = Gateway(tmp_path_factory.mktemp("gateway"), free_port(), busy_timeout=0.2)
    made.prepare()
    made.start()
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="module")
def mapping(running: Gateway) -> Iterator[Postfix]:
    """What users send is copied as it is; of what they get, the address that it is copied to tells for whom."""
    key, _, host = running.addresses["relay"].partition("@")
    maps = {
        "sender_bcc_maps": rf"/@us\.example$/ {key}@{host}",
        "recipient_bcc_maps": rf"/^(.+)@(us\.example)$/ {key}+$1=$2@{host}",
    }
    with started(running, maps) as server:
        yield server


@contextmanager
def started(gateway: Gateway, copies: Mapping[str, str]) -> Iterator[Postfix]:
    with tempfile.TemporaryDirectory(prefix="postfix-") as folder:
        server = Postfix(Path(folder), free_port(), gateway.port, copies)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def submit(server: Postfix, subject: str, author: str, *recipients: str, to: str = "") -> None:
    """Sends one mail; `to` is for a header that doesn't show its recipients."""
    mail = MAIL.format(author=author, to=to or ", ".join(recipients), subject=subject)
    with smtplib.SMTP("127.0.0.1", server.port) as client:
        client.sendmail(author, recipients, mail)


def decided(gateway: Gateway, subject: str) -> list[tuple[object, ...]]:
    """The decisions about copies of the mail with this subject, by the activity that they ended in."""
    return gateway.rows(
        "SELECT d.outcome, d.reason, a.direction, u.address, a.reference FROM decision d"
        " JOIN activity a ON a.id = d.activity_id JOIN account_user u ON u.id = a.user_id"
        " WHERE a.subject = ? ORDER BY d.outcome",
        subject,
    )


def test_what_a_user_sends_is_copied_by_its_sender(running: Gateway, mapping: Postfix) -> None:
    submit(mapping, "sent", "ana@us.example", "bob@client.example")
    mapping.wait_for_copies(1)
    assert decided(running, "sent") == [("logged", "rule.log_all_and_create", "outgoing", "ana@us.example", "")]


def test_what_a_user_gets_is_copied_by_its_recipient_whom_the_tag_tells(running: Gateway, mapping: Postfix) -> None:
    submit(mapping, "got", "cara@client.example", "ana@us.example", to="undisclosed-recipients:;")
    mapping.wait_for_copies(1)
    assert decided(running, "got") == [("logged", "rule.log_all_and_create", "incoming", "ana@us.example", "")]
    [(evidence,)] = running.rows(
        "SELECT evidence FROM finding f JOIN decision d ON d.id = f.decision_id"
        " JOIN activity a ON a.id = d.activity_id WHERE f.stage = 'participants' AND a.subject = 'got'"
    )
    assert "; address: ana@us.example" in str(evidence)


def test_a_mail_that_both_maps_copy_is_one_activity(running: Gateway, mapping: Postfix) -> None:
    submit(mapping, "twice", "ana@us.example", "dora@client.example", "dan@us.example")
    mapping.wait_for_copies(2)
    assert decided(running, "twice") == [
        ("logged", "rule.log_all_and_create", "outgoing", "ana@us.example", ""),
        ("merged", "dedupe.merged", "outgoing", "ana@us.example", ""),
    ]
    assert running.rows("SELECT count(*) FROM activity WHERE subject = 'twice'") == [(1,)]


def test_a_copy_that_is_put_off_is_kept_and_comes_again_and_the_original_goes_on(
    running: Gateway, mapping: Postfix
) -> None:
    lock = sqlite3.connect(running.folder / "gateway.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    submit(mapping, "late", "ana@us.example", "emil@client.example")
    log = mapping.wait_for("451 4.3.0")
    assert any("to=<emil@client.example>" in line and "status=sent" in line for line in log.splitlines())
    assert decided(running, "late") == []
    lock.execute("ROLLBACK")
    lock.close()
    mapping.wait_for_copies(1)
    assert [row[0] for row in decided(running, "late")] == ["logged"]
    assert "status=bounced" not in mapping.log()


def test_nobody_is_told_of_a_copy_that_is_refused(running: Gateway) -> None:
    with started(running, {"always_bcc": "guessed@relay.log.example"}) as server:
        submit(server, "copied in vain", "ana@us.example", "bob@client.example")
        server.wait_for("550 5.1.1 No such recipient")
        # The same for a recipient of the author's own: of that she is told, so the log would show it above, too.
        submit(server, "mistyped", "ana@us.example", "unknown@relay.log.example")
        log = server.wait_for("sender non-delivery notification")
    refused = [line for line in log.splitlines() if "status=bounced" in line]
    assert len(refused) == 3  # both copies, and what she wrote herself
    assert log.count("sender non-delivery notification") == 1
