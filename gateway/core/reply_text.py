"""What the writer of a reply wrote, without the history that the mail program quoted below or above it."""

from __future__ import annotations

import re

from gateway.core.quote_words import BANNERS, FORWARDS, FROM_LABELS, LABELS, OPENINGS, WROTE

_MOST_LINES = 4000
_LOOKED_AT = 400
"""How many characters of a line are looked at, so that patterns cost little whatever the line holds."""
_INTRODUCTION = 4
"""Over how many lines an introduction may be wrapped."""
_MOST_SIGNATURE = 15
_TAIL = 200
"""The end of an introduction, where its verb stands."""
_ENDS = (":", "：", "-")
_DASHES = "-=_–—*"

_OPENING = re.compile(rf"-{{0,10}} ?(?:\d|(?:{'|'.join(map(re.escape, OPENINGS))})[\s.,\d])", re.IGNORECASE)
_MAILBOX = re.compile(r"@[^\s<>@.]{1,64}\.\w|\[mailto:")
_DATED = re.compile(
    r"[0-9](?:[0-9]?(?:[:.h][0-9]{2}\b|[./-][0-9]{1,2}[./-][0-9]{2}|\s?[년월月日])|(?:(?<=1)9|(?<=2)0)[0-9]{2}\b)"
)
_DATE_FIRST = re.compile(r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}[ T,]")
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
        if _label(head) and _is_header_block(heads[i : i + 10]):
            return _with_rule(heads, i), i + 1
        length = introduction(heads[i : i + _INTRODUCTION + 2])
        if length:
            return i, i + length
    return len(heads), len(heads)


def _is_banner(head: str) -> bool:
    """Whether the line is what mail programs put above a quotation: words between dashes, or before a colon."""
    if head.endswith(_ENDS[:2]):
        return head[:-1].strip().lower() in FORWARDS
    words = head.strip(_DASHES + " ")
    return head[0] in _DASHES and len(head) - len(words) >= 4 and words.lower().startswith(BANNERS)


def _label(head: str) -> str:
    """The label of a quoted header with which the line begins, or ""."""
    label = head.replace("：", ":", 1).partition(":")[0].strip("* ").lower() if ":" in head or "：" in head else ""
    return label if label in LABELS else ""


def _is_header_block(heads: list[str]) -> bool:
    """Whether these lines are a quoted header: three labels among the first lines, one of them the author's."""
    labels = [_label(head) for head in heads if head][:6]
    return sum(map(bool, labels)) >= 3 and not FROM_LABELS.isdisjoint(labels)


def _with_rule(heads: list[str], i: int) -> int:
    """The line of the rule that sets a quoted header apart, or the header's own."""
    above = next((j for j in range(i - 1, max(i - 4, -1), -1) if heads[j]), i)
    return above if _RULE.match(heads[above]) else i


def introduction(heads: list[str]) -> int:
    """How many of these lines say who wrote what follows, as "On <date> <name> wrote:"; 0 if they don't."""
    opens = _OPENING.match(heads[0]) is not None
    if not opens and "@" not in heads[0] and not heads[0].endswith(_ENDS):
        return 0
    joined = ""
    for length, head in enumerate(heads[:_INTRODUCTION], start=1):
        if not head:
            break
        joined = f"{joined} {head.removeprefix('> ')}".strip()
        if (opens or head.endswith(_ENDS)) and _introduces(joined, opens=opens):
            # Where the lines before have no part in it, they are the writer's own.
            return length if length == 1 or opens or not _introduces(head, opens=False) else 0
    quote_follows = any(head.startswith(">") for head in heads[1:3])
    return int(quote_follows and heads[0].endswith(_ENDS) and _says_wrote(heads[0]))


def _says_wrote(line: str) -> bool:
    tail = line[-_TAIL:].lower()
    return any(word in tail for word in WROTE)


def _introduces(line: str, *, opens: bool) -> bool:
    dated, mailbox = _DATED.search(line), _MAILBOX.search(line)
    ended = line.endswith(_ENDS)
    if not (dated or mailbox):
        return False
    if _says_wrote(line):
        return ended or (opens and bool(dated) and (bool(mailbox) or "---" in line))
    if _DATE_FIRST.match(line) and len(line) < 200:
        return bool(mailbox) or "GMT" in line
    return bool(ended and dated and mailbox)


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
