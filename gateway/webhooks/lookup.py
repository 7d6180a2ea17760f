"""The addresses of a name, as this machine has them: names of its hosts file and its own network included."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence


async def addresses(host: str, port: int) -> Sequence[str]:
    """IP addresses of a host, each once. Raises OSError.

    In a thread of its own, which nobody waits for at the end: a look-up can't be cancelled, and must not take the place
    of work that mail waits for.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Sequence[str]] = loop.create_future()

    def look() -> None:
        try:
            told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            result: Sequence[str] | OSError = list(dict.fromkeys(str(one[4][0]) for one in told))
        except (OSError, UnicodeError) as error:
            result = error if isinstance(error, OSError) else OSError()
        if not loop.is_closed():
            loop.call_soon_threadsafe(_give, found, result)

    threading.Thread(target=look, daemon=True, name="webhook look-up").start()
    return await found


def _give(found: asyncio.Future[Sequence[str]], result: Sequence[str] | OSError) -> None:
    if found.done():
        return
    if isinstance(result, OSError):
        found.set_exception(result)
    else:
        found.set_result(result)
