"""A real mail server that copies all its mail to the gateway, and what becomes of a copy when the gateway dies."""

from __future__ import annotations

import os
import smtplib
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.peers.cutting_proxy import CuttingProxy
from tests.peers.postfix import Postfix, available
from tests.running_gateway import Gateway, free_port

pytestmark = pytest.mark.skipif(not available() and "CI" not in os.environ, reason="needs Debian's postfix, and root")

MAIL = """\
From: Ana <ana@us.example>
To: Bob <bob@client.example>
Subject: Offer
Message-ID: <offer@us.example>
Date: Mon, 02 Mar 2026 09:12:04 +0000

Dear Bob, here it is.
"""


@contextmanager
def copying_to(gateway: Gateway, port: int) -> Iterator[Postfix]:
    """A Postfix whose copies go to the gateway through this port. Its own user must reach its folder."""
    with tempfile.TemporaryDirectory(prefix="postfix-") as folder:
        server = Postfix(Path(folder), free_port(), port, {"always_bcc": gateway.addresses["relay"]})
        server.start()
        try:
            yield server
        finally:
            server.stop()


def submit(server: Postfix) -> None:
    with smtplib.SMTP("127.0.0.1", server.port) as client:
        client.sendmail("ana@us.example", ["bob@client.example"], MAIL)


def test_the_copy_that_always_bcc_makes_is_logged_and_its_trace_id_is_in_the_mail_servers_log(
    gateway: Gateway,
) -> None:
    gateway.start()
    with copying_to(gateway, gateway.port) as server:
        submit(server)
        log = server.wait_for("Accepted")
    (trace_id, reason) = gateway.rows("SELECT trace_id, reason FROM decision")[0]
    assert reason == "rule.log_all_and_create"
    assert f"250 2.0.0 Accepted {trace_id}" in log
    assert gateway.rows("SELECT address FROM contact_address") == [("bob@client.example",)]
    assert gateway.stop() == 0


def test_a_gateway_killed_before_its_commit_gets_the_copy_again_and_logs_it_once(
    gateway: Gateway,
) -> None:
    gateway.start()
    proxy = CuttingProxy(gateway.port, cuts=1)
    lock = sqlite3.connect(gateway.folder / "gateway.db", isolation_level=None)
    with copying_to(gateway, proxy.port) as server:
        lock.execute("BEGIN IMMEDIATE")  # the gateway waits here, between the final dot and its commit
        submit(server)
        assert proxy.reached.wait(30)
        gateway.kill()
        lock.execute("ROLLBACK")
        lock.close()
        assert gateway.rows("SELECT count(*) FROM decision") == [(0,)]
        proxy.release.set()
        gateway.start()
        server.wait_for("Accepted")
    proxy.close()
    assert gateway.rows("SELECT count(*), sum(deliveries) FROM decision") == [(1, 1)]
    assert gateway.rows("SELECT count(*) FROM activity") == [(1,)]


def test_a_gateway_killed_after_its_commit_recognises_the_copy_when_it_comes_again(
    gateway: Gateway,
) -> None:
    gateway.start()
    proxy = CuttingProxy(gateway.port, cuts=1)
    with copying_to(gateway, proxy.port) as server:
        submit(server)
        assert proxy.answered.wait(30)
        gateway.kill()
        proxy.release.set()
        gateway.start()
        server.wait_for("Accepted")
    proxy.close()
    assert gateway.rows("SELECT count(*), sum(deliveries) FROM decision") == [(1, 2)]
    assert gateway.rows("SELECT count(*) FROM activity") == [(1,)]
