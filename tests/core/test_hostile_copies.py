"""No copy blows the work up, whatever it is made of: for twice as much there is at most twice as much to do.

Calls are counted instead of seconds, so that a busy machine changes nothing. What happens within a single call, as a
search for a pattern, isn't seen here; tests/cli/test_inspect_any.py ends if one never does.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType

import pytest
from fakes.hostile import COPIES, Copy

from gateway.core import reply_text
from gateway.core.limits import ReadingLimits
from gateway.core.message import read_parts
from gateway.core.model import Channel
from gateway.core.unwrap.find import find

LIMITS = ReadingLimits()
HOSTS = frozenset({"forward.log.example"})


def look_into(raw: bytes) -> None:
    """Reads a copy and looks for an original in it, as each channel does."""
    reading = read_parts(raw, LIMITS)
    for channel in Channel:
        find(reading, channel, LIMITS, HOSTS)
    reply_text.trim(reading.message.text)


def calls(work: Callable[[], object]) -> int:
    """How many functions this calls, ours and the library's."""
    count = 0

    def counted(_frame: FrameType, event: str, _function: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    gc.disable()  # a collection may call functions at any time
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_for_twice_as_much_there_is_at_most_twice_as_much_to_do(copy: Copy) -> None:
    once, twice = copy.make(copy.counted), copy.make(2 * copy.counted)
    look_into(twice)  # so that tables that are made once are there
    assert calls(lambda: look_into(twice)) < 2.3 * calls(lambda: look_into(once))


def test_work_that_grows_faster_would_be_seen() -> None:
    def square(n: int) -> list[int]:
        return [max(i, j) for i in range(n) for j in range(n)]

    assert calls(lambda: square(200)) > 3.9 * calls(lambda: square(100))
