"""Checks of this machine: the key, the disk, open files, and the clock as far as it can be told without a store."""

from __future__ import annotations

import os
import pwd
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import gateway
from config.settings import Settings
from gateway.cli.doctor.found import Found, fail, ok, warn
from gateway.reload import allowance
from gateway.smtp.disk import bytes_free
from storage.open import installation_key

COMFORTABLE = 4
"""Times the space below which no mail is taken."""


def key_file(settings: Settings) -> Iterator[Found]:
    """There is a sound one, and nobody else can read it."""
    path, place = settings.store.key_file, settings.store.place()
    if not path.exists() and isinstance(place, Path) and not place.exists():
        yield fail("key_file", "There is no key and no database yet: `bcc-gateway init` makes both.")
        return
    installation_key(path, create=False)
    status = path.stat()
    shared = status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    if shared and os.geteuid() in (0, status.st_uid):
        yield warn("key_file", f"Others on this machine can read {path}: `chmod 600 {path}`.")
    elif shared:
        whose = f"{path} is there, given by {name_of(status.st_uid)}, whose folder must keep others out"
        yield ok("key_file", f"{whose}. Keep a copy of it apart from the database.")
    else:
        yield ok("key_file", f"{path} is there, for its owner only. Keep a copy of it apart from the database.")


def user(settings: Settings) -> Iterator[Found]:
    """Whoever asks is whoever serves, or root, whose files become those of the database's owner."""
    serves, asks = owner(settings), os.geteuid()
    if asks not in (serves, 0):
        told = f"{settings.store.path} belongs to {name_of(serves)}, and you are {name_of(asks)}"
        yield fail("user", f"{told}: run this as {name_of(serves)}, or as root.")
    else:
        yield ok("user", f"This runs as {name_of(asks)}, and the gateway as {name_of(serves)}.")


def owner(settings: Settings) -> int:
    """User id of whoever serves, as far as a database file tells; else of whoever asks."""
    place = settings.store.place()
    return place.stat().st_uid if isinstance(place, Path) and place.exists() else os.geteuid()


def readable_by(path: Path, user_id: int) -> bool:
    """By this user, as far as the file's own mode says."""
    status = path.stat()
    if user_id in (0, status.st_uid):
        return user_id == 0 or bool(status.st_mode & stat.S_IRUSR)
    try:
        known = pwd.getpwuid(user_id)
        groups = os.getgrouplist(known.pw_name, known.pw_gid)
    except KeyError:
        groups = []
    return bool(status.st_mode & (stat.S_IRGRP if status.st_gid in groups else stat.S_IROTH))


def disk(settings: Settings) -> Iterator[Found]:
    """Room for mail."""
    place, limits = settings.store.place(), settings.smtp_limits()
    if not isinstance(place, Path):
        yield ok("disk", "The database is on a server, which looks after its own disk.")
        return
    free, needed = bytes_free(place.parent), limits.least_free_disk
    told = f"{free >> 20} MiB are free at {place.parent}; below {needed >> 20} MiB mail is answered 452"
    if free < needed:
        yield fail("disk", f"{told}. Make room, or move the database.")
    elif free < COMFORTABLE * needed:
        yield warn("disk", f"{told}. Make room soon.")
    else:
        yield ok("disk", f"{told}.")


def open_files(settings: Settings) -> Iterator[Found]:
    """Enough for all connections, as far as this process can tell."""
    if lacking := allowance(settings):
        yield warn("open_files", f"Here {lacking}. A service may have more (systemd: LimitNOFILE), or it can't start.")
    else:
        yield ok("open_files", "The limit of open files is high enough for all connections.")


def clock() -> Iterator[Found]:
    """It isn't before the time at which this program was installed. The store tells more."""
    installed = Path(gateway.__file__).stat().st_mtime
    if time.time() < installed:
        yield fail(
            "clock",
            f"It is {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by this clock, before the program was installed"
            f" ({datetime.fromtimestamp(installed, UTC):%Y-%m-%d}): set the clock, best by NTP.",
        )


def name_of(user_id: int) -> str:
    """Of a user, for people."""
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)
