"""Moments at which a gateway can be killed. Its functions are wrapped by name, from outside: one that is no more is an
error, and a moment that never comes fails the proof that waits for it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sqlite3
import struct
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeAlias

Kill: TypeAlias = Callable[[], None]

_IN_MODIFY = 2


def install(name: str, times: int) -> None:
    """From now on this process is killed when the moment comes for the `times`-th time."""
    left = times

    def kill() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    MOMENTS[name](kill)


def wrapped(place: str, wrapper: Callable[[Any], Any]) -> None:
    """Puts `wrapper(what stands there)` into a place, "module:name" or "module:class.name"."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    setattr(owner, name, wrapper(getattr(owner, name)))


def _before(place: str) -> Callable[[Kill], None]:
    def install_(kill: Kill) -> None:
        def wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                kill()
                return function(*args, **kwargs)

            return call

        wrapped(place, wrapper)

    return install_


def _after(place: str, of: Callable[..., bool] = lambda *_: True) -> Callable[[Kill], None]:
    """After a coroutine function has returned, whose arguments are such."""

    def install_(kill: Kill) -> None:
        def wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
            async def call(*args: Any, **kwargs: Any) -> Any:
                result = await function(*args, **kwargs)
                if of(*args):
                    kill()
                return result

            return call

        wrapped(place, wrapper)

    return install_


class _Connection(sqlite3.Connection):
    """Tells of the statements that are executed."""

    before: Callable[[str], None] = staticmethod(lambda _: None)
    after: Callable[[str], None] = staticmethod(lambda _: None)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        type(self).before(sql)
        cursor = super().execute(sql, *values)
        type(self).after(sql)
        return cursor


def _connect_with(prepare: Callable[[sqlite3.Connection], Any] = lambda _: None) -> None:
    plain = sqlite3.connect

    def connect(*args: Any, factory: type = sqlite3.Connection, **kwargs: Any) -> sqlite3.Connection:
        connection = plain(*args, **kwargs, factory=type("Told", (_Connection, factory), {}))
        prepare(connection)
        return connection

    sqlite3.connect = connect  # type: ignore[assignment]  # of one overload


def _statement(start: str, *, after: bool) -> Callable[[Kill], None]:
    def install_(kill: Kill) -> None:
        def look(sql: str) -> None:
            if sql.startswith(start):
                kill()

        setattr(_Connection, "after" if after else "before", staticmethod(look))
        _connect_with()

    return install_


def _first_insert(kill: Kill) -> None:
    begun = False

    def look(sql: str) -> None:
        nonlocal begun
        if sql == "BEGIN IMMEDIATE":
            begun = True
        elif begun and sql.startswith("INSERT"):
            begun = False
            kill()

    _Connection.after = staticmethod(look)
    _connect_with()


def _in_checkpoint(kill: Kill) -> None:
    """While pages go from the write-ahead log into the database, which nothing else writes to."""
    watching: list[str] = []

    def prepare(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA wal_autocheckpoint = 100")
        _, _, path = connection.execute("PRAGMA database_list").fetchone()
        if not watching:
            watching.append(path)
            threading.Thread(target=_when_written, args=(path, kill), daemon=True).start()

    _connect_with(prepare)


def _when_written(path: str, kill: Kill) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init()
    watch = libc.inotify_add_watch(descriptor, path.encode(), _IN_MODIFY)
    if min(descriptor, watch) < 0:
        raise OSError(ctypes.get_errno(), "inotify")
    while os.read(descriptor, 16 * struct.calcsize("iIII")):
        kill()


MOMENTS: dict[str, Callable[[Kill], None]] = {
    "after_dot": _before("gateway.smtp.handler:Handler.message"),
    "dns_done": _after("gateway.authenticate:Authenticator.evidence"),
    "begun": _statement("BEGIN IMMEDIATE", after=True),
    "first_insert": _first_insert,
    "before_commit": _statement("COMMIT", after=False),
    "after_commit": _statement("COMMIT", after=True),
    "in_checkpoint": _in_checkpoint,
    "before_reply": _before("gateway.smtp.replies:accepted"),
    "after_reply": _after(
        "gateway.smtp.connection:Connection.push", lambda _, reply: b"Accepted" in getattr(reply, "wire", b"")
    ),
    "statement": _statement("", after=False),
}
"""Those of a message in their order, and each statement of the database, for migrations."""
