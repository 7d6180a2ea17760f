"""What the writer of a reply wrote, without the history that the mail program quoted below or above it."""

from __future__ import annotations

import re

from gateway.core.unwrap import author_lines, header_blocks, markers

_MOST_LINES = 4000
_LOOKED_AT = 400
"""How many characters of a line are looked at, so that patterns cost little whatever the line holds."""
_MOST_SIGNATURE = 15

_RULE = re.compile(r"[_-]{20,}$")
_SIGNATURE = re.compile(r"(?:--|—)\s*")
_DEVICES = r"(?:iphone|ipad|ipod|android|blackberry|samsung|huawei|mobil\w*|smartphone|handy|outlook|phone|tablet)"
_FOOTER = re.compile(
    r"[(<*_]{0,3}(?:"
    r"sent (?:from|via|with|by|using) .{1,100}|from my .{1,40}|someone from mobile|get \[?outlook for .{1,100}"
    rf"|(?:von meinem|gesendet (?:von|mit|über)|envoyé (?:depuis|de|à partir)|enviado (?:desde|do|de)|inviato da(?:l)?"
    rf"|verzonden (?:vanaf|met|via)|verstuurd (?:vanaf|met)|sendt fra|skickat från|wysłan[eo] z|odesláno z|lähetetty"
    rf"|отправлено (?:из|с)|надіслано з|obt(?:er|enir|enga)|télécharge[rz]|scarica).{{0,60}}\b{_DEVICES}.{{0,60}}"
    rf"|diese nachricht wurde von .{{1,80}} gesendet\.?"
    rf"|.{{0,20}}{_DEVICES}.{{0,20}}(?:傳送|发送|發送|から送信|gesendet|gönderildi|에서 보냄).{{0,5}}"
    r")[)>*_]{0,3}\.?$",
    re.IGNORECASE,
)


def trim(text: str) -> str:
    """The text above (or below, or between) quoted history, without signature; "" if nothing else is there.

    Only the first 4000 lines are looked at, so that the time is linear in the text.
    """
    lines = text.split("\n")[:_MOST_LINES]
    heads = [line[:_LOOKED_AT].strip() for line in lines]
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
        if not head or head.startswith(">"):
            continue
        if _is_banner(head):
            return i, i + 1
        if header_blocks.label(head) and _is_header_block(heads[i : i + 10]):
            return _with_rule(heads, i), i + 1
        length = author_lines.introduction(heads[i : i + author_lines.WINDOW])
        if length:
            return i, i + length
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
    return not head or head.startswith(">") or bool(_RULE.match(head) or _FOOTER.match(head))
