"""Threads among messages by their identifiers alone, as mail readers show them (RFC 5256 §3, REFERENCES).

It serves messages of which no thread is recorded; policy, which also looks at subjects and people, never asks it.
"""

from __future__ import annotations

from gateway.core import message_ids
from gateway.core.model import Message


class Ties:
    """Sets of identifiers that belong together. The order in which messages are added doesn't matter."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def add(self, message: Message, name: str) -> str:
        """Takes a message in; the identifier that stands for it: its Message-ID, or `name` if it has none.

        It stands with all that its In-Reply-To and References name.
        """
        own = f"<{message_ids.key(message.message_id)}>" if message.message_id else name
        self._above.setdefault(own, own)
        # "Message of Monday from Bob <bob@client.example>" names Bob, not a message.
        people = {mailbox.canonical for _, mailbox in message.mailboxes()}
        for key in map(message_ids.key, (*message.in_reply_to, *message.references)):
            if key not in people:
                self._join(own, f"<{key}>")
        return own

    def thread(self, identifier: str) -> str:
        """The same identifier for all that belong together."""
        while (above := self._above[identifier]) != identifier:
            self._above[identifier] = identifier = self._above[above]
        return identifier

    def _join(self, one: str, other: str) -> None:
        self._above.setdefault(other, other)
        first, second = sorted((self.thread(one), self.thread(other)))
        self._above[second] = first
