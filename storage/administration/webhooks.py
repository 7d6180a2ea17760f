"""Webhooks: where an account's events are sent, and what couldn't be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage import outbox
from storage.administration import typed
from storage.administration.act import Act, audit
from storage.errors import NotFound, Refused
from storage.outbox import Type
from storage.plan import Plan, Row, ask, insert
from storage.sealing import Sealing

PAGE = 200
"""Dead letters in one page at most."""
GRACE = 24 * 60 * 60 * 1000
"""Milliseconds in which what is sent is signed by the secret before as well."""


@dataclass(frozen=True, slots=True)
class WebhookRecord:
    """A webhook as admins see it; its secret is shown once."""

    id: str
    name: str
    url: str
    types: tuple[str, ...]
    """Of the events that are sent; () for all."""
    created_at: int
    disabled_at: int | None
    disabled_because: str
    """"admin", or "gone" where it said so itself (410)."""
    succeeded_at: int | None
    """When something was delivered last."""
    failed_at: int | None
    """When an attempt failed last, and why."""
    failure: str
    waiting: int
    """Events on their way to it."""
    given_up: int
    """Dead letters."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a webhook hasn't taken in time."""

    event_id: str
    type: str
    begun_at: int
    given_up_at: int
    attempts: int
    failure: str


def add(
    act: Act, account_id: str, sealing: Sealing, name: str, url: str, types: Sequence[str], secret: str
) -> Plan[WebhookRecord]:
    """A new webhook, for what happens from now on. `url` was found fit."""
    name, wanted = typed.name(name, "a webhook"), _types(types)
    if (yield from ask("SELECT 1 FROM webhook WHERE account_id = $1 AND name = $2", account_id, name)):
        raise Refused("There is a webhook {name!r} already.", name=name)
    webhook_id = act.new_id()
    yield from insert(
        "webhook",
        id=webhook_id,
        account_id=account_id,
        name=name,
        url=url,
        types=" ".join(wanted),
        secret_sealed=sealing.seal(secret, place(webhook_id)),
        created_at=act.at,
        reached=(yield from outbox.end(account_id)),
    )
    yield from audit(act, account_id, "webhook.add", webhook=webhook_id, name=name, types=wanted)
    return (yield from find(account_id, webhook_id))


def every(account_id: str) -> Plan[Sequence[WebhookRecord]]:
    """All webhooks of the account, by name."""
    rows = yield from ask(f"{_WEBHOOK} WHERE w.account_id = $1 ORDER BY w.name", account_id)
    return [_record(row) for row in rows]


def find(account_id: str, webhook: str) -> Plan[WebhookRecord]:
    """One, by id or name."""
    rows = yield from ask(f"{_WEBHOOK} WHERE w.account_id = $1 AND $2 IN (w.id, w.name)", account_id, webhook)
    if not rows:
        raise NotFound("There is no webhook {webhook!r}.", "`webhook list` shows those there are.", webhook=webhook)
    return _record(rows[0])


def remove(act: Act, account_id: str, webhook: str) -> Plan[WebhookRecord]:
    """Nothing is sent there any more; its dead letters go, too."""
    found = yield from find(account_id, webhook)
    yield from ask("DELETE FROM webhook WHERE id = $1", found.id)
    yield from audit(act, account_id, "webhook.remove", webhook=found.id, name=found.name)
    return found


def rotate(act: Act, account_id: str, sealing: Sealing, webhook: str, secret: str) -> Plan[WebhookRecord]:
    """Another secret; the one before signs as well for a day."""
    found = yield from find(account_id, webhook)
    yield from ask(
        "UPDATE webhook SET old_secret_sealed = secret_sealed, old_retires_at = $2, secret_sealed = $3 WHERE id = $1",
        found.id,
        act.at + GRACE,
        sealing.seal(secret, place(found.id)),
    )
    yield from audit(act, account_id, "webhook.rotate", webhook=found.id, name=found.name)
    return found


def disable(act: Act, account_id: str, webhook: str, because: str = "admin") -> Plan[WebhookRecord]:
    """Nothing is sent until it is enabled again; what happens meanwhile waits."""
    found = yield from find(account_id, webhook)
    yield from ask(
        "UPDATE webhook SET disabled_at = $2, disabled_because = $3 WHERE id = $1 AND disabled_at IS NULL",
        found.id,
        act.at,
        because,
    )
    yield from audit(act, account_id, "webhook.disable", webhook=found.id, name=found.name, because=because)
    return (yield from find(account_id, found.id))


def enable(act: Act, account_id: str, webhook: str) -> Plan[WebhookRecord]:
    """It goes on where it stopped, as far as events are kept."""
    found = yield from find(account_id, webhook)
    yield from ask("UPDATE webhook SET disabled_at = NULL, disabled_because = '' WHERE id = $1", found.id)
    yield from ask(f"UPDATE delivery SET {_ANEW} WHERE webhook_id = $2 AND given_up_at IS NULL", act.at, found.id)
    yield from audit(act, account_id, "webhook.enable", webhook=found.id, name=found.name)
    return (yield from find(account_id, found.id))


def dead_letters(account_id: str, webhook: str, after: str = "", limit: int = PAGE) -> Plan[Sequence[DeadLetter]]:
    """A page of what was given up, oldest event first, from behind the event with the id `after` on."""
    found = yield from find(account_id, webhook)
    rows = yield from ask(
        "SELECT d.event_id, coalesce(o.type, ''), d.begun_at, d.given_up_at, d.attempts, d.failure FROM delivery d"
        " LEFT JOIN outbox o ON o.id = d.event_id"
        " WHERE d.webhook_id = $1 AND d.given_up_at IS NOT NULL AND d.event_id > $2 ORDER BY d.event_id LIMIT $3",
        found.id,
        after,
        limit,
    )
    return [DeadLetter(*row) for row in rows]


def replay(act: Act, account_id: str, webhook: str, event_id: str = "") -> Plan[int]:
    """Sends dead letters again, one or all, under the ids that they had; says how many."""
    found = yield from find(account_id, webhook)
    rows = yield from ask(
        f"UPDATE delivery SET {_ANEW}, given_up_at = NULL WHERE webhook_id = $2 AND given_up_at IS NOT NULL"
        " AND ($3 = '' OR event_id = $3) RETURNING event_id",
        act.at,
        found.id,
        event_id,
    )
    if event_id and not rows:
        raise NotFound(
            "{event} is no dead letter of {name}.",
            "`webhook failed` lists them.",
            event=event_id,
            name=found.name,
        )
    yield from audit(act, account_id, "webhook.replay", webhook=found.id, name=found.name, events=len(rows))
    return len(rows)


def secrets(sealing: Sealing, webhook_id: str, now: int) -> Plan[Sequence[str]]:
    """Those by which it is signed now, the newest first. Raises StoreBroken."""
    rows = yield from ask(
        "SELECT secret_sealed, old_secret_sealed, old_retires_at FROM webhook WHERE id = $1", webhook_id
    )
    secret, old, retires_at = rows[0]
    return unsealed(sealing, webhook_id, secret, old, retires_at, now)


def unsealed(
    sealing: Sealing, webhook_id: str, secret: bytes, old: bytes | None, retires_at: int | None, now: int
) -> Sequence[str]:
    """The same of a webhook's columns."""
    sealed = [secret, old] if old is not None and retires_at is not None and now < retires_at else [secret]
    return [sealing.unseal(bytes(one), place(webhook_id)) for one in sealed if one is not None]


def place(webhook_id: str) -> str:
    """Where its secrets are sealed for."""
    return f"webhook {webhook_id}"


def _types(given: Sequence[str]) -> Sequence[str]:
    unknown = [one for one in given if one not in set(Type)]
    if unknown:
        raise Refused(
            "There are no events {unknown}; there are {known}.", unknown=", ".join(unknown), known=", ".join(Type)
        )
    return [one for one in Type if one in given]


_ANEW = "begun_at = $1, next_at = $1, attempts = 0"
_WEBHOOK = (
    "SELECT w.id, w.name, w.url, w.types, w.created_at, w.disabled_at, w.disabled_because, w.succeeded_at, w.failed_at,"
    " w.failure, (SELECT count(*) FROM delivery d WHERE d.webhook_id = w.id AND d.given_up_at IS NULL),"
    " (SELECT count(*) FROM delivery d WHERE d.webhook_id = w.id AND d.given_up_at IS NOT NULL) FROM webhook w"
)


def _record(row: Row) -> WebhookRecord:
    webhook_id, name, url, types, *rest = row
    return WebhookRecord(webhook_id, name, url, tuple(types.split()), *rest)
