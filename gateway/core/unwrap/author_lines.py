"""The one line that names date and author of what follows, as "On <date>, <name> <address> wrote:"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.unwrap.labels import BETWEEN, LOCALES, OPENINGS, PRELUDES, WROTE, fold, unmarked

WINDOW = 6
"""How many lines to look at: those over which an author line may be wrapped, and where a quotation may begin."""
_MOST_WRAPPED = 4
_TAIL = 200
"""The end of an author line, where its verb stands."""
_ENDS = (":", "：", "-")
_LOOKED_AT = 400
MAILBOX = re.compile(
    r"[<(\[]\s?(?:mailto:)?([^\s<>()\[\]@]{1,128}@[^\s<>()\[\]@]{1,255}?)(?:<mailto:[^<>]*>)?\s?[>)\]]"
)
_QUOTED = re.compile(r"[\"“„«']\s?([^\"“„«”»<>]{1,200}?)\s?[\"”“»']\s*$")
_OPENING_WORDS = frozenset(fold(word.strip(".")) for word in OPENINGS)
_OF_TIME = frozenset({"am", "pm", "a.m", "p.m", "uhr", "pg", "ptg", "π.μ", "μ.μ", "ص", "م"})
_DIGIT = re.compile(r"\d")

_OPENING = re.compile(rf"-{{0,10}} ?(?:\d|(?:{'|'.join(map(re.escape, OPENINGS))})[\s.,\d])", re.IGNORECASE)
_ADDRESS = re.compile(r"@[^\s<>@.]{1,64}\.\w|\[mailto:")
_DATED = re.compile(
    r"[0-9](?:[0-9]?(?:[:.h][0-9]{2}\b|[./-][0-9]{1,2}[./-][0-9]{2}|\s?[년월月日])|(?:(?<=1)9|(?<=2)0)[0-9]{2}\b)"
)
_DATE_FIRST = re.compile(r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}[ T,]")


@dataclass(frozen=True, slots=True)
class AuthorLine:
    """What such a line tells. `values` holds from and date, where it names an address."""

    values: dict[str, str]
    locales: tuple[str, ...]
    end: int
    certain: bool
    """It names an address, or a quotation follows: no sentence of the writer's own."""


def read(lines: Sequence[str], start: int) -> AuthorLine | None:
    """The author line that begins here, perhaps wrapped, or None."""
    heads = [unmarked(line[:_LOOKED_AT]).strip() for line in lines[start : start + WINDOW]]
    length = introduction(heads)
    if not length:
        return None
    text = " ".join(heads[:length])
    below = next((head for head in heads[length:] if head), "")
    verb = next((word for word in WROTE if word in text.lower()), "")
    mailbox = MAILBOX.search(text)
    return AuthorLine(
        values=_values(text, mailbox) if mailbox else {},
        locales=WROTE[verb] if verb else tuple(LOCALES),
        end=start + length,
        certain=mailbox is not None or below.startswith(">"),
    )


def _values(text: str, mailbox: re.Match[str]) -> dict[str, str]:
    left, right = text[: mailbox.start()].rstrip(" ("), text[mailbox.end() :]
    left = next((left.removeprefix(words).lstrip() for words in PRELUDES if left.startswith(words)), left)
    quoted = _QUOTED.search(left)
    if quoted:
        name, before = quoted[1], left[: quoted.start()]
    else:
        words = left.split()
        first = next((i + 1 for i in range(len(words) - 1, -1, -1) if _ends_date(words[i])), 0)
        name, before = " ".join(words[first:]), " ".join(words[:first])
    date = before if _DIGIT.search(before) else right
    name = name.replace('"', "")
    return {"from": f'"{name}" <{mailbox[1]}>' if name else f"<{mailbox[1]}>", "date": _date(date)}


def _ends_date(word: str) -> bool:
    known = fold(word.rstrip(".,:"))
    return (
        _DIGIT.search(word) is not None
        or word.endswith((",", ":"))
        or known in _OF_TIME
        or (known in BETWEEN and word == word.lower())  # with a capital it is a name
    )


def _date(text: str) -> str:
    """Without the words of the sentence around it."""
    words = text.split()
    while words and not _DIGIT.search(words[-1]) and fold(words[-1].strip(".,:")) in BETWEEN - _OF_TIME:
        words.pop()
    known = _OPENING_WORDS | BETWEEN
    while words and fold(words[0].strip(".,:")) in known:
        words.pop(0)
        known = BETWEEN
    return " ".join(words).strip(" ,:>")


def introduction(heads: list[str]) -> int:
    """How many of these lines say who wrote what follows, as "On <date> <name> wrote:"; 0 if they don't."""
    if is_between_marks(heads[0]):
        return 1
    opens = _OPENING.match(heads[0]) is not None
    if not opens and "@" not in heads[0] and not heads[0].endswith(_ENDS):
        return 0
    joined = ""
    for length, head in enumerate(heads[:_MOST_WRAPPED], start=1):
        if not head:
            break
        joined = f"{joined} {head.removeprefix('> ')}".strip()
        if (opens or head.endswith(_ENDS)) and _introduces(joined, opens=opens):
            # Where the lines before have no part in it, they are the writer's own.
            return length if length == 1 or opens or not _introduces(head, opens=False) else 0
    quote_follows = any(head.startswith(">") for head in heads[1:3])
    return int(quote_follows and heads[0].endswith(_ENDS) and _says_wrote(heads[0]))


def is_between_marks(line: str) -> bool:
    """Whether this line says nothing but who and when, between marks that are no quotation."""
    whole = line.startswith(">>> ") and line.rstrip().endswith(" >>>") and len(line) <= _LOOKED_AT
    return whole and "@" in line and _DIGIT.search(line) is not None


def _says_wrote(line: str) -> bool:
    tail = line[-_TAIL:].lower()
    return any(word in tail for word in WROTE)


def _introduces(line: str, *, opens: bool) -> bool:
    dated, mailbox = _DATED.search(line), _ADDRESS.search(line)
    ended = line.endswith(_ENDS)
    if not (dated or mailbox):
        return False
    if _says_wrote(line):
        return ended or (opens and bool(dated) and (bool(mailbox) or "---" in line))
    if _DATE_FIRST.match(line) and len(line) < 200:
        return bool(mailbox) or "GMT" in line
    return bool(ended and dated and mailbox)
