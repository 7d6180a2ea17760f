"""The power fails while the database and the installation's key are made, or a backup is written or restored."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.clock import now
from storage import migrate
from storage.errors import KeyMissing
from storage.open import installation_key
from tests.faults.disk import Disk, library
from tests.faults.recording import ROOT, lay_out
from tests.faults.replay import Cache, records
from tests.faults.verdict import verdict
from tests.running_gateway import Gateway

_SEED = 20260302


class Recorded:
    """A command that ended well, and what cuts leave of it."""

    def __init__(self, room: Path, folder: Path, *command: str) -> None:
        disk, self._room = Disk(room / "control"), room
        self._cache = Cache(folder)
        disk.record(folder, room / "log")
        subprocess.run(
            [sys.executable, "-P", "-m", "gateway", *command],
            env={**disk.environment, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            timeout=60,
        )
        self._run = records(room / "log")

    def images(self, chance: random.Random) -> Iterator[tuple[Path, bool]]:
        """Cuts between the calls, and at the end. The flag says that the command had ended."""
        image = self._room / "image"
        for record in self._run:
            if record.kind != "W" or chance.random() < 0.2:
                lay_out(self._cache, image, chance)
                yield image, False
            self._cache.apply(record, chance)
        for _ in range(20):
            lay_out(self._cache, image, chance)
            yield image, True


@pytest.fixture
def empty(room: Path) -> Gateway:
    """A configuration whose database is to be made, in a folder that isn't there either."""
    library()
    folder = room / "data"
    folder.mkdir()
    config = f'hostname = "gw.log.example"\ndomain = "log.example"\n[store]\npath = "{folder}/new/deep/gateway.db"\n'
    (room / "gateway.toml").write_text(config + f'key_file = "{folder}/new/key/installation.key"\n', encoding="utf-8")
    return Gateway(room, 0)


def test_a_cut_while_the_database_is_made_leaves_nothing_that_cannot_be_made_again(empty: Gateway) -> None:
    """Whatever is left, the command does the rest; and when it has ended, key and database are there for good."""
    made = Recorded(empty.folder, empty.folder / "data", "db", "migrate", "--config", str(empty.config))
    whole = installation_key(empty.folder / "data/new/key/installation.key", create=False)
    found: Counter[str] = Counter()
    for image, ended in made.images(random.Random(_SEED)):
        path, key_file = image / "new/deep/gateway.db", image / "new/key/installation.key"
        version, newest = migrate.status(path)
        if version or ended:
            assert version == newest
            assert installation_key(key_file, create=False) == whole
        try:
            installation_key(key_file, create=not version)
        except KeyMissing:
            found["half a key"] += 1
        migrate.migrate(path, now())
        assert not verdict(path, [])
        found["made again" if not version else "made"] += 1
    assert not found["half a key"]
    assert found["made again"]
    assert found["made"]


def test_a_backup_that_was_reported_outlives_a_cut(gateway: Gateway, room: Path) -> None:
    library()
    target = gateway.folder / "copy.db"
    made = Recorded(room, gateway.folder, "db", "backup", str(target), "--config", str(gateway.config))
    for image, ended in made.images(random.Random(_SEED)):
        copy = image / "copy.db"
        if ended:
            assert migrate.status(copy)[0]
            assert not verdict(copy, [])
    shutil.rmtree(room / "image")


def test_a_cut_during_a_restore_leaves_the_one_database_or_the_other(gateway: Gateway, room: Path) -> None:
    """Whole, and under its name; and when the restore has ended, that is what was restored, with the old one kept."""
    library()
    backup, later = gateway.folder / "backup.db", ["us", "later"]
    CliRunner().invoke(main, ["db", "backup", str(backup), "--config", str(gateway.config)], catch_exceptions=False)
    gateway.add_account("later")
    made = Recorded(room, gateway.folder, "db", "restore", str(backup), "--config", str(gateway.config))
    found: Counter[bool] = Counter()
    for image, ended in made.images(random.Random(_SEED)):
        accounts = _accounts(image / "gateway.db")
        assert accounts in (["us"], later)
        assert not verdict(image / "gateway.db", [])
        if ended:
            [kept] = image.glob("gateway.db.before-*")
            assert (accounts, _accounts(kept)) == (["us"], later)
        found[accounts == later] += 1
    shutil.rmtree(room / "image")
    assert set(found) == {True, False}


def _accounts(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [name for (name,) in db.execute("SELECT name FROM account ORDER BY id")]
