"""What the gateway never does: it sends no mail, relays none, and stops what goes round in circles."""

from __future__ import annotations

import re
import shutil
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.names import nameserver

from tests.running_gateway import Gateway, free_port

FROM, TO = "ana@us.example", "bob@client.example"
HOP = "Received: from a.example by b.example; Mon, 2 Mar 2026 09:12:04 +0000\r\n"
ELSEWHERE = (
    "<x@elsewhere.example>",
    "<x%elsewhere.example@bcc.log.example>",
    "<@bcc.log.example:x@elsewhere.example>",
    '<"x@elsewhere.example"@bcc.log.example>',
    "<x@[127.0.0.1]>",
    "<x!elsewhere.example@log.example>",
)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Gateway]:
    """The program, not started yet."""
    made = Gateway(tmp_path, free_port())
    made.prepare()
    yield made
    if made.running:
        made.kill()


def mail(subject: str, fields: str = "", body: str = "hi") -> str:
    return (
        f"{fields}From: {FROM}\r\nTo: {TO}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@us.example>\r\n"
        f"Date: Mon, 02 Mar 2026 09:12:04 +0000\r\n\r\n{body}\r\n"
    )


def send(program: Gateway, to: str, raw: str, mail_from: str = FROM) -> str:
    """The answer that decides."""
    with smtplib.SMTP("127.0.0.1", program.port, "mail.us.example", 30) as client:
        client.ehlo()
        client.mail(mail_from)
        code, text = client.docmd("RCPT", f"TO:{to}")
        if code == 250:
            code, text = client.data(raw)
        return f"{code} {text.decode()}"


def test_loops_and_broken_mail_are_refused_in_explicit_copies_and_decided_in_others(program: Gateway) -> None:
    """L02, R09: 50 servers are no loop, 51 are; a server's copy is never refused for its content."""
    program.start()
    bcc, relay = f"<{program.addresses['bcc']}>", f"<{program.addresses['relay']}>"
    assert send(program, bcc, mail("fifty", HOP * 50))[:3] == "250"
    assert send(program, bcc, mail("more", HOP * 51)) == "554 5.4.6 Routing loop detected"
    assert send(program, relay, mail("more", HOP * 51))[:3] == "250"
    assert send(program, relay, mail("again", HOP * 60))[:3] == "250"
    assert send(program, bcc, mail("two", "From: eve@evil.example\r\n")) == "550 5.6.0 Message is malformed"
    assert send(program, relay, mail("two", "From: eve@evil.example\r\n"))[:3] == "250"
    assert program.stop() == 0
    assert re.findall(r'"message\.refused".*"reason":"([a-z_.]+)"', program.log()) == [
        "smtp.routing_loop",
        "smtp.malformed",
    ]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace isn't installed")
def test_nothing_is_sent_anywhere(program: Gateway, tmp_path: Path) -> None:
    """L04, P11: over a run with every outcome, no process of the gateway connects to anything but the DNS server."""
    trace = tmp_path / "trace"
    calls = "trace=connect,sendto,sendmsg,sendmmsg"
    program.start("strace", "-f", "-qq", "-e", calls, "-e", "signal=none", "-o", str(trace))
    try:
        bcc = f"<{program.addresses['bcc']}>"
        assert send(program, bcc, mail("logged"))[:3] == "250"
        assert send(program, bcc, mail("bounce", "Return-Receipt-To: eve@evil.example\r\n"), "<>")[:3] == "250"
        assert send(program, f"<{program.addresses['relay']}>", mail("large", body="x\r\n" * 50_000))[:3] == "250"
        assert send(program, f"<{program.addresses['forward']}>", mail("no forward"))[:3] == "250"
        assert send(program, "<postmaster>", mail("operator"))[:3] == "250"
        for address in ELSEWHERE:
            assert send(program, address, mail("relayed"))[:3] == "550", address
    finally:
        assert program.stop_traced() == 0
    reached = set(re.findall(r'sin6?_port=htons\((\d+)\).*?"([^"]+)"', trace.read_text(encoding="utf-8")))
    assert {f"{ip}:{port}" for port, ip in reached} <= {nameserver()}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace isn't installed")
def test_a_program_that_sends_would_be_seen(tmp_path: Path) -> None:
    """The negative control."""
    trace = tmp_path / "trace"
    sends = "import socket; s = socket.socket(); s.settimeout(1); s.connect_ex(('127.0.0.1', 25))"
    subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=connect", "-o", str(trace), sys.executable, "-c", sends], check=True
    )
    assert re.findall(r'sin6?_port=htons\((\d+)\).*?"([^"]+)"', trace.read_text(encoding="utf-8")) == [
        ("25", "127.0.0.1")
    ]
