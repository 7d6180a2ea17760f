"""Restores a backup again and again, each time killed one step later; prints what is there then, a JSON line for each.

Run as a program: it forks. A step is whatever Python does to a file by name: opening, linking, renaming, removing.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from gateway.core.keyed_hash import KeyedHash
from storage.copying import no_bar
from storage.mail_keys import MailKeys
from storage.restore import restore

STEPS = {"open", "os.link", "os.rename", "os.remove", "sqlite3.connect", "os.chown"}
MOST = 200


def accounts(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [name for (name,) in db.execute("SELECT name FROM account ORDER BY name")]


def put_back(folder: Path, kill_at: int = 0) -> None:
    """In this process; it ends at that step."""
    done = 0

    def count(event: str, of: tuple[object, ...]) -> None:
        nonlocal done
        done += event in STEPS and str(folder) in str(of[0])
        if done == kill_at:
            os._exit(9)

    if kill_at:
        sys.addaudithook(count)
    key = KeyedHash(bytes.fromhex((folder / "installation.key").read_text(encoding="ascii")))
    restore(folder / "gateway.db", folder / "backup.db", key, MailKeys(), 1_767_225_600_000 + kill_at * 1000, no_bar)


def killed(source: Path, folder: Path, kill_at: int) -> int:
    """How the process ended that was to be killed at this step."""
    shutil.copytree(source, folder)
    child = os.fork()
    if not child:
        put_back(folder, kill_at)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(source: Path, room: Path) -> None:
    for step in range(1, MOST):
        folder = room / str(step)
        code = killed(source, folder, step)
        found = {"step": step, "code": code, "now": accounts(folder / "gateway.db")}
        put_back(folder)
        names = sorted(path.name for path in folder.iterdir())
        kept = [accounts(folder / name) for name in names if ".before-" in name]
        print(json.dumps({**found, "then": accounts(folder / "gateway.db"), "kept": kept, "names": names}))
        if code == 0:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
