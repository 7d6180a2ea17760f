"""Signing in as swaks does it, over STARTTLS and over TLS from the first byte."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.peers.secure_gateway import PASSWORD, Secure, secured
from tests.running_gateway import Gateway


def _usable() -> bool:
    if shutil.which("swaks") is None or shutil.which("perl") is None:
        return False
    return subprocess.run(["perl", "-MNet::SSLeay", "-e1"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not _usable() and "CI" not in os.environ, reason="needs Debian's swaks and libnet-ssleay-perl"
)


@pytest.fixture
def secure(gateway: Gateway) -> Secure:
    found = secured(gateway)
    gateway.start()
    return found


def swaks(secure: Secure, port: int, *options: str) -> str:
    """The dialogue as swaks shows it; a mail of Ana's with a copy to her Bcc address."""
    command = ["swaks", "--server", f"127.0.0.1:{port}", "--helo", "mail.us.example", "--from", "ana@us.example"]
    command += ["--to", secure.gateway.addresses["bcc"], "--header", "To: bob@client.example", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("tls", ["--tls", "--tls-on-connect"])
def test_a_user_signs_in_and_a_copy_is_logged(secure: Secure, mechanism: str, tls: str) -> None:
    port = secure.starttls if tls == "--tls" else secure.implicit
    who = ("--auth", mechanism, "--auth-user", "ana@us.example", "--auth-password")
    said = swaks(secure, port, tls, *who, PASSWORD)
    assert "235 2.7.0 Authentication successful" in said
    assert "250 2.0.0 Accepted" in said
    assert secure.gateway.rows("SELECT outcome, reason FROM decision") == [("logged", "explicit.bcc")]


def test_a_wrong_password_and_a_dialogue_in_clear_are_refused(secure: Secure) -> None:
    who = ("--auth", "PLAIN", "--auth-user", "ana@us.example", "--auth-password")
    assert "535 5.7.8 Authentication failed" in swaks(secure, secure.starttls, "--tls", *who, "wrong password")
    assert "530 5.7.0 Must issue a STARTTLS command first" in swaks(secure, secure.starttls)
    assert "AUTH" not in swaks(secure, secure.starttls, "--quit-after", "EHLO")
    assert secure.gateway.rows("SELECT count(*) FROM decision") == [(0,)]
    log = secure.gateway.log()
    assert "login.refused" in log
    assert "ana" not in log
    assert "wrong password" not in log
