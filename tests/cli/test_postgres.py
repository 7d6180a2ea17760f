"""The program as its operator runs it, on a PostgreSQL server: commands, and two machines of one installation."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from smtplib import SMTP, SMTPDataError

import pytest
from click.testing import Result
from fakes.deliveries import mail
from fakes.postgres import MISSING, Pooler, PostgresServer

from storage.errors import StoreStandby
from storage.migrate import migrations
from storage.open import check
from storage.place import Server
from tests.running_gateway import Gateway, free_port

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
ANA, BOB = "ana@us.example", "bob@client.example"
NEWEST = migrations("postgres")[-1].version
Command = Callable[..., Result]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as made:
        yield made


@pytest.fixture
def place(server: PostgresServer) -> Server:
    return server.place(server.create())


@pytest.fixture
def on_server(bare: Command, place: Server) -> Command:
    """Commands whose environment names a server."""
    named = {"GATEWAY_STORE__PATH": "unused.db", "GATEWAY_STORE__URL": place.url}
    return lambda *arguments, **environ: bare(*arguments, **named, **environ)


def test_init_sets_up_a_server_and_keeps_its_password_to_the_file(bare: Command, place: Server, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    flags = (
        *("--config", str(folder / "gateway.toml"), "--database", place.url, "--domain", "log.example"),
        *("--hostname", "mx.log.example", "--account", "acme", "--own-domain", "acme.example"),
        *("--admin-address", "ana@acme.example", "--admin-name", "Ana"),
    )
    unreachable = bare("init", *flags, "--database", "postgresql://ana:geheim@127.0.0.1:1/none")
    assert (unreachable.exit_code, "Nothing was made" in unreachable.stderr) == (69, False)
    assert "geheim" not in unreachable.output
    assert not folder.exists()
    made, again = (bare("init", *flags) for _ in range(2))
    assert (made.exit_code, again.exit_code) == (0, 0), made.output
    assert f"{place}: the database" in made.stdout
    assert made.stdout == again.stdout
    assert {path.name for path in folder.iterdir()} == {"gateway.toml", "installation.key"}
    listed = bare("account", "list", "--json", "--config", str(folder / "gateway.toml"))
    assert json.loads(listed.stdout)["name"] == "acme"


def test_a_database_is_made_checked_and_filled(on_server: Command, place: Server, tmp_path: Path) -> None:
    missing = on_server("db", "status")
    assert (missing.exit_code, f"{place}: version 0 of {NEWEST}" in missing.stdout) == (69, True)
    assert "`bcc-gateway db migrate` makes one" in missing.stderr
    applied = [f"{place}: applied {m.version:04} {m.name}" for m in migrations("postgres")]
    assert on_server("db", "migrate").stdout.splitlines() == applied
    assert on_server("db", "migrate").stdout == f"{place}: up to date\n"
    status = json.loads(on_server("db", "status", "--json").stdout)
    assert (status["version"], status["newest"], status["size"] > 0) == (NEWEST, NEWEST, True)
    assert on_server("account", "create", "us", "--domain", "us.example").exit_code == 0
    assert json.loads(on_server("account", "list", "--json").stdout)["name"] == "us"
    assert not (tmp_path / "gateway.db").exists()


def test_another_machine_is_refused_without_the_key(on_server: Command, tmp_path: Path) -> None:
    """One of its own would recognise nothing of what the others have stored."""
    on_server("db", "migrate")
    for arguments in (("db", "migrate"), ("account", "list")):
        refused = on_server(*arguments, GATEWAY_STORE__KEY_FILE=str(tmp_path / "other.key"))
        assert (refused.exit_code, "The installation's key can't be read" in refused.stderr) == (69, True)


def test_the_address_of_the_database_is_not_shown(bare: Command) -> None:
    url = "postgresql://gateway:hunter2@db.example/gateway"
    shown = bare("config", "show", GATEWAY_STORE__PATH="unused.db", GATEWAY_STORE__URL=url)
    assert "store.url" in shown.stdout
    assert "hunter2" not in shown.output


def test_an_address_that_is_none_is_refused_without_repeating_it(bare: Command) -> None:
    refused = bare("config", "check", GATEWAY_STORE__URL="mysql://gateway:hunter2@db.example/gateway")
    assert (refused.exit_code, "store.url must be the address of a PostgreSQL" in refused.stderr) == (78, True)
    assert "hunter2" not in refused.output


def test_without_its_driver_the_extra_is_named(tmp_path: Path) -> None:
    program = "import sys; sys.modules['asyncpg'] = None; from gateway.cli import main; main()"
    given = {"GATEWAY_DOMAIN": "log.example", "GATEWAY_STORE__URL": "postgresql://gateway@db.example/gateway"}
    command = [sys.executable, "-P", "-c", program, "db", "migrate"]
    told = subprocess.run(command, env=given, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)
    assert (told.returncode, 'pip install "bcc-gateway[postgres]"' in told.stderr) == (78, True)


@contextmanager
def running(gateway: Gateway) -> Iterator[Gateway]:
    gateway.start()
    try:
        yield gateway
    finally:
        assert gateway.stop() == 0


def send(gateway: Gateway, number: int) -> None:
    with SMTP("127.0.0.1", gateway.port, timeout=30) as client:
        client.sendmail(ANA, [gateway.addresses["relay"]], mail(ANA, BOB, message_id=f"m{number}"))


def test_two_machines_serve_one_installation_and_each_sees_what_the_other_decides(
    server: PostgresServer, place: Server, tmp_path: Path
) -> None:
    one = Gateway(tmp_path, free_port(), server=place)
    one.prepare()
    (tmp_path / "other").mkdir()
    other = one.another(tmp_path / "other", free_port())
    tail = [sys.executable, "-P", "-m", "gateway", "tail", "-f", "--json", "--config", str(other.config)]
    with running(one), running(other), subprocess.Popen(tail, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout
        try:
            for number, gateway in enumerate((one, other, one, other)):
                send(gateway, number)
            send(other, 0)
            reasons = [json.loads(following.stdout.readline())["reason"] for _ in range(4)]
        finally:
            following.terminate()
    assert len(reasons) == 4
    assert server.sql("SELECT count(*), sum(deliveries) FROM decision", str(place).rpartition("/")[2]) == [["4", "5"]]


def test_a_server_that_restarts_is_waited_for_by_the_senders(
    server: PostgresServer, place: Server, tmp_path: Path
) -> None:
    gateway = Gateway(tmp_path, free_port(), server=place)
    gateway.prepare()
    with running(gateway):
        send(gateway, 1)
        server.stop()
        try:
            with pytest.raises((SMTPDataError, OSError)) as refused:
                send(gateway, 2)
        finally:
            server.start()
        assert b"4" in str(refused.value).encode()
        send(gateway, 2)
    assert "Traceback" not in gateway.log()


def test_behind_a_pooler_that_gives_each_transaction_another_connection(
    server: PostgresServer, place: Server, tmp_path: Path
) -> None:
    with Pooler(server) as pooler:
        gateway = Gateway(tmp_path, free_port(), server=pooler.place(str(place).rpartition("/")[2]))
        gateway.prepare()
        with running(gateway):
            for number in range(3):
                send(gateway, number)
        server.sql(f"ALTER DATABASE {str(place).rpartition('/')[2]} SET default_transaction_read_only = on")
        pooler.forget()
        with pytest.raises(StoreStandby):
            asyncio.run(check(pooler.place(str(place).rpartition("/")[2])))
    assert server.sql("SELECT count(*) FROM decision", str(place).rpartition("/")[2]) == [["3"]]


def test_a_backup_is_a_file_that_a_gateway_can_serve_from(on_server: Command, bare: Command, tmp_path: Path) -> None:
    on_server("db", "migrate")
    on_server("account", "create", "us", "--domain", "us.example")
    copy = tmp_path / "copy.db"
    assert on_server("db", "backup", str(copy)).exit_code == 0
    listed = bare("account", "list", "--json", GATEWAY_STORE__PATH=str(copy))
    assert json.loads(listed.stdout)["name"] == "us"


def test_a_dry_run_of_a_replay_changes_nothing_on_the_server(
    on_server: Command, server: PostgresServer, place: Server, tmp_path: Path
) -> None:
    on_server("db", "migrate")
    on_server("account", "create", "us", "--domain", "us.example")
    on_server("user", "add", ANA, "Ana")
    on_server("address", "create", "bcc")
    (tmp_path / "one.eml").write_bytes(mail(ANA, BOB))
    told = on_server("replay", str(tmp_path / "one.eml"), "--dry-run", "--channel", "bcc")
    assert told.exit_code == 0, told.output
    assert server.sql("SELECT count(*) FROM decision", str(place).rpartition("/")[2]) == [["0"]]
