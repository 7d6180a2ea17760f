"""Whether the file is damaged, as far as a start can wait for the answer."""

from __future__ import annotations

import sqlite3
import threading

from storage.errors import StoreBroken

SECONDS = 2.0
"""Time enough for some hundred MB; of a larger file a part is seen."""


def look(db: sqlite3.Connection, seconds: float = SECONDS) -> None:
    """Raises StoreBroken for damage that shows within so many seconds."""
    enough = threading.Timer(seconds, db.interrupt)
    enough.start()
    try:
        found = db.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_INTERRUPT":
            raise
    else:
        if found != [("ok",)]:
            raise StoreBroken("(integrity check)")
    finally:
        enough.cancel()
        enough.join()
