"""How often signing in may fail: for each client and for each address, so many times in so many minutes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from gateway.core.networks import network_of

WINDOW = 15 * 60 * 1000
"""Milliseconds."""
MOST_OF_CLIENT, MOST_OF_ADDRESS, MOST_OF_BOTH = 20, 50, 5
"""Of an address more, from wherever: or whoever knows it could keep its user out with a few tries."""
MOST_KNOWN = 10_000
"""Names; the oldest are forgotten first."""


class Rates:
    """Tries of the last minutes, in this process's memory. A try counts until it is known to have gone well."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._tries: OrderedDict[tuple[str, str], list[int]] = OrderedDict()

    def allow(self, client: str, address: str) -> bool:
        """Counts a try, unless there were too many before."""
        client, address = _network(client), address[:320].lower()
        limits = {(client, ""): MOST_OF_CLIENT, ("", address): MOST_OF_ADDRESS, (client, address): MOST_OF_BOTH}
        if any(len(self._recent(name)) >= most for name, most in limits.items()):
            return False
        for name in limits:
            self._count(name)
        return True

    def went_well(self, client: str, address: str) -> None:
        """Forgets the tries of this client with this address, and the last one of all its tries."""
        client, address = _network(client), address[:320].lower()
        self._tries.pop((client, address), None)
        for name in ((client, ""), ("", address)):
            if tries := self._tries.get(name):
                tries.pop()

    def _recent(self, name: tuple[str, str]) -> list[int]:
        return [at for at in self._tries.get(name, ()) if at > self._now() - WINDOW]

    def _count(self, name: tuple[str, str]) -> None:
        self._tries[name] = [*self._recent(name), self._now()]
        self._tries.move_to_end(name)
        if len(self._tries) > MOST_KNOWN:
            self._tries.popitem(last=False)


def _network(client: str) -> str:
    try:
        return network_of(client)
    except ValueError:  # whatever a proxy wrote
        return client
