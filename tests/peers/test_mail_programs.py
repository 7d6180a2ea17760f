"""Forwards as mail programs really write them, sent to a forward address through the gateway's own SMTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import main
from tests.peers.mail_programs import NOTE, Desk, needs
from tests.running_gateway import Gateway, free_port

MAIL = """\
From: {author}
To: {recipient}
Cc: {cc}
Subject: {subject}
Date: Mon, 02 Mar 2026 09:12:04 +0100
Message-ID: <{subject}@client.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Hello,

do you build stairs? Grüße

> as we did in May
--\x20
Builders
"""
TEXT = "Hello,\n\ndo you build stairs? Grüße\n\n> as we did in May\n--\nBuilders"
SENT_AT = datetime(2026, 3, 2, 8, 12, 4, tzinfo=UTC)
BOB, ANA, CARA = "Bob Builder <bob@client.example>", "Ana <ana@us.example>", "Cara <cara@client.example>"
DORA = "Dora <dora@client.example>"

FORWARD = "<forward-message>{address}<enter><enter><send-message><quit>"
BOUNCE = "<bounce-message>{address}<enter>y<quit>"
INLINE, ATTACHED, REDIRECTED = "inline_forward", "attached_forward", "redirect"

MUTT = [
    ("mutt", "inline", INLINE, "set mime_forward = no"),
    ("mutt", "inline, every field", INLINE, "set mime_forward = no forward_decode = no"),
    ("mutt", "inline, quoted", INLINE, "set mime_forward = no forward_quote = yes"),
    ("mutt", "attached", ATTACHED, "set mime_forward = yes"),
    ("mutt", "attached, decoded", ATTACHED, "set mime_forward = yes mime_forward_decode = yes"),
    ("neomutt", "inline", INLINE, "set mime_forward = no"),
    ("neomutt", "attached", ATTACHED, "set mime_forward = yes"),
]
S_NAIL = [
    ("inline", INLINE, "headerpick forward retain subject date sender from to cc"),
    ("inline, every field of the sender", INLINE, "headerpick forward ignore status"),
    ("attached", ATTACHED, "set forward-as-attachment"),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway for all that is forwarded here; each mail has a subject of its own."""
    made = Gateway(tmp_path_factory.mktemp("gateway"), free_port())
    made.prepare()
    made.start()
    yield made
    assert made.stop() == 0


@pytest.fixture
def desk(running: Gateway, tmp_path: Path) -> Desk:
    return Desk(tmp_path, running.port)


def mail(subject: str, author: str = BOB, recipient: str = ANA, cc: str = CARA) -> str:
    return MAIL.format(subject=subject, author=author, recipient=recipient, cc=cc)


def logged(gateway: Gateway, subject: str) -> dict[str, Any]:
    """The one activity with this subject, and its decision."""
    [(activity, *values)] = gateway.rows(
        "SELECT a.id, d.outcome, d.reason, d.flags, a.direction, u.address, a.text, a.sent_at FROM activity a"
        " JOIN decision d ON d.activity_id = a.id LEFT JOIN account_user u ON u.id = a.user_id"
        " WHERE a.subject = ?",
        subject,
    )
    names = ("outcome", "reason", "flags", "direction", "user", "text", "sent_at")
    people = gateway.rows(
        "SELECT role, name, canonical FROM participant WHERE activity_id = ? ORDER BY position", activity
    )
    contacts = gateway.rows(
        "SELECT c.address FROM activity_contact a JOIN contact_address c ON c.contact_id = a.contact_id"
        " WHERE a.activity_id = ? ORDER BY a.position",
        activity,
    )
    found = dict(zip(names, values, strict=True))
    found["text"] = "\n".join(line.rstrip() for line in str(found["text"]).split("\n")).strip()
    return found | {"participants": people, "contacts": [address for (address,) in contacts]}


def expected(kind: str) -> dict[str, Any]:
    """What becomes of the mail, whichever way it was forwarded."""
    return {
        "outcome": "logged",
        "reason": "explicit.forward",
        "flags": '["forward.claimed"]' if kind == INLINE else "[]",
        "direction": "incoming",
        "user": "ana@us.example",
        "text": TEXT,
        "sent_at": SENT_AT.timestamp() * 1000,
        "participants": [
            ("from", "Bob Builder", "bob@client.example"),
            ("to", "Ana", "ana@us.example"),
            ("cc", "Cara", "cara@client.example"),
        ],
        "contacts": ["bob@client.example", "cara@client.example"],
    }


def sent(desk: Desk) -> dict[str, Any]:
    """The forward itself, as `inspect` shows it."""
    result = CliRunner().invoke(main, ["inspect", "--json", "--channel", "forward", str(desk.sent)])
    assert result.exit_code == 0
    line: dict[str, Any] = json.loads(result.stdout)
    return line


@pytest.mark.parametrize(
    ("program", "name", "kind", "options"),
    [pytest.param(*case, marks=needs(case[0]), id=f"{case[0]} {case[1]}") for case in MUTT],
)
def test_a_mail_that_mutt_forwards_is_logged(
    running: Gateway, desk: Desk, program: str, name: str, kind: str, options: str
) -> None:
    subject = f"{program} {name}"
    desk.receive(mail(subject))
    desk.mutt(program, options, FORWARD.format(address=running.addresses["forward"]))
    assert logged(running, subject) == expected(kind)
    forward = sent(desk)
    assert (forward["unwrap"], forward["note"]) == (kind, NOTE)


@pytest.mark.parametrize("program", [pytest.param(p, marks=needs(p)) for p in ("mutt", "neomutt")])
def test_a_mail_that_mutt_bounces_is_logged_as_it_came(running: Gateway, desk: Desk, program: str) -> None:
    subject = f"{program} bounced"
    desk.receive(mail(subject))
    desk.mutt(program, "", BOUNCE.format(address=running.addresses["forward"]))
    assert logged(running, subject) == expected(REDIRECTED)


@needs("mutt")
def test_a_users_own_mail_that_she_forwards_is_outgoing(running: Gateway, desk: Desk) -> None:
    desk.receive(mail("mutt own mail", author=ANA, recipient=BOB, cc=DORA))
    desk.mutt("mutt", "set mime_forward = no", FORWARD.format(address=running.addresses["forward"]))
    found = logged(running, "mutt own mail")
    assert (found["direction"], found["user"]) == ("outgoing", "ana@us.example")
    assert found["contacts"] == ["bob@client.example", "dora@client.example"]


@needs("mutt")
def test_of_several_mails_in_one_forward_each_is_logged(running: Gateway, desk: Desk) -> None:
    desk.receive(mail("mutt first"), mail("mutt second"))
    keys = "<tag-pattern>~A<enter><tag-prefix>" + FORWARD.format(address=running.addresses["forward"])
    desk.mutt("mutt", "set mime_forward = yes", keys)
    assert logged(running, "mutt first") == expected(ATTACHED)
    assert logged(running, "mutt second") == expected(ATTACHED)
    assert sent(desk)["note"] == NOTE


@needs("s-nail")
@pytest.mark.parametrize(("name", "kind", "options"), S_NAIL, ids=[name for name, *_ in S_NAIL])
def test_a_mail_that_s_nail_forwards_is_logged(
    running: Gateway, desk: Desk, name: str, kind: str, options: str
) -> None:
    subject = f"s-nail {name}"
    desk.receive(mail(subject))
    address = running.addresses["forward"]
    # Its own command for an inline forward puts the note below; users who want it above write it first.
    inline = f"mail {address}\n~s Fwd: {subject}\n{NOTE}\n\n~f 1\n~.\n"
    desk.s_nail(options, inline if kind == INLINE else f"forward 1 {address}\n{NOTE}\n~.\n")
    assert logged(running, subject) == expected(kind)
    forward = sent(desk)
    assert (forward["unwrap"], forward["note"]) == (kind, NOTE)


@needs("s-nail")
def test_a_mail_that_s_nail_resends_is_logged_as_it_came(running: Gateway, desk: Desk) -> None:
    desk.receive(mail("s-nail resent"))
    desk.s_nail("", f"resend 1 {running.addresses['forward']}\n")
    assert logged(running, "s-nail resent") == expected(REDIRECTED)
