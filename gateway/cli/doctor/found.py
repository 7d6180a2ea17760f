"""What a check found, and how each is made within its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from storage.errors import StoreError

PATIENCE = 15.0
"""Seconds that a check may take."""


class Status(StrEnum):
    """Of one finding."""

    OK = "ok"
    WARN = "warn"
    """It works, but somebody should look."""
    FAIL = "fail"
    """Something doesn't work."""


@dataclass(frozen=True, slots=True)
class Found:
    """One finding: a sentence that says what is so and, where it isn't well, what to do next."""

    check: str
    status: Status
    sentence: str


def ok(check: str, sentence: str) -> Found:
    return Found(check, Status.OK, sentence)


def warn(check: str, sentence: str) -> Found:
    return Found(check, Status.WARN, sentence)


def fail(check: str, sentence: str) -> Found:
    return Found(check, Status.FAIL, sentence)


def within(check: str, work: Callable[[], Iterator[Found]], patience: float = PATIENCE) -> tuple[list[Found], bool]:
    """What it finds, in a thread that is left behind where it takes too long: true where it was."""
    found: list[Found] = []
    thread = threading.Thread(target=_collect, args=(check, work, found.append), daemon=True)
    thread.start()
    thread.join(patience)
    if thread.is_alive():
        hangs = fail(check, f"There was no answer within {patience:g} seconds; see what it waits for.")
        return [*found, hangs], True
    return found, False


def _collect(check: str, work: Callable[[], Iterator[Found]], take: Callable[[Found], None]) -> None:
    try:
        for one in work():
            take(one)
    except StoreError as error:
        take(fail(check, str(error)))
    except OSError as error:
        take(fail(check, f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)))
    except Exception as error:
        take(fail(check, f"This check itself broke ({type(error).__name__}), so nothing is known of it."))
