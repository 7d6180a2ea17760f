"""Which parts of a message are its text, and which are attachments (the rule of RFC 8621 §4.1.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.core import charsets, html_text
from gateway.core.limits import ReadingLimits
from gateway.core.mime import Part, Tree
from gateway.core.model import Attachment

_ALTERNATIVE = "multipart/alternative"
_TEXTS = ("text/plain", "text/html")
_INLINE_MEDIA = ("image/", "audio/", "video/")


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
    root = tree.root
    if tree.broken:
        return choice
    if root.multipart:
        _sort(root, choice, choice.plain, choice.html, in_alternative=False)
    elif _is_text(root, 0, ""):
        choice.plain.append(root)
        choice.html.append(root)
    else:
        choice.attached.append((root, _is_inline(root, "")))
    return choice


def _sort(
    container: Part, choice: Choice, plain: list[Part] | None, html: list[Part] | None, *, in_alternative: bool
) -> None:
    """`plain` and `html` are the lists to fill; None where this branch of an alternative has no such form."""
    kind = container.content_type
    if kind == _ALTERNATIVE:
        _sort_alternative(container, choice, plain, html)
        return
    for number, part in enumerate(container.children):
        if part.multipart:
            _sort(part, choice, plain, html, in_alternative=in_alternative)
        elif not _is_text(part, number, kind):
            choice.attached.append((part, _is_inline(part, kind)))
        else:
            if in_alternative:  # one form is all that this branch is
                plain, html = (plain, None) if part.content_type == "text/plain" else (None, html)
            for chosen in (plain, html):
                if chosen is not None:
                    chosen.append(part)


def _sort_alternative(container: Part, choice: Choice, plain: list[Part] | None, html: list[Part] | None) -> None:
    seen_plain, seen_html = len(choice.plain), len(choice.html)
    for number, part in enumerate(container.children):
        if part.multipart:
            _sort(part, choice, plain, html, in_alternative=True)
        elif not _is_text(part, number, _ALTERNATIVE):
            choice.attached.append((part, _is_inline(part, _ALTERNATIVE)))
        else:
            (choice.plain if part.content_type == "text/plain" else choice.html).append(part)
    if plain is not None and html is not None:  # what has one form only is both
        if len(plain) == seen_plain:
            plain.extend(html[seen_html:])
        elif len(html) == seen_html:
            html.extend(plain[seen_plain:])


def _is_text(part: Part, number: int, container: str) -> bool:
    if part.content_type not in _TEXTS or part.disposition == "attachment":
        return False
    return number == 0 or container == _ALTERNATIVE or (container != "multipart/related" and not part.name)


def _is_inline(part: Part, container: str) -> bool:
    if part.disposition:
        return part.disposition == "inline"
    return container == "multipart/related" and part.content_type.startswith(_INLINE_MEDIA) and bool(part.content_id)


def text(parts: Iterable[Part], raw: bytes, limits: ReadingLimits) -> str:
    """The text of these parts, HTML rendered: at most `limits.text` bytes of UTF-8, made from `limits.html` of HTML."""
    pieces: list[str] = []
    size = rendered = 0
    for part in parts:
        if part.content_type == "text/html":
            html = part.text(raw, max(0, limits.html - rendered))
            rendered += len(html)
            piece = html_text.render(html, limits)
        else:
            piece = _flowed(part, part.text(raw, limits.text))
        if piece and not piece.isspace():
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
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\0", "")
    if text.isascii():
        return text[:most]
    text = charsets.without_surrogates(text, "\ufffd")
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
