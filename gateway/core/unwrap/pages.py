"""A text as lines with their quote levels, and what of them a quoted message's reader saw."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.unwrap import author_lines, header_blocks, html_marks, markers
from gateway.core.unwrap.labels import MARKERS, fold, unmarked

_INDENT = "    "
_QUOTES = re.compile(r"(?:[ \t]{0,3}>)*+")


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, each with its quote level and the text behind the quote marks."""

    levels: list[int]
    contents: list[str]

    def seen_from(self, level: int, start: int = 0) -> list[str]:
        """The lines as they are for who reads at this level: deeper ones quoted, those of a lower one empty."""
        pairs = zip(self.levels[start:], self.contents[start:], strict=True)
        return ["" if own < level else f"{'>' * (own - level)} {text}" if own > level else text for own, text in pairs]


def read(lines: Sequence[str]) -> Page:
    """The lines with the quote marks counted and taken off."""
    levels: list[int] = []
    contents: list[str] = []
    for line in lines:
        marks = _QUOTES.match(line)
        quoted = marks[0] if marks and not author_lines.is_between_marks(line) else ""
        levels.append(quoted.count(">"))
        contents.append(line[len(quoted) :].removeprefix(" ") if quoted else line)
    return Page(levels, contents)


def body(page: Page, level: int, start: int, marker: str) -> tuple[list[str], int]:
    """The lines of a quoted message as its readers saw them, and the line behind it.

    `start` is the line behind its header, and `marker` the line above that, which some programs repeat below it.
    """
    end = _end(page, level, start) if level else len(page.levels)
    lines = page.seen_from(level, start)[: end - start]
    lazy = page.contents[start:end]
    lines = [line or text for line, text in zip(lines, lazy, strict=True)]
    closed = [i for i, line in enumerate(lines) if markers.is_end(line)]
    if closed:
        lines = lines[: closed[-1]]
        end = start + closed[-1] + 1
    return _outdented(_unruled(lines, marker.strip())), end


def _unruled(lines: list[str], marker: str) -> list[str]:
    """Without a line that closes the header: the marker again, another one or dashes; and without dashes at the end."""
    written = [i for i, line in enumerate(lines) if line.strip()]
    if not written:
        return lines
    first, last = lines[written[0]].strip(), written[-1]
    if markers.is_dashes(lines[last].strip()) and markers.read(marker):
        lines = lines[:last]
    closing = first == marker or markers.is_begin(first) or markers.is_dashes(first)
    if closing and not (len(written) > 1 and header_blocks.label(lines[written[1]])):
        lines = lines[written[0] + 1 :]
    return lines


def _end(page: Page, level: int, start: int) -> int:
    """Where the quotation ends: at an unquoted line, unless that goes on with the line above it."""
    quoted = False
    end = start
    for i in range(start, len(page.levels)):
        written = bool(page.contents[i].strip())
        if page.levels[i] >= level:
            marker = markers.read(page.contents[i]) if end < i and written else None
            if marker and marker.kind == "forwarded":
                break  # another quotation, of another message
            end, quoted = i + 1, written
        elif written and not quoted:
            break
        else:
            end, quoted = (i + 1, True) if written else (end, False)
    return end


def _outdented(lines: list[str]) -> list[str]:
    """Without the quote marks or the indent that every line has."""
    written = [line for line in lines if line.strip()]
    if written and all(line.startswith(">") for line in written):
        page = read(lines)
        return page.seen_from(1)
    if written and all(line.startswith(_INDENT) for line in written):
        return [line.removeprefix(_INDENT) for line in lines]
    return lines


def text(lines: Sequence[str]) -> str:
    """The lines as a text, without empty ones at its ends and without what stood for drawn lines."""
    kept = [line.rstrip() for line in lines if line.strip("> ") != markers.HTML_RULE]
    return html_marks.without("\n".join(kept)).strip("\n \t\xa0")


def note(above: Sequence[str], below: Sequence[str]) -> str | None:
    """What the forwarder wrote above a quoted message, without the lines that part the two; or else below it."""
    end = len(above)
    while end and _parts(above[end - 1]):
        end -= 1
    pieces = (text(above[:end]), text(below))
    return next((piece for piece in pieces if unmarked(piece).strip()), None)


def _parts(line: str) -> bool:
    """Whether this line only sets a quoted message apart, by dashes or by a marker's words without them."""
    words = line.strip(f"> \t\xa0{markers.DASHES}{markers.HTML_RULE}")
    return not words or MARKERS.get(fold(words)) == "original"
