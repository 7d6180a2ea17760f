"""An event in JSON, the same in a webhook and in the list of changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict

from storage.administration.contacts import ContactRecord
from storage.events import ActivityNow, Event
from storage.held import HeldMail


def _moment(at: object) -> object:
    """Epoch milliseconds as a moment."""
    return datetime.fromtimestamp(at / 1000, UTC) if isinstance(at, int) else at


Moment: TypeAlias = Annotated[datetime, BeforeValidator(_moment)]


class _Part(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class Person(_Part):
    """A user or a contact."""

    id: str
    name: str
    address: str


class Decided(_Part):
    """The decision behind it; its trace id leads to the whole answer to "why"."""

    id: str
    trace_id: str
    channel: str
    reason: str


class ToldActivity(_Part):
    """An activity as it is now, without its text."""

    id: str
    direction: str
    explicit: bool
    user: Person | None
    contacts: Sequence[Person]
    subject: str | None
    sent_at: Moment
    arrived_at: Moment
    thread_id: str | None
    reference: str
    attribution: str
    attachments: int
    undelivered: Sequence[str]


class ToldContact(_Part):
    """A contact as it is now."""

    id: str
    name: str
    addresses: Sequence[str]
    owner: str | None
    created_at: Moment
    merged_into: str | None


class ToldHeld(_Part):
    """Held mail, as its list shows it."""

    id: str
    trace_id: str
    channel: str
    reason: str
    sender: str
    subject: str | None
    size: int
    at: Moment
    expires_at: Moment


class ActivityData(_Part):
    """`change`: merged, thread, user, undelivered, person or withdrawn; null where it is new."""

    activity_id: str
    change: str | None
    activity: ToldActivity | None
    decision: Decided | None


class ContactData(_Part):
    contact: ToldContact
    decision: Decided | None


class HeldData(_Part):
    held: ToldHeld


class Payload(_Part):
    """One event."""

    id: str
    type: Literal["activity.logged", "activity.updated", "contact.created", "decision.held"]
    timestamp: Moment
    account: str
    data: ActivityData | ContactData | HeldData


def payload(event: Event) -> Payload:
    """As programs are told of it."""
    row = event.row
    return Payload.model_validate(
        {"id": row.id, "type": row.type, "timestamp": row.at, "account": event.account, "data": _data(event)}
    )


def _data(event: Event) -> ActivityData | ContactData | HeldData:
    now, by = event.now, Decided.model_validate(event.by) if event.by else None
    if isinstance(now, ContactRecord):
        return ContactData(contact=ToldContact.model_validate(now), decision=by)
    if isinstance(now, HeldMail):
        return HeldData(held=ToldHeld.model_validate(now))
    activity = _activity(now) if now else None
    return ActivityData(activity_id=event.row.about, change=event.row.change or None, activity=activity, decision=by)


def _activity(now: ActivityNow) -> ToldActivity:
    listed = now.listed
    return ToldActivity.model_validate(
        {
            **{name: getattr(listed, name) for name in ToldActivity.model_fields if hasattr(listed, name)},
            **{name: getattr(now, name) for name in ToldActivity.model_fields if hasattr(now, name)},
        }
    )
