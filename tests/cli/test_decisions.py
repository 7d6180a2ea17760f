"""`tail`, `trace` and `explain` on decisions that a running gateway made."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.running_gateway import Gateway

OFFER = (
    b"From: ana@us.example\r\nTo: bob@client.example\r\nSubject: Offer\r\nMessage-ID: <o1@us.example>\r\n\r\nHello\r\n"
)


def program(gateway: Gateway, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(gateway.config)], catch_exceptions=False)


def deliver(gateway: Gateway, raw: bytes = OFFER, channel: str = "bcc") -> str:
    """Delivers one copy; its trace id."""
    with smtplib.SMTP("127.0.0.1", gateway.port) as client:
        client.ehlo("mail.us.example")
        client.docmd("MAIL FROM:<ana@us.example>")
        client.docmd(f"RCPT TO:<{gateway.addresses[channel]}>")
        _, reply = client.data(raw)
    return reply.decode().rpartition(" ")[2]


def test_trace_finds_a_decision_by_trace_id_message_id_and_address_and_tells_every_stage(gateway: Gateway) -> None:
    gateway.start()
    trace_id = deliver(gateway)
    told = {program(gateway, "trace", what).stdout for what in (trace_id, "<o1@us.example>", "Bob@Client.example")}
    assert len(told) == 1
    (text,) = told
    assert "logged explicit.bcc" in text
    for stage in ("addressing", "participants", "never_log", "duplicates", "thread_policy", "contacts", "attribution"):
        assert stage in text


def test_the_trace_id_of_a_repeat_leads_to_the_first_decision(gateway: Gateway) -> None:
    gateway.start()
    first, again = deliver(gateway), deliver(gateway)
    assert first != again
    record = json.loads(program(gateway, "trace", again, "--json").stdout)
    assert (record["trace_id"], record["deliveries"], record["repeats"]) == (first, 2, [again])


def test_trace_of_nothing_says_what_to_do(gateway: Gateway) -> None:
    done = program(gateway, "trace", "nobody@nowhere.example")
    assert done.exit_code == 1
    assert "tail" in done.stderr


def test_tail_follows_decisions_that_another_process_makes(gateway: Gateway) -> None:
    gateway.start()
    deliver(gateway)
    command = [sys.executable, "-P", "-m", "gateway", "tail", "-f", "--json", "--config", str(gateway.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["reason"] == "explicit.bcc"
        new = deliver(gateway, OFFER.replace(b"o1@", b"o2@").replace(b"Offer", b"Second"), "relay")
        assert json.loads(following.stdout.readline())["trace_id"] == new
        following.terminate()


def test_tail_shows_only_what_was_asked_for(gateway: Gateway) -> None:
    gateway.start()
    deliver(gateway)
    deliver(gateway, OFFER.replace(b"bob@client", b"ana@us"))
    lines = program(gateway, "tail", "--outcome", "skipped").stdout.splitlines()
    assert len(lines) == 1
    assert "participants.internal_only" in lines[0]
    assert program(gateway, "tail", "--user", "ana@us.example").stdout.count("explicit.bcc") == 1
    assert program(gateway, "tail", "--reason", "no.such").exit_code == 2


def test_explain_says_what_would_be_decided_and_writes_nothing(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "offer.eml"
    file.write_bytes(OFFER)
    done = program(gateway, "explain", str(file), "--to", gateway.addresses["bcc"])
    assert done.stdout.startswith("logged explicit.bcc\n")
    assert "bob@client.example (created)" in done.stdout
    assert gateway.rows("SELECT count(*) FROM decision") == [(0,)]
    assert gateway.rows("SELECT count(*) FROM contact") == [(0,)]


def test_explain_from_a_client_that_proves_nothing_says_that_the_copy_would_be_refused(
    gateway: Gateway, tmp_path: Path
) -> None:
    file = tmp_path / "offer.eml"
    file.write_bytes(OFFER.replace(b"\r\n", b"\n"))
    done = program(gateway, "explain", str(file), "--to", gateway.addresses["bcc"], "--peer", "192.0.2.7", "--json")
    decided = json.loads(done.stdout)
    assert (decided["outcome"], decided["reason"]) == ("refused", "sender.unverified")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["explain", "none.eml", "--to", "x@bcc.log.example"], 1, "none.eml"),
        (["explain", "FILE", "--to", "x@elsewhere.example"], 1, "smtp.peer_denied"),
        (["explain", "FILE", "--to", "guess@bcc.log.example"], 1, "smtp.unknown_recipient"),
        (["explain", "FILE", "--to", "postmaster@bcc.log.example"], 1, "held operator.mail"),
        (["explain", "FILE", "--to", "x@bcc.log.example", "--peer", "nobody"], 2, "no IP address"),
        (["explain", "FILE"], 2, "--to"),
    ],
)
def test_a_mistake_is_answered_with_a_sentence(
    gateway: Gateway, tmp_path: Path, arguments: list[str], exit_code: int, said: str
) -> None:
    file = tmp_path / "offer.eml"
    file.write_bytes(OFFER)
    done = program(gateway, *[str(file) if a == "FILE" else a for a in arguments])
    assert done.exit_code == exit_code
    assert said in done.stderr


def test_a_subject_cannot_steer_the_terminal(gateway: Gateway) -> None:
    gateway.start()
    deliver(gateway, OFFER.replace(b"bob@client.example", b"=?utf-8?q?=1b=5b2J?= <bob@client.example>"))
    assert "\x1b" not in program(gateway, "trace", "bob@client.example").stdout
