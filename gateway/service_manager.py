"""What systemd, or whoever else started the gateway and listens on NOTIFY_SOCKET, hears of it (sd_notify(3))."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress


class ServiceManager:
    """Nobody hears anything where the environment names no socket."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        """Takes what is meant for this process out of the environment: its children have nothing to say."""
        address = environ.pop("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        microseconds, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        meant = microseconds.isdecimal() and pid in ("", str(os.getpid()))
        self.every = int(microseconds) / 2_000_000 if meant else 0.0
        """Seconds between signs of life that are wanted; 0 where none are."""
        self._stops = False

    def ready(self, status: str) -> None:
        """It serves. `status`: a line for the operator."""
        if not self._stops:
            self._tell(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        """It reads its configuration again; `ready` follows."""
        if not self._stops:
            self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """It drains, and serves no more whatever comes."""
        self._stops = True
        self._tell("STOPPING=1\nSTATUS=Draining")

    async def watch(self, failed: asyncio.Event) -> None:
        """Gives signs of life while the event loop turns and the store hasn't `failed`, until cancelled.

        A disk that is slow is no reason to be killed: what waits for it doesn't hold up the loop.
        """
        while self.every and not failed.is_set():
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self.every)

    def _tell(self, text: str) -> None:
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.settimeout(0)
                sock.sendto(text.encode(), self._address)
