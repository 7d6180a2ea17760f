"""The gateway seen by swaks, the tester that mail administrators reach for."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.running_gateway import Gateway

pytestmark = pytest.mark.skipif(shutil.which("swaks") is None and "CI" not in os.environ, reason="needs Debian's swaks")


def swaks(gateway: Gateway, *options: str) -> str:
    """The dialogue as swaks shows it."""
    command = ["swaks", "--server", f"127.0.0.1:{gateway.port}", "--helo", "mail.us.example", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


def test_a_copy_to_a_bcc_address_is_accepted_with_its_trace_id(gateway: Gateway) -> None:
    gateway.start()
    said = swaks(
        gateway,
        *("--from", "ana@us.example", "--to", gateway.addresses["bcc"]),
        *("--header", "To: bob@client.example", "--header", "Subject: Offer"),
    )
    (trace_id, outcome, reason) = gateway.rows("SELECT trace_id, outcome, reason FROM decision")[0]
    assert f"250 2.0.0 Accepted {trace_id}" in said
    assert (outcome, reason) == ("logged", "explicit.bcc")


def test_an_address_that_is_not_ours_and_an_unknown_key_are_refused_by_themselves(gateway: Gateway) -> None:
    gateway.start()
    wanted = ["x@elsewhere.example", "guessed@bcc.log.example", gateway.addresses["bcc"]]
    said = swaks(gateway, "--from", "ana@us.example", "--to", ",".join(wanted), "--header", "To: bob@client.example")
    assert "550 5.7.1 Relaying denied" in said
    assert "550 5.1.1 No such recipient" in said
    assert "250 2.0.0 Accepted" in said
    assert gateway.rows("SELECT count(*) FROM decision") == [(1,)]
