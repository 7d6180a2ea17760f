"""A MIME field's value and parameters (RFC 2045 §5.1, RFC 2183, RFC 2231), as real clients write them."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from . import charsets, encoded_words
from .headers import without_comments
from .limits import ReadingLimits

# One word, or two around a slash. What follows without a semicolon is already a parameter.
_VALUE = re.compile(r"\s*+([^\s;/]*+(?:\s*+/\s*+[^\s;]*+)?)")
_NAME = re.compile(r"[\s;]*+([^\s;=\"]*+)\s*+(=?)\s*+")
_QUOTED = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"\s*+(?=;|\(|\Z|[\w*-]++\s*+=)', re.DOTALL)
# Blanks belong to an unquoted value, unless the next parameter follows them without a semicolon.
_TOKEN = re.compile(r"[^;\s]*+(?:\s++(?![\w*-]++\s*+=)[^;\s]++)*+")
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")


def parse(value: str, limits: ReadingLimits) -> tuple[str, dict[str, str]]:
    """The value, lower-case ("" if there is none), and its decoded parameters by lower-case name.

    The first of two parameters with one name wins; an extended one (`name*`) wins over a plain one. Tolerated: encoded
    words, unquoted blanks, missing semicolons and quotes. Reads as much as the limits allow; never raises.
    """
    head, semicolon, rest = value[: limits.mime_field].partition(";")
    head = without_comments(head)
    first = _VALUE.match(head)
    kind = "".join(first[1].split()).lower().removesuffix("/") if first else ""
    value = (head[first.end() :] if first else "") + semicolon + rest
    position = 0
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for _ in range(limits.mime_parameters):
        name = _NAME.match(value, position)
        if name is None or name.end() == position:
            break
        position = name.end()
        if not name[2]:
            position = _next(value, position)
            continue
        text, position = _parameter(value, position, "name" in name[1].lower())
        section = _SECTION.fullmatch(name[1].lower())
        if section:
            number = int(section[2] or 0) if section[2] or section[3] else -1
            sections.setdefault(section[1], {}).setdefault(number, (text, bool(section[3])))
    return "" if kind.startswith("/") else kind, {name: _joined(parts) for name, parts in sections.items()}


def _parameter(value: str, position: int, is_name: bool) -> tuple[str, int]:  # noqa: FBT001 - the caller has a name
    """The text of a parameter that begins here, and where it ends. Parentheses in a file's name are no comment."""
    quoted = _QUOTED.match(value, position)
    if quoted:
        return _PAIR.sub(r"\1", quoted[1]), quoted.end()
    if value.startswith('"', position):  # never closed, or with more quotes inside
        end = _next(value, position)
        return value[position:end].rstrip().removeprefix('"').removesuffix('"'), end
    token = _TOKEN.match(value, position)
    text = token[0] if token else ""
    return text if is_name else without_comments(text).strip(), position + len(text)


def _next(value: str, position: int) -> int:
    """Where the next parameter may begin, after one without a value."""
    found = value.find(";", position)
    return found if found >= 0 else len(value)


def _joined(parts: dict[int, tuple[str, bool]]) -> str:
    """One text of the sections of a parameter (RFC 2231 §3 and §4)."""
    numbers = sorted(n for n in parts if n >= 0)
    if not numbers:
        return encoded_words.decode(parts[-1][0])
    if not any(parts[n][1] for n in numbers):
        return encoded_words.decode("".join(parts[n][0] for n in numbers))
    charset, first = None, parts[numbers[0]][0]
    if parts[numbers[0]][1] and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
    data = b""
    for n in numbers:
        text, extended = (first if n == numbers[0] else parts[n][0]), parts[n][1]
        raw = text.encode("utf-8", "replace")
        data += unquote_to_bytes(raw) if extended else raw
    return charsets.decode(data, charset)
