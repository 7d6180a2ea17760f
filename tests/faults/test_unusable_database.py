"""The database is damaged, moved, locked, read-only or far away: it is told, and nothing answered 250 gets lost."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.errors import StoreRemote
from storage.sqlite import network
from tests.faults.recording import ROOT, Prepared, Program, acknowledged, seed_of
from tests.faults.replay import records
from tests.faults.store_run import DATABASE, Request
from tests.faults.test_full_disk import ENDED, FAILED, Sender
from tests.running_gateway import Gateway

_SEED = 20260302
_LOG = f"{DATABASE}-wal"
SERVED, REFUSED = 0, {69, 75, 78}


# --- damaged ---


def traces(database: Path) -> set[str]:
    """The transactions that left a row."""
    with closing(sqlite3.connect(database)) as db:
        return {i for (i,) in db.execute("SELECT trace_id FROM decision UNION SELECT trace_id FROM repeat")}


def flip(prepared: Prepared, runs: Program, flips: int, seed: int, name: str) -> Counter[str]:
    """Starts the store on a file in which a few random bytes are other ones, and sends it new mail. What came of it."""
    chance, ends = random.Random(seed), Counter[str]()
    prepared.anew()
    first = Request(str(prepared.folder), messages=30, seed=seed, leave=name == _LOG)
    assert runs.run(first) == 0
    sound = prepared.folder.with_name("sound")
    shutil.copytree(prepared.folder, sound)
    before = len(acknowledged(records(prepared.log)))
    for _ in range(flips):
        prepared.anew()
        shutil.rmtree(prepared.folder)
        shutil.copytree(sound, prepared.folder)
        content = bytearray((sound / name).read_bytes())
        for _ in range(chance.choice((1, 1, 4, 64))):
            at = chance.randrange(100) if chance.random() < 0.1 else chance.randrange(len(content))
            content[at] ^= chance.randrange(1, 256)
        (prepared.folder / name).write_bytes(content)
        code = runs.run(Request(str(prepared.folder), messages=5, seed=seed + 1, run="new", damaged=True))
        assert code in {SERVED, *REFUSED}
        if code in REFUSED:
            ends["refused"] += 1
            continue
        there = traces(prepared.database)
        assert acknowledged(records(prepared.log)) <= there
        old = sum(not trace.startswith("new-") for trace in there)
        ends["served whole" if old == before else "served without the end of the log"] += 1
        assert old == before or name == _LOG
    return ends


def test_a_damaged_database_is_refused_or_whole(prepared: Prepared, runs: Program) -> None:
    ends = flip(prepared, runs, 30, _SEED, DATABASE)
    assert ends["refused"]
    assert ends["served whole"]


def test_a_damaged_log_is_refused_or_read_up_to_there(prepared: Prepared, runs: Program) -> None:
    """Damage in the log can't be told from a write that was never finished; docs/reliability.md says so."""
    ends = flip(prepared, runs, 15, _SEED, _LOG)
    assert ends.total() == 15


@pytest.mark.prove
@pytest.mark.parametrize("name", [DATABASE, _LOG])
def test_any_damage_is_refused_or_served_without_a_wrong_answer(prepared: Prepared, runs: Program, name: str) -> None:
    ends = flip(prepared, runs, 1000, seed_of(f"byte flips, {name}"), name)
    print(f"byte flips, {name}: {dict(ends)}")


def serve(gateway: Gateway, *before: str) -> subprocess.CompletedProcess[str]:
    """Tries to start; `before` are statements of Python."""
    program = "; ".join([*before, "from gateway.cli import main", "main()"])
    return subprocess.run(
        [sys.executable, "-P", "-c", program, "serve", "--config", str(gateway.config)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_database_that_lacks_a_page_is_refused_with_what_to_do(gateway: Gateway) -> None:
    database = gateway.folder / DATABASE
    with database.open("r+b") as file:
        file.seek(4096 * 5)
        file.write(bytes(4096))
    damaged = database.read_bytes()
    done = serve(gateway)
    assert done.returncode == 69
    assert "Restore a backup" in done.stderr
    assert "Traceback" not in done.stderr
    assert database.read_bytes() == damaged


# --- moved, locked ---


@pytest.mark.parametrize("name", [DATABASE, _LOG])
def test_a_file_that_is_taken_away_in_service_ends_it_before_a_wrong_250(gateway: Gateway, name: str) -> None:
    """What went to a file without a name would be lost with the process."""
    sender = Sender(gateway, random.Random(_SEED))
    gateway.start()
    assert sender.send()[0] == 250
    (gateway.folder / name).rename(gateway.folder / "away")
    assert sender.send() in ENDED
    assert gateway.wait() == 69
    assert "StoreMoved" in gateway.log()
    (gateway.folder / "away").replace(gateway.folder / name)
    gateway.start()
    assert sender.send(sender.sent)[0] == 250
    assert gateway.stop() == 0
    sender.verdict()


@pytest.mark.prove
def test_a_database_that_is_locked_for_half_a_minute_is_451_and_then_serves(gateway: Gateway) -> None:
    sender = Sender(gateway, random.Random(_SEED))
    gateway.start()
    with closing(sqlite3.connect(gateway.folder / DATABASE, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert sender.send(1) == FAILED
        lock.execute("ROLLBACK")
    assert sender.send(1)[0] == 250
    assert gateway.stop() == 0
    sender.verdict()


# --- read-only, far away ---


@pytest.fixture
def read_only(gateway: Gateway) -> Iterator[Gateway]:
    """Its database's file can't be written, its folder can; where the system lets us have that."""
    database = gateway.folder / DATABASE
    bound = ["mount", "--bind", database, database]
    if os.getuid() or subprocess.run(bound, capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    subprocess.run(["mount", "-o", "remount,bind,ro", database], check=True)
    yield gateway
    subprocess.run(["umount", database], check=True)


def test_a_database_that_is_read_only_is_refused_with_what_to_do(read_only: Gateway) -> None:
    done = serve(read_only)
    assert done.returncode == 69
    assert "can't be written" in done.stderr
    assert "Traceback" not in done.stderr


MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:25 / /srv/mail rw,relatime shared:9 - nfs4 files.example:/mail rw,vers=4.2
31 30 0:26 / /srv/mail/fast rw - xfs /dev/sdb rw
40 22 0:31 / /mnt/a\040share rw - cifs //files.example/a rw
41 22 0:32 / /mnt/remote rw - fuse.sshfs mail@files.example: rw
50 22 0:40 / /srv/covered rw - nfs files.example:/x rw
51 22 0:41 / /srv/covered rw - tmpfs none rw
"""


@pytest.mark.parametrize(
    ("folder", "remote"),
    [
        ("/var/lib/gateway", False),
        ("/srv/mail", True),
        ("/srv/mail/deep/er", True),
        ("/srv/mailbox", False),
        ("/srv/mail/fast/x", False),
        ("/mnt/a share/x", True),
        ("/mnt/remote", True),
        ("/srv/covered/x", False),
    ],
)
def test_a_network_file_system_is_known_by_its_mount(tmp_path: Path, folder: str, *, remote: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS, encoding="utf-8")
    if remote:
        with pytest.raises(StoreRemote, match="network_file_system"):
            network.check(Path(folder, DATABASE), mounts)
    else:
        network.check(Path(folder, DATABASE), mounts)


def test_a_database_on_a_network_file_system_is_refused_unless_it_is_allowed(gateway: Gateway) -> None:
    mounts = gateway.folder / "mountinfo"
    mounts.write_text(f"22 1 0:25 / {gateway.folder} rw - nfs4 files.example:/mail rw\n", encoding="utf-8")
    elsewhere = (
        "from pathlib import Path",
        "from storage.sqlite import network",
        f"network.check.__defaults__ = (Path({str(mounts)!r}),)",
    )
    done = serve(gateway, *elsewhere)
    assert (done.returncode, "network file system" in done.stderr) == (78, True), done.stderr
    text = gateway.config.read_text(encoding="utf-8")
    gateway.config.write_text(text.replace("[store]", "[store]\nnetwork_file_system = true"), encoding="utf-8")
    gateway.start()
    assert gateway.stop() == 0
