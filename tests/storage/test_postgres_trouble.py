"""What happens to a server that the store is on: it restarts, hangs, turns read-only, is full or lets nobody in."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from fakes.deliveries import ANA, BCC, BOB, KEYED, Delivery, cases, keeper, mail
from fakes.postgres import MISSING, PostgresServer
from fakes.scan import breaches_of
from fakes.world import load_world, seed

from gateway.core.decide import decide
from storage.errors import (
    StoreBroken,
    StoreDenied,
    StoreFull,
    StoreMissing,
    StoreStandby,
    StoreUnavailable,
    StoreUnreachable,
    StoreUnsafe,
)
from storage.open import migrate, open_store
from storage.place import Server
from storage.plan import Plan, Rows, ask
from storage.postgres import store as postgres_store
from storage.postgres.connection import close, connect
from storage.postgres.locks import ADMINISTRATION, lock_number
from storage.postgres.store import PostgresStore

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
US = load_world()
KEY = bytes(range(32))
OURS = "FROM pg_stat_activity WHERE application_name = 'bcc-gateway'"
ENDED = f"SELECT pg_terminate_backend(pid) {OURS}"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that may be ill-treated; each test leaves it running."""
    with PostgresServer(max_connections="12", superuser_reserved_connections="3") as made:
        yield made


@pytest.fixture
async def place(server: PostgresServer) -> Server:
    """A new database with a current schema and the usual account."""
    place = server.place(server.create())
    await migrate(place, 0)
    store = await opened(place)
    await store.change(seed(US, KEYED))
    await store.close()
    return place


@pytest.fixture
async def store(place: Server) -> AsyncIterator[PostgresStore]:
    made = await opened(place)
    yield made
    await made.close()


@pytest.fixture
def small_disk(server: PostgresServer) -> Iterator[None]:
    """The tablespace "small", on a disk of 4 MB; empty again at the end."""
    folder = server.folder / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    shutil.chown(folder, "postgres", "postgres")
    server.sql(f"CREATE TABLESPACE small LOCATION '{folder}'")
    yield
    server.sql("DROP TABLESPACE small")
    subprocess.run(["umount", "--lazy", folder], check=True)


async def opened(place: Server, *, serving: bool = False, patience: float = 5.0) -> PostgresStore:
    numbers = count(1)
    made = await open_store(place, KEY, lambda: f"{next(numbers):08}", busy_timeout=patience, serving=serving)
    assert isinstance(made, PostgresStore)
    return made


def name_of_database() -> Plan[Rows]:
    return ask("SELECT CAST(current_database() AS text)")


def letter(number: int) -> Delivery:
    return Delivery(mail(ANA, BOB, message_id=f"m{number}"), [BCC], ANA, trace_id=f"t{number}")


async def settle(store: PostgresStore, delivery: Delivery) -> str:
    [decision] = await store.settle(cases(US, delivery), decide, keeper(delivery, US))
    return decision.reason


async def settled(store: PostgresStore) -> dict[str, int]:
    """Deliveries by trace id."""
    return dict(await store.read(ask("SELECT trace_id, deliveries FROM decision")))


async def until(works: Callable[[], object]) -> None:
    """Asked again until it works; pytest ends a test that waits for ever."""
    while True:
        try:
            return await works()
        except StoreUnavailable:
            await asyncio.sleep(0.05)


async def test_after_a_restart_it_goes_on_by_itself(server: PostgresServer, store: PostgresStore) -> None:
    await settle(store, letter(1))
    server.restart()
    await until(lambda: settle(store, letter(2)))
    await until(lambda: settle(store, letter(1)))
    assert await settled(store) == {"t1": 2, "t2": 1}
    assert await store.read(breaches_of("postgres")) == []


async def test_while_nobody_answers_mail_is_put_off(server: PostgresServer, store: PostgresStore) -> None:
    server.stop()
    try:
        for kind in (StoreUnavailable, StoreUnreachable):  # the first one finds out
            with pytest.raises(kind):
                await settle(store, letter(1))
            with pytest.raises(kind):
                await store.read(ask("SELECT 1"))
    finally:
        server.start()
    assert await settle(store, letter(1)) == "explicit.bcc"


async def test_a_connection_that_is_ended_in_the_middle_loses_nothing_and_doubles_nothing(
    server: PostgresServer, store: PostgresStore
) -> None:
    """Every answer was kept, and each message is there once."""
    async def trouble() -> None:
        """Less and less of it, so that there is an end on a machine of any speed."""
        for pause in range(8):
            await asyncio.to_thread(server.sql, ENDED)
            await asyncio.sleep(pause * 0.1)

    async def deliver(number: int) -> None:
        await until(lambda: settle(store, letter(number)))

    await asyncio.gather(trouble(), *map(deliver, range(30)))
    assert sorted(await until(lambda: settled(store))) == sorted(f"t{n}" for n in range(30))
    assert await until(lambda: store.read(breaches_of("postgres"))) == []


async def test_a_server_that_hangs_is_left_and_the_writer_goes_on(
    server: PostgresServer, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_store, "ANSWER", 0.3)
    monkeypatch.setattr(store, "_patience", 0.2)
    backends = [int(pid) for (pid,) in server.sql(f"SELECT pid {OURS}")]
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable):
            await settle(store, letter(1))
        with pytest.raises(StoreUnavailable):
            await store.read(ask("SELECT 1"))
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)
    assert await until(lambda: settle(store, letter(1))) == "explicit.bcc"


async def test_a_server_that_turns_read_only_is_left_and_taken_again_when_it_takes_writes(
    server: PostgresServer, store: PostgresStore
) -> None:
    """As one that was demoted: the connections that were open fail first."""
    [(name,)] = await store.read(name_of_database())
    server.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    server.sql(ENDED)
    try:
        for kind in (StoreUnavailable, StoreStandby):
            with pytest.raises(kind):
                await settle(store, letter(1))
    finally:
        server.sql(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert await until(lambda: settle(store, letter(1))) == "explicit.bcc"


async def test_where_no_connection_is_left_mail_is_put_off_until_there_is_one(
    server: PostgresServer, place: Server, store: PostgresStore
) -> None:
    store._writer.terminate()
    crowd: list[asyncpg.Connection[asyncpg.Record]] = []
    backends = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    try:
        while not crowd or await crowd[0].fetchval(backends) < 12:
            with suppress(asyncpg.TooManyConnectionsError):
                crowd.append(await asyncpg.connect(place.url))
        with pytest.raises(StoreUnavailable, match="53300"):
            await settle(store, letter(1))
        with pytest.raises(StoreUnavailable, match="53300"):
            await opened(place)
    finally:
        for one in crowd:
            await one.close()
    assert await until(lambda: settle(store, letter(1))) == "explicit.bcc"


@pytest.mark.usefixtures("small_disk")
async def test_a_full_disk_is_told_as_such_and_with_room_again_mail_is_taken(
    server: PostgresServer, store: PostgresStore
) -> None:
    [(name,)] = await store.read(name_of_database())
    server.sql("ALTER TABLE raw_message SET TABLESPACE small", name)
    large = replace(letter(1), raw=mail(ANA, BOB, message_id="large", text=random.Random(1).randbytes(6_000_000).hex()))
    with pytest.raises(StoreFull):
        await settle(store, large)
    server.sql("ALTER TABLE raw_message SET TABLESPACE pg_default", name)
    assert await settle(store, letter(2)) == "explicit.bcc"
    assert await settled(store) == {"t2": 1}


async def test_who_waits_too_long_for_another_gateway_is_told_so(place: Server, store: PostgresStore) -> None:
    impatient = await opened(place, patience=0.2)
    other = await asyncpg.connect(place.url)
    try:
        for lock, held_up in ((lock_number("us"), settle(impatient, letter(1))), (ADMINISTRATION, note(impatient))):
            async with other.transaction():
                await other.execute(f"SELECT pg_advisory_xact_lock({lock})")
                with pytest.raises(StoreUnavailable, match="55P03"):
                    await held_up
        assert await settle(impatient, letter(1)) == "explicit.bcc"
        await note(impatient)
    finally:
        await other.close()
        await impatient.close()


async def note(store: PostgresStore) -> None:
    await store.change(ask("INSERT INTO dns_trouble VALUES ('x', 0)"))


async def test_accounts_are_settled_side_by_side(place: Server, store: PostgresStore) -> None:
    """Who waits in one account keeps nobody waiting in another."""
    them = replace(US, account="them", captures={f"their{key}": capture for key, capture in US.captures.items()})
    await store.change(seed(them, KEYED))
    other = await asyncpg.connect(place.url)
    try:
        async with other.transaction():
            await other.execute(f"SELECT pg_advisory_xact_lock({lock_number('us')})")
            theirs = Delivery(mail(ANA, BOB), [f"their{BCC}"], ANA)
            [decision] = await store.settle(cases(them, theirs), decide, keeper(theirs, them))
            assert decision.reason == "explicit.bcc"
    finally:
        await other.close()


# --- what is refused at the start ---


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_a_server_that_may_lose_what_it_committed_is_refused(
    server: PostgresServer, place: Server, setting: str
) -> None:
    server.sql(f"ALTER SYSTEM SET {setting} = off")
    server.restart("fast")
    try:
        with pytest.raises(StoreUnsafe, match=f"setting {setting} is off"):
            await opened(place)
        with pytest.raises(StoreUnsafe):
            await migrate(place, 0)
    finally:
        server.sql(f"ALTER SYSTEM RESET {setting}")
        server.restart("fast")


async def test_another_encoding_is_refused(server: PostgresServer) -> None:
    server.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreBroken, match="LATIN1"):
        await migrate(server.place("latin"), 0)


async def test_an_empty_database_is_told_from_one_that_is_not_there(server: PostgresServer) -> None:
    with pytest.raises(StoreMissing):
        await opened(server.place(server.create()))
    with pytest.raises(StoreDenied, match="3D000"):
        await opened(server.place("nowhere"))


async def test_who_may_not_in_is_told_where_to_look_and_nothing_secret(server: PostgresServer) -> None:
    hba = server.folder / "data" / "pg_hba.conf"
    before = hba.read_text()
    server.sql("CREATE ROLE other LOGIN PASSWORD 'right'")
    hba.write_text(f"local all other scram-sha-256\n{before}")
    server.sql("SELECT pg_reload_conf()")
    with pytest.raises(StoreDenied) as refused:
        await opened(Server(f"postgresql://other:hunter2@/postgres?host={server.folder}"))
    assert str(refused.value).endswith("Check user, password and database in store.url. (28P01)")


@pytest.mark.parametrize("url", ["postgresql://h:port/x", "postgresql://h?sslmode=what", "postgresql://[::1/x"])
async def test_an_address_that_makes_no_sense_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(StoreDenied, match=r"it can't be read"):
        await opened(Server(url))


async def test_nobody_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable) as refused:
        await opened(Server(f"postgresql://gateway@/x?host={tmp_path}"))
    assert refused.value.exit_code == 69


async def test_a_connection_that_nobody_waits_for_any_more_is_given_up(place: Server) -> None:
    """Whoever connects is told to stop sooner or later: an unclosed connection says so when it is collected."""
    for number in range(60):
        connecting = asyncio.create_task(connect(place))
        await asyncio.sleep(number / 3000)
        connecting.cancel()
        [found] = await asyncio.gather(connecting, return_exceptions=True)
        if isinstance(found, asyncpg.Connection):
            await close(found)
    gc.collect()
