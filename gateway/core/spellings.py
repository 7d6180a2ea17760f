"""A person by name and address, wherever a text has them."""

from __future__ import annotations

import re
from collections.abc import Collection
from re import Pattern

ERASED = "(erased)"
"""What stands in a text in place of who was erased."""


def spellings(addresses: Collection[str], names: Collection[str]) -> Pattern[str]:
    """Finds these addresses in a text, with any subaddress, and these names, however they are spaced.

    A name of one word only is too often something else, and isn't looked for.
    """
    found = [_address(address) for address in addresses]
    found += [rf"(?<!\w){_spaced(name)}(?!\w)" for name in names if len(name.split()) > 1 and "@" not in name]
    return re.compile("|".join(sorted(found, key=len, reverse=True)) or "(?!)", re.IGNORECASE)


def masked(text: str, who: Pattern[str]) -> str:
    """The text without them."""
    return who.sub(ERASED, text)


def _address(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return rf"(?<![\w.+-]){re.escape(local)}(?:\+[^@\s]{{0,64}})?@{re.escape(domain)}(?![\w-]|\.\w)"


def _spaced(name: str) -> str:
    return r"\s+".join(map(re.escape, name.split()))
