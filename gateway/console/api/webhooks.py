"""Webhooks: where events are sent, and what couldn't be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from gateway.console.api.typing import Id, Name
from gateway.console.callers import TheCaller, TheOffice
from gateway.console.lists import Paging, Part, listed
from gateway.console.shapes import list_of, page_of, shape
from gateway.webhooks import where
from gateway.webhooks.trying import attempt, new_secret, saying
from storage.administration import webhooks
from storage.administration.webhooks import DeadLetter, WebhookRecord
from storage.outbox import Type
from storage.plan import Plan

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


class NewWebhook(BaseModel):
    """Where events are to be sent."""

    name: Name
    url: Annotated[str, Field(max_length=2000)]
    types: Annotated[Sequence[Type], Field(description="Of the events that are sent; none for all.")] = ()


class Replay(BaseModel):
    """What is to be sent again."""

    event: Annotated[str, Field(max_length=64, description="Id of one dead letter; empty for all.")] = ""


@dataclass(frozen=True, slots=True)
class MadeWebhook:
    """A webhook with a new secret, which is shown this once."""

    webhook: WebhookRecord
    secret: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of an attempt: `failure` is empty where it was taken."""

    failure: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many events are sent again."""

    events: int


@router.get("", response_model=list_of(WebhookRecord))
async def list_webhooks(at: TheOffice, caller: TheCaller) -> Sequence[WebhookRecord]:
    """All webhooks of the account, by name."""
    caller.must("admin")
    return await at.store.read(webhooks.every(caller.account_id))


@router.post("", response_model=shape(MadeWebhook), status_code=201)
async def add_webhook(at: TheOffice, caller: TheCaller, new: NewWebhook) -> MadeWebhook:
    """Sends events there from now on."""
    caller.must("admin")
    url, secret = str(where.fit(new.url, at.post.limits)), new_secret(at.sealing.random)
    adding = webhooks.add(at.act(caller), caller.account_id, at.sealing, new.name, url, new.types, secret)
    return MadeWebhook(await at.store.change(adding), secret)


@router.get("/{webhook}", response_model=shape(WebhookRecord))
async def show_webhook(at: TheOffice, caller: TheCaller, webhook: Id) -> WebhookRecord:
    """One webhook, by id or name."""
    caller.must("admin")
    return await at.store.read(webhooks.find(caller.account_id, webhook))


@router.delete("/{webhook}", status_code=204)
async def remove_webhook(at: TheOffice, caller: TheCaller, webhook: Id) -> None:
    """Sends nothing there any more; its dead letters go, too."""
    caller.must("admin")
    await at.store.change(webhooks.remove(at.act(caller), caller.account_id, webhook))


@router.post("/{webhook}/secret", response_model=shape(MadeWebhook))
async def rotate_secret(at: TheOffice, caller: TheCaller, webhook: Id) -> MadeWebhook:
    """Another secret; the one before signs as well for a day."""
    caller.must("admin")
    secret = new_secret(at.sealing.random)
    rotating = webhooks.rotate(at.act(caller), caller.account_id, at.sealing, webhook, secret)
    return MadeWebhook(await at.store.change(rotating), secret)


@router.post("/{webhook}/disable", response_model=shape(WebhookRecord))
async def disable_webhook(at: TheOffice, caller: TheCaller, webhook: Id) -> WebhookRecord:
    """Sends nothing there until it is enabled again; events wait as long as they are kept."""
    caller.must("admin")
    return await at.store.change(webhooks.disable(at.act(caller), caller.account_id, webhook))


@router.post("/{webhook}/enable", response_model=shape(WebhookRecord))
async def enable_webhook(at: TheOffice, caller: TheCaller, webhook: Id) -> WebhookRecord:
    """Goes on where it was disabled."""
    caller.must("admin")
    return await at.store.change(webhooks.enable(at.act(caller), caller.account_id, webhook))


@router.post("/{webhook}/test", response_model=shape(Tried))
async def test_webhook(at: TheOffice, caller: TheCaller, webhook: Id) -> Tried:
    """Posts an event of the type webhook.test now, and says what came of it."""
    caller.must("admin")
    found = await at.store.read(webhooks.find(caller.account_id, webhook))
    answer = await attempt(at.store, at.post, at.sealing, found, caller.account, at.new_id(), at.now())
    return Tried(answer.failure, saying(answer.failure))


@router.get("/{webhook}/dead-letters", response_model=page_of(DeadLetter))
async def list_dead_letters(
    at: TheOffice, caller: TheCaller, webhook: Id, asked: Annotated[Paging, Query()]
) -> Part[DeadLetter]:
    """Events that it hasn't taken in time, the oldest first."""
    caller.must("admin")

    def plan(place: list[str | int], limit: int) -> Plan[Sequence[DeadLetter]]:
        return webhooks.dead_letters(caller.account_id, webhook, str(place[0]) if place else "", limit)

    return await listed(at, caller, asked, f"dead letters of {webhook}", plan, lambda one: [one.event_id])


@router.post("/{webhook}/replay", response_model=shape(Replayed))
async def replay_events(at: TheOffice, caller: TheCaller, webhook: Id, what: Replay) -> Replayed:
    """Sends dead letters again, one or all, under the ids that they had."""
    caller.must("admin")
    replaying = webhooks.replay(at.act(caller), caller.account_id, webhook, what.event)
    return Replayed(await at.store.change(replaying))
