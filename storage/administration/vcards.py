"""vCards (RFC 6350, and 2.1 and 3.0 before it), as far as contacts need them: names and addresses.

Read in one pass, whatever stands in them; what isn't understood is passed over.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

LONGEST = 10_000
"""Characters of a line that are read."""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(slots=True)
class Card:
    """One of them."""

    name: str = ""
    addresses: list[str] = field(default_factory=list)
    whole: bool = False
    """Its end is there."""


def read(text: str) -> Iterator[Card]:
    """The cards of a list."""
    card: Card | None = None
    for line in _unfolded(text):
        name, parameters, value = _property(line)
        if (name, value.upper()) == ("BEGIN", "VCARD"):
            if card:
                yield card
            card = Card()
        elif card and (name, value.upper()) == ("END", "VCARD"):
            card.whole = True
            yield card
            card = None
        elif card:
            _take(card, name, _decoded(value, parameters))
    if card:
        yield card


def written(card_id: str, name: str, addresses: Sequence[str]) -> str:
    """A card of version 3.0, which most programs read."""
    called = _quoted(name or addresses[0])
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{_quoted(card_id)}", f"FN:{called}", f"N:;{_quoted(name)};;;"]
    lines += [f"EMAIL:{_quoted(address)}" for address in addresses]
    return "".join(f"{folded}\r\n" for line in [*lines, "END:VCARD"] for folded in _folded(line))


def _take(card: Card, name: str, value: str) -> None:
    if name == "EMAIL" and value.strip():
        card.addresses.append(value.strip().removeprefix("mailto:"))
    elif name == "FN" and value.strip():
        card.name = " ".join(value.split())
    elif name == "N" and not card.name:
        family, given = [*value.split(";"), ""][:2]
        card.name = " ".join(f"{given} {family}".split())


def _unfolded(text: str) -> Iterator[str]:
    """Lines whose continuations are taken to them (RFC 6350 §3.2), also those of quoted-printable (version 2.1)."""
    line = ""
    for one in text.splitlines():
        if one[:1] in (" ", "\t"):
            line += one[1:] if len(line) < LONGEST else ""
        elif line.endswith("=") and "QUOTED-PRINTABLE" in line[:200].upper():
            line = line[:-1] + one if len(line) < LONGEST else line
        else:
            yield line[:LONGEST]
            line = one
    yield line[:LONGEST]


def _property(line: str) -> tuple[str, str, str]:
    """Name, parameters and value of a line: the value begins behind the first colon that no quotes enclose."""
    quoted = False
    for place, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character == ":" and not quoted:
            head, value = line[:place], line[place + 1 :]
            name, _, parameters = head.partition(";")
            return name.rpartition(".")[2].strip().upper(), parameters.upper(), value
    return "", "", ""


def _decoded(value: str, parameters: str) -> str:
    if "QUOTED-PRINTABLE" in parameters:
        value = quopri.decodestring(value.encode()).decode("utf-8", "replace")
    return _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value)


def _quoted(text: str) -> str:
    return re.sub(r"([\\;,])", r"\\\1", " ".join(text.split()))


def _folded(line: str) -> Iterator[str]:
    """At most 75 octets a line (RFC 6350 §3.2)."""
    first, rest = line[:24], line[24:]
    yield first
    while rest:
        yield f" {rest[:24]}"
        rest = rest[24:]
