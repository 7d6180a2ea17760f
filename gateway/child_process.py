"""What a process of the gateway does that another one has started."""

from __future__ import annotations

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1
_SIGNALS_TO_ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Sent to every process of the gateway."""


def leave_signals_to_parent() -> None:
    """Who started this process says when it ends; if that one is killed, this one ends with it."""
    for number in _SIGNALS_TO_ALL:
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":  # a killed parent closes the connection too, but a stopped process sees no end
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
