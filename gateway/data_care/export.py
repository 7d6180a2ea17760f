"""Handing data out: of a person outside, a user, or a whole account, as pieces of files in a fixed order.

Lines are JSON objects, messages are files of their own. No secret is among them: no key of a capture address, no
password, no token. docs/data-care.md describes the files.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from gateway.data_care.erasure import Erasing
from gateway.records import moment, plain_record
from storage import activities, held, reads
from storage.administration import accounts, addresses, contacts, never_log, sources, users
from storage.administration import act as acts
from storage.administration.act import Act
from storage.content import Content
from storage.errors import Refused
from storage.interface import Store
from storage.persons import Person
from storage.plan import Plan
from storage.sealing import Sealing

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT = 1
Piece: TypeAlias = tuple[str, bytes]
"""Name of a file, and what comes next in it. All of one file come together."""
Ids: TypeAlias = Callable[[], AsyncIterator[str]]
"""Those of activities, each time from the beginning."""
_SOME = 100
"""Activities whose decisions are asked for together."""


class Exporting:
    """The exports of one admin at one moment. `progress` is told how many activities and messages more are done."""

    def __init__(
        self, store: Store, act: Act, sealing: Sealing, progress: Callable[[int], object] = lambda _: None
    ) -> None:
        self._store = store
        self._act = act
        self._sealing = sealing
        self._progress = progress

    async def person(self, erasing: Erasing, person: Person) -> AsyncIterator[Piece]:
        """All that an account has of somebody outside. Raises NotFound where there is nothing."""
        found = await erasing.look(person)
        ids = sorted(one.id for one in (*found.erased, *found.placeholders))
        held_ids = [held_id async for held_id, _ in erasing.held(person)]
        yield await self._about(person.account_id, contacts=person.contact_ids, addresses=person.addresses)
        for contact_id in person.contact_ids:
            shown = await self._store.read(contacts.show(self._act, person.account_id, contact_id))
            yield _line("contacts.jsonl", shown)
        async for piece in self._of_activities(person.account_id, _these(ids)):
            yield piece
        async for piece in self._held(person.account_id, held_ids):
            yield piece

    async def user(self, account_id: str, user: str) -> AsyncIterator[Piece]:
        """All that is in a user's name, and in which they take part."""
        record = await self._store.read(users.show(self._act, account_id, user))
        ids = await self._store.read(activities.of_user(account_id, record.id))
        yield await self._about(account_id, user=record.id)
        yield _line("users.jsonl", record)
        async for piece in self._of_activities(account_id, _these(ids)):
            yield piece

    async def account(self, account_id: str) -> AsyncIterator[Piece]:
        """Everything of an account but its secrets."""
        yield await self._about(account_id)
        yield _line("account.json", await self._store.read(accounts.show(account_id)))
        async for piece in self._settings(account_id):
            yield piece

        async def ids() -> AsyncIterator[str]:
            behind = (-(2**62), "")
            while places := await self._store.read(activities.places(account_id, behind)):
                for _, activity_id in places:
                    yield activity_id
                behind = places[-1]

        async for piece in self._of_activities(account_id, ids, decisions=False):
            yield piece
        async for decision in self._pages(lambda before: reads.page(account_id, reads.Filter(), before)):
            yield await self._decision(decision)
        held_ids = [mail.id async for mail in self._pages(lambda after: held.every(account_id, after=after))]
        async for piece in self._held(account_id, held_ids):
            yield piece
        async for change in self._pages(lambda before: acts.page(account_id, before)):
            yield _line("audit.jsonl", change)

    async def _about(self, account_id: str, **whom: object) -> Piece:
        account = await self._store.read(accounts.show(account_id))
        about = {"format": FORMAT, "at": moment(self._act.at), "account": {"id": account_id, "name": account.name}}
        return "export.json", _json(about | whom)

    async def _settings(self, account_id: str) -> AsyncIterator[Piece]:
        for user in await self._store.read(users.every(account_id)):
            yield _line("users.jsonl", user)
        async for contact in self._pages(lambda after: contacts.every(account_id, "", after)):
            yield _line("contacts.jsonl", contact)
        async for entry in self._pages(lambda after: never_log.every(account_id, after)):
            yield _line("never_log.jsonl", entry)
        for source in await self._store.read(sources.every(account_id)):
            yield _line("sources.jsonl", source)
        for address in await self._store.read(addresses.every(account_id, self._sealing, "")):
            yield _line("capture_addresses.jsonl", replace(address, address=""))  # or whoever reads it could log

    async def _pages(self, page: Callable[[str], Plan[Sequence[Any]]]) -> AsyncIterator[Any]:  # Any: records with an id
        """All of a list that goes on behind an id."""
        last = ""
        while found := await self._store.read(page(last)):
            for one in found:
                yield one
            last = found[-1].id

    async def _of_activities(self, account_id: str, ids: Ids, *, decisions: bool = True) -> AsyncIterator[Piece]:
        async for activity_id in ids():
            record = await self._store.read(activities.show(account_id, activity_id))
            self._progress(1)
            if record:
                yield _line("activities.jsonl", record)
        if decisions:
            some: list[str] = []
            async for activity_id in ids():
                some.append(activity_id)
                if len(some) == _SOME:
                    async for piece in self._decisions(some):
                        yield piece
                    some = []
            async for piece in self._decisions(some):
                yield piece
        async for activity_id in ids():
            content = await self._store.read(activities.content(account_id, activity_id))
            self._progress(1)
            if content:
                yield f"messages/{activity_id}.eml", await asyncio.to_thread(self._sealing.mail.raw_bytes, content)

    async def _decisions(self, ids: Sequence[str]) -> AsyncIterator[Piece]:
        for decision in await self._store.read(reads.of_activities(ids)):
            yield await self._decision(decision)

    async def _decision(self, decision: reads.RecordedDecision) -> Piece:
        findings = await self._store.read(reads.findings(decision))
        return "decisions.jsonl", _json(plain_record(decision) | {"findings": [plain_record(one) for one in findings]})

    async def _held(self, account_id: str, ids: Sequence[str]) -> AsyncIterator[Piece]:
        def plan(held_id: str) -> Plan[tuple[held.HeldMail, Content]]:
            mail = yield from held.find(held_id, account_id)
            return mail, (yield from held.copy(mail)).content

        found = []
        for held_id in ids:
            with suppress(Refused):  # decided meanwhile, here and below
                found.append((await self._store.read(plan(held_id)))[0])
        for mail in found:
            yield _line("held.jsonl", mail)
        for mail in found:
            with suppress(Refused):
                _, content = await self._store.read(plan(mail.id))
                yield f"held/{mail.id}.eml", await asyncio.to_thread(self._sealing.mail.raw_bytes, content)


async def steps(store: Store, account_id: str) -> int:
    """How much `progress` is told of a whole account."""
    return 2 * await store.read(activities.number(account_id))


def _these(ids: Sequence[str]) -> Ids:
    async def again() -> AsyncIterator[str]:
        for one in ids:
            yield one

    return again


def _line(name: str, record: DataclassInstance) -> Piece:
    return name, _json(plain_record(record))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
