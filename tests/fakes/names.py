"""A name server for programs under test: it knows no good key, so that nothing is proven and nothing is temporary."""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from pathlib import Path

from gateway.cli.demo_dns import serve_zones

ZONES = Path(__file__).parents[2] / "fixtures" / "zones"


@cache
def nameserver() -> str:
    """Its address, "127.0.0.1:port"; it runs beside the tests until they end."""
    address: list[str] = []
    ready = threading.Event()

    async def run() -> None:
        served, _ = await serve_zones([ZONES / "us.example.zone"])
        address.append(served)
        ready.set()
        await asyncio.Event().wait()

    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
    assert ready.wait(10)
    return address[0]
