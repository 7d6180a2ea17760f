"""What stands in the files of a PostgreSQL server: its tables, its write-ahead log, and the log that operators read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, Delivery, cases, keeper, mail
from fakes.postgres import MISSING, PostgresServer
from fakes.scan import found
from fakes.world import load_world, seed

from gateway.core.decide import decide
from storage.errors import StoreUnavailable
from storage.open import migrate, open_store
from storage.plan import ask

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
US = load_world()
SECRET, NAME, SUBJECT, TEXT, IDENT = (
    "quillfeather@secret.example",
    "Ottoline Marrow",
    "Zephyrine plans",
    "vermilion lighthouse",
    "obsidian-heron",
)
MARKERS = (SECRET, NAME, SUBJECT, TEXT, IDENT)
LISTED = Delivery(mail(ANA, f"{NAME} <{SECRET}>", SUBJECT, message_id=IDENT, text=TEXT), [BCC], ANA)
LOGGED = Delivery(mail(ANA, f"{NAME} <{BOB}>", SUBJECT, message_id=IDENT, text=TEXT), [BCC], ANA)
SEEN = {NAME, SUBJECT, TEXT, IDENT}

TELLS_ALL = {"log_statement": "all", "log_min_duration_statement": "0", "log_min_error_statement": "debug5"}
VERBOSE = {"log_error_verbosity": "default"}


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """One that logs every statement, set as docs/postgres.md asks unless the test says otherwise."""
    with PostgresServer(**TELLS_ALL | getattr(request, "param", {})) as made:
        yield made


async def settle(server: PostgresServer, *deliveries: Delivery, fail: bool = False) -> None:
    """In a store of its own; then the server has written all that it ever will."""
    place, numbers = server.place(server.create()), count(1)
    await migrate(place, 0)
    store = await open_store(place, bytes(range(32)), lambda: f"{next(numbers):08}")
    try:
        await store.change(seed(US, KEYED))
        for delivery in deliveries:
            await store.settle(cases(US, delivery), decide, keeper(delivery, US))
        if fail:
            with pytest.raises(StoreUnavailable) as refused:
                await store.change(ask("UPDATE activity SET direction = NULL"))
            assert not any(marker in str(refused.value) for marker in MARKERS)
    finally:
        await store.close()
    server.stop("fast")
    server.start()


def log(server: PostgresServer, folder: Path) -> set[str]:
    """The markers that stand in the server's log."""
    folder.mkdir()
    text = server.log.read_text(encoding="utf-8")
    assert "INSERT INTO decision" in text
    (folder / "log").write_text(text, encoding="utf-8")
    return found(folder, *MARKERS)


async def test_of_listed_mail_nothing_is_in_any_file_of_the_server(server: PostgresServer) -> None:
    await settle(server, LISTED)
    assert found(server.folder, *MARKERS) == set()


async def test_of_other_mail_nothing_is_in_the_log_that_operators_read(server: PostgresServer, tmp_path: Path) -> None:
    """Also not where a statement fails, whose error would show the row. In the tables it is: the scan sees that."""
    await settle(server, LOGGED, fail=True)
    assert log(server, tmp_path / "log") == set()
    assert found(server.folder, *MARKERS) == SEEN


@pytest.mark.parametrize("server", [VERBOSE | {"log_parameter_max_length": "-1"}], indirect=True)
async def test_without_the_settings_for_parameters_it_would_be_there(server: PostgresServer, tmp_path: Path) -> None:
    """A control."""
    await settle(server, LOGGED)
    assert log(server, tmp_path / "log") >= {SUBJECT, TEXT}


@pytest.mark.parametrize("server", [VERBOSE], indirect=True)
async def test_without_the_setting_for_errors_it_would_be_there(server: PostgresServer, tmp_path: Path) -> None:
    """A control."""
    await settle(server, LOGGED, fail=True)
    assert log(server, tmp_path / "log") != set()
