"""Threads among messages by their identifiers alone, as mail readers show them (after RFC 5256 §3, REFERENCES).

It serves messages of which no thread is recorded; policy never asks it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from gateway.core import message_ids
from gateway.core.model import Message


class Ties:
    """Sets of identifiers that belong together. The order in which messages are added doesn't matter."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._subjects: defaultdict[str, set[str]] = defaultdict(set)
        self._references: list[tuple[str, str, str]] = []
        """(own id, referenced id, base subject) of messages without In-Reply-To."""

    def add(self, message: Message, name: str) -> str:
        """Takes a message in; the identifier that stands for it: its Message-ID, or `name` if it has none.

        What it answers by In-Reply-To is its thread, with all that References names on the way there. References alone
        also needs an equal base subject; one that is empty, or of a message that isn't here, counts as equal.
        """
        own = self._node(f"<{message_ids.key(message.message_id)}>" if message.message_id else name)
        self._subjects[own].add(message.base_subject)
        # "Message of Monday from Bob <bob@client.example>" names Bob, not a message.
        people = {mailbox.canonical for _, mailbox in message.mailboxes()}
        answered, chain = (
            [self._node(f"<{key}>") for key in map(message_ids.key, ids) if key not in people]
            for ids in (message.in_reply_to, message.references)
        )
        if answered:
            self._join(own, answered + chain)
        else:
            self._references += [(own, parent, message.base_subject) for parent in chain]
        return own

    def settle(self) -> None:
        """Weighs the subjects, once all messages are in."""
        for own, parent, subject in self._references:
            subjects = self._subjects.get(parent)
            if not subject or not subjects or not subjects.isdisjoint((subject, "")):
                self._join(own, (parent,))
        self._references.clear()

    def thread(self, identifier: str) -> str:
        """The same identifier for all that belong together."""
        while (above := self._above[identifier]) != identifier:
            self._above[identifier] = identifier = self._above[above]
        return identifier

    def _node(self, identifier: str) -> str:
        self._above.setdefault(identifier, identifier)
        return identifier

    def _join(self, own: str, others: Iterable[str]) -> None:
        for other in others:
            first, second = sorted((self.thread(own), self.thread(other)))
            self._above[second] = first
