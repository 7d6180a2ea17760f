"""Handing out and erasing what an account has of a person, and entries of the never-log list that reach back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from gateway.console.access import Caller
from gateway.console.api.typing import Id
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.office import Office
from gateway.console.shapes import list_of, shape
from gateway.data_care.archive import Zip
from gateway.data_care.erasure import Erasing, Receipt
from gateway.data_care.export import Exporting, Piece
from gateway.data_care.taking_back import TakingBack
from storage.administration import never_log
from storage.administration.act import audit

router = APIRouter(tags=["data care"])
_AT_ONCE = 64 * 1024
"""Bytes of an archive that go out together."""


@dataclass(frozen=True, slots=True)
class Affected:
    """An activity. `wholly`: it would go; otherwise it stays for others, with a placeholder."""

    id: str
    sent_at: int
    subject: str | None
    wholly: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """What there is of a person."""

    addresses: Sequence[str]
    contacts: Sequence[str]
    activities: Sequence[Affected]
    held: int
    waiting: int


class Erasure(BaseModel):
    """How a person is to be erased."""

    never_log_again: bool = False
    """Whether their addresses are put on the never-log list as well."""


@router.get(
    "/contacts/{contact}/archive",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
async def export_contact(at: TheOffice, caller: TheCaller, contact: Id) -> Response:
    """All that the account has of a person, as an archive of JSON lines and messages."""
    erasing = _erasing(at, caller)
    person = await erasing.find(caller.account_id, [contact])
    pieces = Exporting(at.store, at.act(caller), at.sealing).person(erasing, person)
    told = {"contacts": list(person.contact_ids)}
    await at.store.change(audit(at.act(caller), caller.account_id, "person.export", **told))
    headers = {"Content-Disposition": f'attachment; filename="{contact}.zip"'}
    return StreamingResponse(_zipped(pieces), media_type="application/zip", headers=headers)


@router.get("/contacts/{contact}/erasure", response_model=shape(Stored))
async def show_erasure(at: TheOffice, caller: TheCaller, contact: Id) -> Stored:
    """What would be erased of a person. Nothing is changed."""
    erasing = _erasing(at, caller)
    found = await erasing.look(await erasing.find(caller.account_id, [contact]))
    activities = sorted((*found.erased, *found.placeholders), key=lambda one: one.id)
    return Stored(
        addresses=found.addresses,
        contacts=found.contacts,
        activities=[Affected(one.id, one.sent_at, one.subject, one.wholly) for one in activities],
        held=found.held,
        waiting=found.waiting,
    )


@router.post("/contacts/{contact}/erasure", response_model=shape(Receipt))
async def erase_contact(at: TheOffice, caller: TheCaller, contact: Id, how: Erasure) -> Receipt:
    """Erases a person, for good. The receipt names nobody, and stands in the audit log as well."""
    erasing = _erasing(at, caller)
    person = await erasing.find(caller.account_id, [contact])
    return await erasing.erase(person, never_log_again=how.never_log_again)


@router.get("/never-log/{entry_id}/purge", response_model=list_of(Affected))
async def show_purge(at: TheOffice, caller: TheCaller, entry_id: Id) -> Sequence[Affected]:
    """What an entry would have kept out, had it stood from the start. Nothing is changed."""
    hits = await (await _taking_back(at, caller, entry_id)).look(caller.account_id)
    return [Affected(hit.activity.id, hit.activity.sent_at, hit.activity.subject, hit.wholly) for hit in hits]


@dataclass(frozen=True, slots=True)
class Purged:
    """How many activities went, and in how many a placeholder stands for somebody now."""

    activities: int
    placeholders: int


@router.post("/never-log/{entry_id}/purge", response_model=shape(Purged))
async def purge(at: TheOffice, caller: TheCaller, entry_id: Id) -> Purged:
    """Takes that back, for good."""
    done: Mapping[str, int] = await (await _taking_back(at, caller, entry_id)).take_back(caller.account_id)
    return Purged(activities=done.get("activities", 0), placeholders=done.get("placeholders", 0))


def _erasing(at: Office, caller: Caller) -> Erasing:
    caller.must("admin")
    return Erasing(at.store, at.act(caller), at.setting, at.sealing)


async def _taking_back(at: Office, caller: Caller, entry_id: str) -> TakingBack:
    caller.must("admin")
    entry = await at.store.read(never_log.by_id(caller.account_id, entry_id))
    return TakingBack(at.store, at.act(caller), at.setting, at.sealing, entry)


async def _zipped(pieces: AsyncIterator[Piece]) -> AsyncIterator[bytes]:
    """An archive as it is made. What is packed is taken away each time, so that it needn't fit into memory."""
    stream = _Taken()
    archive = Zip(stream)
    async for name, data in pieces:
        await asyncio.to_thread(archive.write, name, data)
        if stream.size > _AT_ONCE:
            yield stream.taken()
    archive.close()
    yield stream.taken()


class _Taken:
    """A stream that can't go back: what was written waits until it is taken."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self._waiting.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What waits can still be taken."""

    def taken(self) -> bytes:
        """All that waits."""
        together = b"".join(self._waiting)
        self._waiting, self.size = [], 0
        return together
