"""Which parts of a message are its text, and which are attachments (the rule of RFC 8621 §4.1.4)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.core import html_text
from gateway.core.limits import ReadingLimits
from gateway.core.mime import Part, Tree
from gateway.core.model import Attachment

_TEXTS = ("text/plain", "text/html")
_INLINE_MEDIA = ("image/", "audio/", "video/")
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Choice:
    """The parts of a message by what a reader makes of them."""

    plain: list[Part] = field(default_factory=list)
    """Read one after the other: the text as writers of plain text see it."""
    html: list[Part] = field(default_factory=list)
    """The same for readers of HTML; a part that has only one form stands in both."""
    attached: list[tuple[Part, bool]] = field(default_factory=list)
    """Every other part, and whether it is shown within the text."""


def choose(tree: Tree) -> Choice:
    """Sort the parts; nothing inside attached messages is looked at."""
    choice = Choice()
    if not tree.broken:
        _sort(tree.root.children if tree.root.multipart else (tree.root,), _Place(tree.root), choice, choice.plain, choice.html)
    return choice


@dataclass(frozen=True, slots=True)
class _Place:
    container: Part
    in_alternative: bool = False

    def inside(self, part: Part) -> _Place:
        return _Place(part, self.in_alternative or part.content_type == "multipart/alternative")


def _sort(
    parts: Iterable[Part], place: _Place, choice: Choice, plain: list[Part] | None, html: list[Part] | None
) -> None:
    """`plain` and `html` are the lists to fill; None where this branch of an alternative has no such form."""
    kind = place.container.content_type
    before = (len(plain) if plain is not None else 0, len(html) if html is not None else 0)
    for number, part in enumerate(parts):
        if part.multipart:
            _sort(part.children, place.inside(part), choice, plain, html)
        elif not _is_text(part, number, kind):
            choice.attached.append((part, _is_inline(part, kind)))
        elif kind == "multipart/alternative":
            (choice.plain if part.content_type == "text/plain" else choice.html).append(part)
        else:
            if place.in_alternative:
                plain, html = (plain, None) if part.content_type == "text/plain" else (None, html)
            for chosen in (plain, html):
                if chosen is not None:
                    chosen.append(part)
    if kind == "multipart/alternative" and plain is not None and html is not None:
        if len(plain) == before[0]:
            plain.extend(html[before[1] :])
        elif len(html) == before[1]:
            html.extend(plain[before[0] :])


def _is_text(part: Part, number: int, container: str) -> bool:
    if part.content_type not in _TEXTS or part.disposition == "attachment":
        return False
    return number == 0 or container == "multipart/alternative" or (container != "multipart/related" and not part.name)


def _is_inline(part: Part, container: str) -> bool:
    if part.disposition:
        return part.disposition == "inline"
    return container == "multipart/related" and part.content_type.startswith(_INLINE_MEDIA) and bool(part.content_id)


def text(parts: Iterable[Part], raw: bytes, limits: ReadingLimits) -> str:
    """The text of these parts, HTML rendered, at most `limits.text` bytes of UTF-8."""
    pieces: list[str] = []
    size = 0
    for part in parts:
        if part.content_type == "text/html":
            piece = html_text.render(part.text(raw, limits.html), limits)
        else:
            piece = _flowed(part, part.text(raw, limits.text))
        if piece.strip():
            pieces.append(piece)
            size += len(piece)
        if size > limits.text:
            break
    return _storable("\n".join(pieces), limits.text)


def attachments(choice: Choice, raw: bytes) -> tuple[Attachment, ...]:
    """Every part that isn't text, with size and digest of its decoded content."""
    return tuple(_attachment(part, raw, inline=inline) for part, inline in choice.attached)


def _attachment(part: Part, raw: bytes, *, inline: bool) -> Attachment:
    content = part.content(raw)
    return Attachment(part.name, part.content_type, len(content), hashlib.sha256(content).hexdigest(), inline)


def _storable(text: str, most: int) -> str:
    """Without NUL and lone surrogates, which no store takes, and with LF line ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if text.isascii():
        return text[:most]
    text = _SURROGATES.sub("\ufffd", text)
    return text if len(text) * 4 <= most else text.encode()[:most].decode("utf-8", "ignore")


def _flowed(part: Part, text: str) -> str:
    """Lines joined again that format=flowed broke (RFC 3676 §4)."""
    if part.parameters.get("format", "").lower() != "flowed":
        return text
    keep_blank = part.parameters.get("delsp", "").lower() != "yes"
    lines: list[str] = []
    pending: list[str] = []
    depth = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        quotes = len(line) - len(content)
        content = content.removeprefix(" ")
        if pending and (quotes != depth or content == "-- "):
            lines.append(_quoted(depth, pending))
            pending = []
        depth = quotes
        soft = content.endswith(" ") and content != "-- "
        pending.append(content[:-1] if soft and not keep_blank else content)
        if not soft:
            lines.append(_quoted(depth, pending))
            pending = []
    if pending:
        lines.append(_quoted(depth, pending))
    return "\n".join(lines)


def _quoted(depth: int, pieces: list[str]) -> str:
    mark = ">" * depth + " " if depth else ""
    return (mark + "".join(pieces)).rstrip()
