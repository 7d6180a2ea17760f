"""The names by which messages find each other's threads: keyed hashes of Message-IDs, alone and with a base subject.

In-Reply-To finds a message by its id alone, References only under the same base subject; so a message goes by both.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.core import message_ids
from gateway.core.keyed_hash import KeyedHash
from gateway.core.model import Message

_ALIASES = ("x-microsoft-original-message-id", "x-google-original-message-id", "resent-message-id")
_SHORTEST_INDEX, _LONGEST_INDEX = 22, 4096


@dataclass(frozen=True, slots=True)
class Parents:
    """What a message names as earlier ones."""

    in_reply_to: tuple[str, ...]
    """By id."""
    references: tuple[str, ...]
    """By id with the message's own base subject, without those of in_reply_to."""
    agreeing: tuple[str, ...]
    """Those of in_reply_to with its own base subject: known where what it answers has the same one."""

    @property
    def all(self) -> tuple[str, ...]:
        """By which the message is tied to earlier ones."""
        return self.in_reply_to + self.references


def ids(message_ids_: Iterable[str], keyed: KeyedHash) -> tuple[str, ...]:
    """By id alone."""
    return tuple(dict.fromkeys(keyed("message-id", message_ids.key(i)) for i in message_ids_))


def under_subject(message_ids_: Iterable[str], message: Message, keyed: KeyedHash) -> tuple[str, ...]:
    """By id with the message's base subject; an empty subject equals nothing."""
    if not message.base_subject:
        return ()
    return tuple(dict.fromkeys(keyed("reference", message_ids.key(i), message.base_subject) for i in message_ids_))


def own(message_ids_: Sequence[str], message: Message, keyed: KeyedHash) -> tuple[str, ...]:
    """All names under which others may mean this message."""
    return (*ids(message_ids_, keyed), *under_subject(message_ids_, message, keyed))


def parents(own_id: str, message: Message, keyed: KeyedHash) -> Parents:
    """What In-Reply-To and References name. An address of somebody in the message is no id: "Mail of <bob@…>"."""
    people = {mailbox.canonical for _, mailbox in message.mailboxes()}
    no_parents = {message_ids.key(own_id), *people}
    answered = [i for i in message.in_reply_to if message_ids.key(i) not in no_parents]
    no_parents |= {message_ids.key(i) for i in answered}
    others = [i for i in message.references if message_ids.key(i) not in no_parents]
    return Parents(
        ids(answered, keyed), under_subject(others, message, keyed), under_subject(answered, message, keyed)
    )


def aliases(message: Message) -> list[str]:
    """The ids that it had before a server gave it another one, or that it got when it was sent on."""
    return [i for name in _ALIASES if (i := message_ids.first(message.first(name) or ""))]


def conversation(message: Message, keyed: KeyedHash) -> str:
    """Of the GUID that the mails of a conversation share in Thread-Index ([MS-OXOMSG] §2.2.1.3); "" for none."""
    try:
        index = base64.b64decode((message.first("thread-index") or "")[:_LONGEST_INDEX], validate=False)
    except ValueError:
        return ""
    return keyed("conversation", index[6:22]) if len(index) >= _SHORTEST_INDEX else ""
