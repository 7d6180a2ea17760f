"""What stands in this process's memory: nobody else looks at it, and what is freed goes back to the system."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys

_PR_SET_DUMPABLE = 4
_M_MMAP_THRESHOLD = -3
_LARGE = 512 * 1024
_BETWEEN_COLLECTIONS = (10_000, 20, 20)
"""What a message makes is free without the collector; at Python's own thresholds that cost a tenth of all time."""


def keep_private() -> None:
    """No core file, and no look inside by other processes of the same user. Children keep the former."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def give_back_large_blocks() -> None:
    """Of the C library: a block of the size of messages is had from the system, and given back when it is freed.

    Left to itself it keeps such blocks once it has seen some, and small ones between them keep it from giving any back.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # not every C library has it
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, _LARGE)


def give_back_free_pages() -> None:
    """Of the C library: also those between others that are in use, as a crowd leaves them. Takes a few milliseconds."""
    if sys.platform == "linux":
        malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if malloc_trim is not None:
            malloc_trim(0)


def spare_what_stays() -> None:
    """What exists now is for good: the garbage collector, which holds everybody up, needn't look at it again.

    Nor does it look often at what comes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_BETWEEN_COLLECTIONS)
