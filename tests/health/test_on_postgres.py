"""Probes and metrics of a real gateway whose database is a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from pathlib import Path
from smtplib import SMTP

import pytest
from fakes.deliveries import ANA, BOB, mail
from fakes.postgres import MISSING, PostgresServer

from tests.health.test_probes import get, status, until
from tests.running_gateway import Gateway, free_port

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as made:
        yield made


@pytest.fixture
def served(server: PostgresServer, tmp_path: Path) -> Iterator[Gateway]:
    place = server.place(server.create())
    made = Gateway(tmp_path, free_port(), health=f"127.0.0.1:{free_port()}", server=place)
    made.prepare()
    made.start()
    until(lambda: "health.opened" in made.log(), "opened")
    yield made
    assert made.stop() == 0


def sample(served: Gateway, name: str) -> float:
    """The value of a metric, named with its labels."""
    [line] = [line for line in get(served, "/metrics").text.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[-1])


def test_without_its_server_it_lives_is_not_ready_and_tells_of_itself_until_the_server_is_back(
    server: PostgresServer, served: Gateway
) -> None:
    code, state, checks = status(served)
    assert (code, state) == (200, "ready")
    assert checks.items() >= dict.fromkeys(("store", "schema", "listeners", "parser"), "ok").items()
    server.stop()
    try:
        until(lambda: status(served)[2]["store"] == "failed", "missed its server")
        assert status(served)[0] == 503
        assert get(served, "/healthz").status_code == 200
        assert get(served, "/metrics").status_code == 200
    finally:
        server.start()
    until(lambda: status(served)[0] == 200, "ready again")


def test_what_is_counted_and_what_the_database_knows_stand_on_one_page(served: Gateway) -> None:
    """The disk of the database is that of another machine."""
    before = sample(served, "bcc_gateway_store_commit_seconds_count")
    with SMTP("127.0.0.1", served.port, timeout=30) as client:
        client.sendmail(ANA, [served.addresses["bcc"]], mail(ANA, BOB))
    assert sample(served, 'bcc_gateway_decisions_total{channel="bcc",outcome="logged",reason="explicit.bcc"}') == 1
    assert sample(served, "bcc_gateway_store_commit_seconds_count") > before
    assert sample(served, "bcc_gateway_held_messages") == 0
    assert isnan(sample(served, "bcc_gateway_disk_free_bytes"))
    assert "disk" not in status(served)[2]
