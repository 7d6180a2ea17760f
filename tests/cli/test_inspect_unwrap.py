"""`inspect` shows what a message wraps, and with --channel only what that channel unwraps."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import main

FIXTURES = Path(__file__).parents[2] / "fixtures"
RESENT = b"Resent-From: ana@us.example\r\nFrom: bob@client.example\r\nSubject: Offer\r\n\r\nHello\r\n"


def inspect(path: str, *options: str, given: bytes = b"") -> dict[str, Any]:
    name = path if path == "-" else str(FIXTURES / path)
    result = CliRunner().invoke(main, ["inspect", "--json", *options, name], input=given)
    assert result.exit_code == 0
    line: dict[str, Any] = json.loads(result.stdout)
    return line


def test_a_journal_report_is_shown_with_its_message() -> None:
    line = inspect("journals/01-inbound.eml")
    assert line["unwrap"] == "journal"
    assert line["note"] is None
    assert line["journal"] == {
        "sender": "bob@client.example",
        "recipients": [
            {"address": "ana@us.example", "role": "unknown", "via": None, "forwarded": False},
            {"address": "dan@us.example", "role": "unknown", "via": None, "forwarded": False},
        ],
    }
    assert line["original"] == {
        "from": {"name": "Bob", "address": "bob@client.example"},
        "to": [{"name": "", "address": "ana@us.example"}],
        "cc": [],
        "subject": "Offer",
        "date": "2025-03-04T10:12:00+00:00",
        "date_text": "Tue, 04 Mar 2025 10:12:00 +0000",
        "message_id": "o1@client.example",
        "text": "Hello,\n\nhere is our offer.\n",
        "confidence": 1.0,
    }
    assert line["chain"] == [line["original"]]


def test_of_a_journal_report_the_message_is_judged() -> None:
    returned, bounce = inspect("journals/07-returned.eml"), inspect("journals/12-null-sender.eml")
    assert (returned["automated"], returned["failed_recipients"]) == (None, [])
    assert (bounce["automated"], bounce["failed_recipients"]) == ("dsn", ["bob@client.example"])


def test_what_unwrapping_found_stands_among_the_findings() -> None:
    line = inspect("journals/08-extra-prose.eml")
    assert line["findings"] == ["journal.malformed"]
    assert line["original"]["subject"] == "Offer"


def test_an_attached_forward_is_shown_with_its_note() -> None:
    line = inspect("attached/03-nested.eml")
    assert (line["unwrap"], line["note"], line["journal"]) == ("attached_forward", "From a colleague.", None)
    assert [one["subject"] for one in line["chain"]] == ["FW: Offer", "Offer"]
    assert line["original"] == line["chain"][0]


def test_a_redirected_message_is_its_own_original() -> None:
    line = inspect("-", given=RESENT)
    assert line["unwrap"] == "redirect"
    assert line["original"]["from"]["address"] == "bob@client.example"


@pytest.mark.parametrize(
    ("channel", "path", "expected"),
    [
        ("bcc", "journals/01-inbound.eml", "none"),
        ("relay", "journals/01-inbound.eml", "none"),
        ("journal", "journals/01-inbound.eml", "journal"),
        ("journal", "journals/11-capture.eml", "journal"),
        ("journal", "attached/01-one.eml", "none"),
        ("forward", "journals/01-inbound.eml", "none"),
        ("forward", "attached/01-one.eml", "attached_forward"),
        ("bcc", "attached/01-one.eml", "none"),
        ("relay", "attached/01-one.eml", "none"),
    ],
)
def test_a_channel_unwraps_only_what_it_carries(channel: str, path: str, expected: str) -> None:
    assert inspect(path, "--channel", channel)["unwrap"] == expected


def test_a_channel_tells_why_it_unwraps_nothing() -> None:
    report = inspect("journals/01-inbound.eml", "--channel", "relay")
    assert (report["findings"], report["journal"]) == (["journal.untrusted_peer"], None)
    message = b"X-Forwarded-For: ana@us.example\r\nFrom: bob@client.example\r\nTo: ana@us.example\r\n\r\nHello\r\n"
    assert inspect("-", "--channel", "forward", given=message)["findings"] == ["unwrap.automatic"]
    assert inspect("-", "--channel", "relay", given=RESENT)["unwrap"] == "none"
    assert inspect("journals/07-returned.eml", "--channel", "journal")["unwrap"] == "journal"
