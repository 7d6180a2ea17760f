"""Whatever a program sends to the API: no fault of ours, and no answer that the document doesn't tell of."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
import schemathesis
from fakes.deliveries import ANA, BOB, KEYED, mail
from fakes.desk import Desk, opened
from fakes.gateway import empty_database
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance  # a cursor of another list fits its schema, too

from gateway.console.callers import COOKIE, csrf_token
from gateway.console.server import Server

EXAMPLES, MANY = 15, 50
"""Of each operation; operations."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a console with something in it, in a thread of its own."""
    sock = socket.create_server(("127.0.0.1", 0))
    host = f"127.0.0.1:{sock.getsockname()[1]}"
    ready, end = threading.Event(), threading.Event()
    folder = tmp_path_factory.mktemp("served")

    async def serve() -> None:
        empty_database(folder / "gateway.db", folder / "template.db")
        async with opened(folder / "gateway.db", host) as desk:
            await _filled(desk)
            server = Server(sock, desk.office)
            ready.set()
            await asyncio.to_thread(end.wait)
            await server.stop()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(30)
    yield f"http://{host}"
    end.set()
    thread.join(30)


async def _filled(desk: Desk) -> None:
    await desk.receive(mail(ANA, BOB))
    await desk.receive(mail("stranger@elsewhere.example", BOB, message_id="two"))


schemathesis.serializer.alias(["message/rfc822", "text/csv"], "text/plain")

SECRET = "secret of ana"  # noqa: S105 — a test's
LEFT_OUT = "/api/v1/events"
"""It doesn't end."""


def test_every_answer_is_one_that_the_document_tells_of(served: str) -> None:
    document = schemathesis.openapi.from_url(f"{served}/api/v1/openapi.json")
    headers, cookies = {"x-csrf-token": csrf_token(KEYED, SECRET)}, {COOKIE: SECRET}
    tried = 0
    for found in document.get_all_operations():
        operation = found.ok()
        if operation.path == LEFT_OUT:
            continue

        @given(case=operation.as_strategy())
        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        def answered(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=headers, cookies=cookies, excluded_checks=[positive_data_acceptance])

        answered()
        tried += 1
    assert tried > MANY
