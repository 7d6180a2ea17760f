"""A person by name and address, wherever a text has them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from re import Pattern

ERASED = "(erased)"
"""What stands in a text in place of who was erased."""


@dataclass(frozen=True, slots=True)
class Spellings:
    """Finds somebody in a text."""

    pattern: Pattern[str]
    pieces: frozenset[tuple[str, ...]]
    """All of one of these stand in a text that has them: looked for first, since that is many times as quick."""

    def search(self, text: str) -> bool:
        """Whether the text has them."""
        small = text.lower()
        likely = any(all(piece in small for piece in pieces) for pieces in self.pieces)
        return likely and self.pattern.search(text) is not None

    def masked(self, text: str) -> str:
        """The text without them."""
        return self.pattern.sub(ERASED, text)


def spellings(addresses: Collection[str], names: Collection[str]) -> Spellings:
    """Finds these addresses, with any subaddress, and these names, however they are spaced.

    A name of one word only is too often something else, and isn't looked for.
    """
    told = [name.split() for name in names if len(name.split()) > 1 and "@" not in name]
    found = [_address(address) for address in addresses]
    found += [rf"(?<!\w){_spaced(words)}(?!\w)" for words in told]
    pattern = re.compile("|".join(sorted(found, key=len, reverse=True)) or "(?!)", re.IGNORECASE)
    pieces = [address.rpartition("@")[::2] for address in addresses] + [tuple(words) for words in told]
    return Spellings(pattern, frozenset(tuple(piece.lower() for piece in one) for one in pieces))


def _address(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return rf"(?<![\w.+-]){re.escape(local)}(?:\+[^@\s]{{0,64}})?@{re.escape(domain)}(?![\w-]|\.\w)"


def _spaced(words: Collection[str]) -> str:
    return r"\s+".join(map(re.escape, words))
