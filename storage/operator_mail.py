"""Mail to the operator's own mailboxes: kept for a while, outside every account, to be read by the operator alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import OperatorMail
from storage.content import Content, place
from storage.errors import NotFound
from storage.mail_keys import MailKeys
from storage.plan import Plan, ask, insert

_DAY = 24 * 60 * 60 * 1000
MOST_A_DAY = 20
"""Messages; anybody may send them."""
KEPT = 30 * _DAY
"""Milliseconds."""


@dataclass(frozen=True, slots=True)
class OperatorMailRecord:
    """One such message to one mailbox, without its content."""

    id: str
    trace_id: str
    at: int
    recipient: str
    mail_from: str
    peer: str
    """IP address of the client that brought it."""
    size: int


def keep(
    mail: OperatorMail, content: Content, keyed: KeyedHash, new_id: Callable[[], str], keys: MailKeys
) -> Plan[bool]:
    """Keeps a message for each of its recipients; the same again is kept once. False where the day has had enough."""
    digest = hashlib.sha256(mail.raw).hexdigest()
    hashes = {r.address: keyed("operator mail", r.address, mail.mail_from, digest) for r in mail.recipients}
    known = yield from ask("SELECT retry_hash FROM operator_mail WHERE retry_hash = ANY($1)", list(hashes.values()))
    fresh = [address for address, retry_hash in hashes.items() if (retry_hash,) not in known]
    rows = yield from ask("SELECT count(*) FROM operator_mail WHERE at > $1", mail.received_at - _DAY)
    if fresh and rows[0][0] + len(fresh) > MOST_A_DAY:
        return False
    for address in fresh:
        mail_id = new_id()
        kept = keys.encrypted(content, place("operator_mail", mail_id))
        yield from insert(
            "operator_mail",
            id=mail_id,
            trace_id=mail.trace_id,
            at=mail.received_at,
            recipient=address,
            mail_from=mail.mail_from,
            peer=mail.peer_ip,
            size=len(mail.raw),
            encoding=kept.encoding,
            content=kept.data,
            retry_hash=hashes[address],
        )
    return True


def every() -> Plan[Sequence[OperatorMailRecord]]:
    """All that is kept, oldest first."""
    rows = yield from ask(
        "SELECT id, trace_id, at, recipient, mail_from, peer, size FROM operator_mail ORDER BY at, id"
    )
    return [OperatorMailRecord(*row) for row in rows]


def find(mail_id: str) -> Plan[tuple[OperatorMailRecord, Content]]:
    """One with the message itself, by the id of its record or its trace id. Raises Refused where there is none."""
    rows = yield from ask(
        "SELECT id, trace_id, at, recipient, mail_from, peer, size, encoding, content FROM operator_mail"
        " WHERE id = $1 OR trace_id = $1 ORDER BY id LIMIT 1",
        mail_id,
    )
    if not rows:
        raise NotFound("There is no such mail to the operator.")
    [(*record, encoding, data)] = rows
    found = OperatorMailRecord(*record)
    return found, Content(encoding, data, place("operator_mail", found.id))


def remove(mail_id: str) -> Plan[None]:
    """Erases one, by the id of its record or its trace id. Raises Refused where there is none."""
    rows = yield from ask("DELETE FROM operator_mail WHERE id = $1 OR trace_id = $1 RETURNING id", mail_id)
    if not rows:
        raise NotFound("There is no such mail to the operator.")


def expire(now: int) -> Plan[None]:
    """Erases what has been kept long enough."""
    yield from ask("DELETE FROM operator_mail WHERE at <= $1", now - KEPT)
