"""`inspect`: one line a message, whatever it is given."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main

MAIL = b"From: Ana <ana@example.com>\nTo: bob@client.example\nSubject: hello\nMessage-ID: <m@example.com>\n\nHi Bob\n"
MBOX = (
    b"From ana@example.com Tue Mar  4 10:12:00 2025\n" + MAIL + b"\nFrom the start it was clear.\n\nFrom - Tue\n" + MAIL
)


def run(*arguments: str, given: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["inspect", *arguments], input=given)


def lines(*arguments: str, given: bytes = b"") -> list[dict[str, Any]]:
    result = run("--json", *arguments, given=given)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mail.eml"
    path.write_bytes(MAIL)
    return path


def test_a_message_gives_every_documented_key(file: Path) -> None:
    (line,) = lines(str(file))
    assert line == {
        "file": str(file),
        "index": 0,
        "headers": {
            "message_id": "m@example.com",
            "in_reply_to": [],
            "references": [],
            "subject": "hello",
            "date": None,
            "from": [{"name": "Ana", "address": "ana@example.com"}],
            "sender": [],
            "reply_to": [],
            "to": [{"name": "", "address": "bob@client.example"}],
            "cc": [],
            "bcc": [],
        },
        "automated": None,
        "failed_recipients": [],
        "unwrap": "none",
        "note": None,
        "chain": [],
        "original": None,
        "journal": None,
        "text": "Hi Bob\n",
        "reply_text": "Hi Bob",
        "attachments": [],
        "findings": [],
    }


def test_dates_are_rfc_3339_and_attachments_objects() -> None:
    raw = b"Date: Tue, 4 Mar 2025 10:12:00 -0500\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nx"
    (line,) = lines("-", given=raw)
    assert line["headers"]["date"] == "2025-03-04T10:12:00-05:00"
    assert [(a["name"], a["content_type"], a["size"], a["inline"]) for a in line["attachments"]] == [
        ("a.pdf", "application/pdf", 1, False)
    ]


def test_a_folder_gives_every_file_below_it_in_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.eml", "a.eml", "sub/c.eml"):
        (tmp_path / name).write_bytes(MAIL)
    assert [line["file"] for line in lines(str(tmp_path))] == [
        str(tmp_path / n) for n in ("a.eml", "b.eml", "sub/c.eml")
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_mbox_gives_its_messages_by_position(end: bytes) -> None:
    found = lines("-", given=MBOX.replace(b"\n", end))
    assert [(line["index"], line["headers"]["subject"]) for line in found] == [(0, "hello"), (1, "hello")]
    assert "From the start" in found[0]["text"]


def test_a_file_with_bare_line_feeds_is_as_sent_but_mixed_ends_are_a_finding() -> None:
    assert lines("-", given=MAIL)[0]["findings"] == []
    assert lines("-", given=MAIL + b"x\r\n")[0]["findings"] == ["bytes.repaired"]


def test_anything_gives_a_line() -> None:
    for raw in (b"", b"\0" * 100, b"\xff\xfe<html>", bytes(range(256))):
        assert len(lines("-", given=raw)) == 1


def test_a_path_that_cannot_be_opened_fails_at_the_end(file: Path, tmp_path: Path) -> None:
    result = run("--json", str(tmp_path / "none"), str(file))
    assert result.exit_code == 1
    assert json.loads(result.stdout)["file"] == str(file)
    assert result.stderr == f"bcc-gateway inspect: {tmp_path / 'none'}: No such file or directory\n"


def test_a_channel_must_be_one_and_a_path_must_be_given(file: Path) -> None:
    assert run("--channel", "bcc", str(file)).exit_code == 0
    assert run("--channel", "fax", str(file)).exit_code == 2
    assert run().exit_code == 2


def test_output_for_people_cannot_steer_the_terminal() -> None:
    subject = b"Subject: =?utf-8?q?=1B]0;x=07=C2=9B2J=E2=80=AE?="
    raw = subject + b'\nFrom: "=?utf-8?q?=1B[2J?=" <a@example.com>\n\nred\x1b[31m\n'
    result = run("-", given=raw)
    assert result.exit_code == 0
    assert "subject" in result.stdout
    assert not set(result.stdout) & set("\x1b\x07\x9b\u202e")
