"""A console without a network: two accounts, and clients that are signed in as one of their people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fakes.deliveries import KEY, KEYED, MINUTE
from fakes.gateway import Clock, counting_ids

from gateway.authenticate import Authenticator
from gateway.console.application import application
from gateway.console.callers import COOKIE, csrf_token
from gateway.console.news import News
from gateway.console.office import Office
from gateway.core.cases import Setting
from gateway.core.limits import DkimLimits, ReadingLimits
from gateway.core.model import Envelope, Recipient
from gateway.indexing import catch_up
from gateway.ingest import Answer, Ingest
from gateway.webhooks.limits import WebhookLimits
from gateway.webhooks.post import Post
from storage.administration import accounts, sessions, users
from storage.administration.act import Act
from storage.interface import Store
from storage.open import open_store
from storage.place import Place
from storage.sealing import Sealing
from storage.sqlite.store import SqliteStore

HOST = "console.example"
PEOPLE = {
    "us": {"ana": "account_access personal_email_access", "dan": "personal_email_access", "vic": "view_only"},
    "them": {"eve": "account_access"},
}


class Desk:
    """The console, and its people: in "us" the admin `ana`, `dan` who may log, `vic` who may look; elsewhere `eve`."""

    def __init__(
        self, store: Store, office: Office, clock: Clock, ids: dict[str, str], account_ids: dict[str, str]
    ) -> None:
        self.store, self.office, self.clock, self.ids, self.account_ids = store, office, clock, ids, account_ids
        self.app = application(office)
        self.secrets = {name: f"secret of {name}" for name in ids}

    def client(self, name: str = "", token: str = "") -> httpx.AsyncClient:
        """A browser in which somebody is signed in, or a program with a token."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        cookies = {}
        if name:
            cookies[COOKIE] = self.secrets[name]
            headers["x-csrf-token"] = csrf_token(KEYED, self.secrets[name])
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=True)
        return httpx.AsyncClient(transport=transport, base_url=self.office.url, headers=headers, cookies=cookies)

    async def receive(self, raw: bytes, channel: str = "bcc") -> Answer:
        """A message that the company's own mail server brings to the address of a channel."""
        address = await self.address(channel)
        ingest, self.clock.at = self.office.ingest, self.clock.at + MINUTE
        peer = await ingest.peer("192.0.2.1")
        recipient = await ingest.recipient(peer, address)
        assert isinstance(recipient, Recipient), recipient
        envelope = Envelope(self.office.new_id(), peer, "ana@us.example", (recipient,), self.clock.at)
        return await ingest.message(envelope, raw)

    async def index(self) -> None:
        """Lets what was logged be found by its words, as happens by itself a moment later."""
        if isinstance(self.store, SqliteStore):
            await catch_up(self.store)

    async def address(self, channel: str) -> str:
        """The account's address of the channel; a source that vouches for it is there with the first one."""
        async with self.client("ana") as ana:
            every = (await ana.get("/api/v1/capture-addresses")).json()
            found = [one["address"] for one in every if one["channel"] == channel]
            if found:
                return str(found[0])
            source = {"name": "office", "network": "192.0.2.1", "channels": ["relay", "journal"], "vouches": True}
            await ana.post("/api/v1/sources", json=source)
            made = await ana.post("/api/v1/capture-addresses", json={"channel": channel})
            return str(made.json()["address"])


async def _nowhere(*_: object) -> list[str]:
    """No name has an address."""
    raise OSError


@asynccontextmanager
async def opened(place: Place, host: str = HOST) -> AsyncIterator[Desk]:
    """A console on an empty database, under this name."""
    clock = Clock()
    new_id = counting_ids(clock)
    store = await open_store(place, KEY, new_id)
    act = Act("cli:tester", clock(), new_id, KEYED)
    ids: dict[str, str] = {}
    account_ids: dict[str, str] = {}
    for account, people in PEOPLE.items():
        account_id = await store.change(accounts.create(act, account, [f"{account}.example"]))
        account_ids[account] = account_id
        for name, permissions in people.items():
            made = users.add(act, account_id, name.title(), f"{name}@{account}.example", permissions.split())
            ids[name] = (await store.change(made)).id
    setting = Setting("log.example", "gw.example", KEYED, ReadingLimits())
    sealing = Sealing(KEY)
    ingest = Ingest(store, setting, sealing, Authenticator(None, DkimLimits()), 30, new_id, clock)
    news, url, post = News(store), f"https://{host}", Post(WebhookLimits(), _nowhere)
    office = Office(store, sealing, new_id, clock, ingest, news, post, url, frozenset({host}))
    desk = Desk(store, office, clock, ids, account_ids)
    for name, user_id in ids.items():
        await store.change(sessions.begin(act, user_id, desk.secrets[name]))
    try:
        yield desk
    finally:
        await news.close()
        await store.close()
