"""The console of a gateway that begins to serve: where it is, and who is let in first."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from gateway.clock import new_id, now
from gateway.console.limits import LOOPBACK
from gateway.console.news import News
from gateway.console.office import Office
from gateway.console.server import Server
from gateway.ingest import Ingest
from gateway.webhooks.limits import WebhookLimits
from gateway.webhooks.post import Post
from storage.administration import sessions
from storage.interface import Store
from storage.plan import Plan
from storage.sealing import Sealing


class Console:
    """A console that is served."""

    def __init__(self, office: Office, server: Server) -> None:
        self.office = office
        self._server = server

    @classmethod
    async def open(
        cls, sock: socket.socket, url: str, store: Store, sealing: Sealing, ingest: Ingest, limits: WebhookLimits
    ) -> Console:
        """Serves on this socket. `url`: where browsers find it; "" where it is on loopback only."""
        host, port = sock.getsockname()[:2]
        here = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")} if host in LOOPBACK else set()
        found = url or f"http://{'[::1]' if host == '::1' else host}:{port}"
        names = frozenset(here | {urlsplit(found).netloc})
        proxied = host in LOOPBACK and url.startswith("https://")
        office = Office(store, sealing, new_id, now, ingest, News(store), Post(limits), found, names, proxied)
        return cls(office, Server(sock, office))

    async def first_link(self) -> str | None:
        """A link for the first admin, where nobody can sign in yet; None where somebody can."""
        at, secret = self.office, self.office.secret()

        def plan() -> Plan[bool]:
            found = yield from sessions.first_admin(at.now())
            if found is None:
                return False
            yield from sessions.make_link(at.act_of("console:first"), *found, secret)
            return True

        return at.setup_link(secret) if await at.store.change(plan()) else None

    def entrance(self, user_id: str) -> str:
        """A link that signs this user in, once."""
        secret = self.office.secret()
        self.office.entrances[secret] = user_id
        return f"{self.office.url}/enter/{secret}"

    async def stop(self) -> None:
        """No new requests; those that run end."""
        await self.office.news.close()
        await self._server.stop()
