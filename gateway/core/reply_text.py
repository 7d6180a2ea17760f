"""What the writer of a reply wrote, without the history that the mail program quoted below or above it."""

from __future__ import annotations

import re

from gateway.core import device_footers
from gateway.core.unwrap import author_lines, header_blocks, markers
from gateway.core.unwrap.labels import unmarked

_MOST_LINES = 4000
_LOOKED_AT = 400
"""How many characters of a line are looked at, so that patterns cost little whatever the line holds."""
_MOST_SIGNATURE = 15

_RULE = re.compile(r"[_-]{20,}$")
_SIGNATURE = re.compile(r"(?:--|—)\s*")


def trim(text: str) -> str:
    """The text above (or below, or between) quoted history, without signature; "" if nothing else is there.

    Only the first 4000 lines are looked at, so that the time is linear in the text.
    """
    lines = text.split("\n")[:_MOST_LINES]
    heads = [unmarked(line[:_LOOKED_AT]).strip() for line in lines]
    start, after = _history(heads)
    first = next((i for i in range(after, len(lines)) if heads[i]), len(lines))
    if first < len(lines) and heads[first].startswith(">"):
        lines = [*lines[:start], *(line for line in lines[after:] if not line.lstrip().startswith(">"))]
    else:
        lines = lines[:start]
    return _without_tail(lines)


def _history(heads: list[str]) -> tuple[int, int]:
    """The first line of what introduces quoted history, and the line behind it; both the end if there is none."""
    for i, head in enumerate(heads):
        if not head or (head.startswith(">") and not head.endswith(">>>")):
            continue
        if _is_banner(head):
            return i, i + 1
        if header_blocks.label(head) and _is_header_block(heads[i : i + 10]):
            return _with_rule(heads, i), i + 1
        length = author_lines.introduction(heads[i : i + author_lines.WINDOW])
        if length:
            return _with_labels(heads, i), i + length
    return len(heads), len(heads)


def _is_banner(head: str) -> bool:
    """Whether the line is what mail programs put above a quotation: words between dashes, or before a colon."""
    marker = markers.read(head)
    return marker is not None and marker.kind != "rule"


def _is_header_block(heads: list[str]) -> bool:
    """Whether these lines are a quoted header: three labels among the first lines, one of them the author's."""
    labels = [header_blocks.label(head) for head in [head for head in heads if head][:6]]
    roles = [set(label[0].values()) for label in labels if label]
    return len(roles) >= 3 and any("from" in role for role in roles)


def _with_labels(heads: list[str], i: int) -> int:
    """The line where labels begin that stand above an author line, and the dashes above them, or the line's own."""
    above = i
    while above and header_blocks.label(heads[above - 1]):
        above -= 1
    if above < i and above and markers.is_dashes(heads[above - 1]):
        return above - 1
    return above if i - above > 1 else i


def _with_rule(heads: list[str], i: int) -> int:
    """The line of the rule that sets a quoted header apart, or the header's own."""
    above = next((j for j in range(i - 1, max(i - 4, -1), -1) if heads[j]), i)
    return above if _RULE.match(heads[above]) else i


def _without_tail(lines: list[str]) -> str:
    """Without trailing quotes, device footers and the signature, and without empty lines at both ends."""
    kept = list(lines)
    for i in range(len(kept) - 1, max(len(kept) - _MOST_SIGNATURE - 1, 0), -1):
        if _SIGNATURE.fullmatch(kept[i]):
            del kept[i:]
            break
    while kept and _is_tail(kept[-1][:_LOOKED_AT].strip()):
        kept.pop()
    return "\n".join(kept[next((i for i, line in enumerate(kept) if line.strip()), len(kept)) :])


def _is_tail(head: str) -> bool:
    return not head or head.startswith(">") or bool(_RULE.match(head) or device_footers.is_footer(head))
