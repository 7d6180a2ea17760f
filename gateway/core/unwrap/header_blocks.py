"""The header of a quoted message as mail programs show it: lines of a label, a colon and a value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.core import encoded_words
from gateway.core.unwrap.labels import LOCALES, ROLES, WRITTEN, fold, unmarked

_LONGEST_LABEL = 40
_MOST_MARKS = 12
_CONTINUED, _MOST_PEOPLE = 3, 12
"""How many lines may stand between two labels that belong to neither by their form; and in a list of people."""
_MOST_FIELDS = 60
"""How many lines may stand between two labels in all, those of unknown fields included."""
_ALL = frozenset(LOCALES)
_RANK = {locale: n for n, locale in enumerate(LOCALES)}
_PEOPLE = frozenset({"from", "to", "cc", "bcc", "reply_to"})
_FIELD = re.compile(
    r"(?:X|Content|DKIM|ARC|List|Authentication|Thread|Feedback|Auto|Accept|Received|References|In-Reply-To|Delivered-To"
    r"|MIME-Version|Resent|Precedence|Errors-To|Envelope-To|Original|Status)(?:-[A-Za-z0-9-]{1,60})?:\s",
    re.IGNORECASE,
)
"""A header field that says nothing about who wrote to whom: some programs show them all."""
_UNKNOWN = re.compile(r"[A-Z][A-Za-z0-9-]{1,40}:\s")
_NO_PERSON = re.compile(r"[^\W\d_][\w -]{1,40}[:：]\s")
"""A field whose name no table knows, in whatever language; among people, no subject that goes on."""
_ANGLE = re.compile(r"@[^\s<>@]{1,255}>")
_ONLY_ADDRESS = re.compile(r"<[^\s<>@]{1,128}@[^\s<>@]{1,255}>[,;]?")


@dataclass(slots=True)
class Block:
    """A header block. `values` are by role; a role's first line counts."""

    values: dict[str, str] = field(default_factory=dict)
    locales: tuple[str, ...] = ()
    """Those whose labels explain every line, the likeliest first."""
    end: int = 0
    """The line behind it."""
    mixed: bool = False
    """Whether the labels are of several languages, as in a table or a form but in no mail program."""
    authors: int = 0
    """How many different author lines it has."""
    rest: str = ""
    """What stands behind it in the same line: the text begins there."""

    @property
    def labels(self) -> int:
        """How many lines of known meaning it has."""
        return len(self.values.keys() - {"other"})


Label = tuple[Mapping[str, str], str]
"""What a label means, by locale, and the value behind it."""


class Lines:
    """The lines of a text as one reader sees them, each looked at once for its label."""

    def __init__(self, lines: Sequence[str]) -> None:
        """`lines` are without their ends."""
        self.text = lines
        self._labels: dict[int, Label | None] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self.text)

    def label(self, i: int) -> Label | None:
        """The label with which line i begins."""
        if i not in self._labels:
            self._labels[i] = label(self.text[i])
        return self._labels[i]


@dataclass(slots=True)
class _Reader:
    """What is known of a block while its lines are read."""

    lines: Lines
    roles: list[Mapping[str, str]] = field(default_factory=list)
    pieces: list[list[str]] = field(default_factory=list)
    seen: set[frozenset[str]] = field(default_factory=set)
    """What the labels so far may mean, whatever the locale."""
    possible: frozenset[str] = _ALL
    tight: bool = False
    """Two of its lines stand together, so that an empty one ends it: behind it, labels are the author's own words."""

    def explains(self, meanings: Mapping[str, str]) -> frozenset[str]:
        return self.possible & (_ALL if "en" in meanings else frozenset(meanings))


def label(line: str) -> Label | None:
    """What the label means with which a line begins, by locale, and the value behind it."""
    head = line[: _LONGEST_LABEL + _MOST_MARKS].replace("：", ":")
    if ":" not in head:
        return None
    text = unmarked(line).lstrip("*_ \t\xa0\u3000•")
    head = text[: _LONGEST_LABEL + 1].replace("：", ":")
    colon = head.find(":")
    if colon < 1:
        return None
    meanings = ROLES.get(fold(head[:colon].strip("*_ ")))
    if meanings is None:
        return None
    value = text[colon + 1 :].strip()
    return meanings, value.strip("*_ ") if line.lstrip()[:1] in ("*", "_") else value


def read(lines: Lines, start: int) -> Block | None:
    """The block that begins in this line, or None where none does."""
    first = lines.label(start)
    if first is None or set(first[0].values()) == {"other"}:
        return None
    reader = _Reader(lines)
    end = position = start
    while position < len(lines):
        found = lines.label(position)
        after_blank = position > end
        if found is None or (after_blank and reader.tight) or not _belongs(reader, found[0], after_blank=after_blank):
            break
        reader.tight = position > start and not after_blank
        reader.roles.append(found[0])
        reader.seen.add(frozenset(found[0].values()))
        reader.possible = reader.explains(found[0])
        reader.pieces.append([found[1]])
        end = _value_end(reader, position + 1)
        position = end + 1 if end < len(lines) and not lines.text[end].strip() else end
    return _block(reader, _behind_fields(lines, end) if reader.tight else end)


def first_label(lines: Lines, start: int) -> int:
    """The line behind the fields of no concern with which a whole header begins, as it stands below a marker."""
    i = start
    while i < len(lines) and i < start + _MOST_FIELDS:
        found = lines.label(i)
        known = found is not None and set(found[0].values()) != {"other"}
        indented = i > start and lines.text[i][:1] in (" ", "\t")
        if known or not (found or indented or _FIELD.match(lines.text[i])):
            return i if known else start
        i += 1
    return start


def _behind_fields(lines: Lines, end: int) -> int:
    """The line behind the fields of no concern with which a whole header ends."""
    i = end
    while i < min(len(lines), end + _MOST_FIELDS) and (
        _FIELD.match(lines.text[i]) or (i > end and lines.text[i][:1] in (" ", "\t") and lines.text[i].strip())
    ):
        i += 1
    return i


def _belongs(reader: _Reader, meanings: Mapping[str, str], *, after_blank: bool) -> bool:
    """Whether a label line goes on with the block: each role comes once; behind a blank line no doubt is left."""
    kinds = frozenset(meanings.values())
    if kinds == {"from"} and len(reader.roles) == 1 and kinds in reader.seen and not after_blank:
        return True  # a second author is a doubt, not an end
    if kinds != {"other"} and any(kinds <= known for known in reader.seen):
        return False
    return not after_blank or bool(reader.explains(meanings))


def _value_end(reader: _Reader, position: int) -> int:
    """The line behind a value that may be wrapped; the reader's last value is completed."""
    pieces = reader.pieces[-1]
    people = not _PEOPLE.isdisjoint(reader.roles[-1].values())
    quotes, angles, last = pieces[0].count('"'), _open(pieces[0]), pieces[0]
    while position < len(reader.lines):
        line = reader.lines.text[position]
        text = line.strip()
        if not text or reader.lines.label(position):
            break
        goes_on = (
            (not last and ("@" in text or not people))
            or line[0] in " \t"
            or (people and (last.endswith((",", ";")) or quotes % 2 == 1 or angles > 0))
            or (people and _ONLY_ADDRESS.fullmatch(text) is not None)
            or (
                people
                and "@" not in last[max(last.rfind(","), last.rfind(";")) + 1 :]
                and _ANGLE.search(text) is not None
            )
        )
        if not goes_on:
            break
        pieces.append(text)
        quotes, angles, last = quotes + text.count('"'), angles + _open(text), text
        position += 1
    return _next_label(reader, position, people=people)


def _open(text: str) -> int:
    return text.count("<") - text.count(">")


def _next_label(reader: _Reader, position: int, *, people: bool) -> int:
    """The line of the next label where few lines without a meaning of their own stand before it."""
    most = _MOST_PEOPLE if people else _CONTINUED
    unknown_field = _NO_PERSON if people else _UNKNOWN
    skipped: list[str] = []
    unknown = False
    for ahead in range(position, min(position + _MOST_FIELDS, len(reader.lines))):
        line = reader.lines.text[ahead]
        found = reader.lines.label(ahead)
        if found is not None:
            if ahead > position and _belongs(reader, found[0], after_blank=True):
                reader.pieces[-1] += skipped
                return ahead
            break
        if not line.strip():
            break
        if _FIELD.match(line):
            most, unknown = 0, True
        elif not (unknown and line[0] in " \t"):
            most -= 1
            unknown = unknown or unknown_field.match(line) is not None
            skipped = [] if unknown else [*skipped, line.strip()]
            if most < 0:
                break
    return position


def _block(reader: _Reader, end: int) -> Block:
    native = Counter(locale for known in reader.roles for locale in known if locale in reader.possible)
    likeliest = sorted(native, key=lambda locale: (-native[locale], _RANK[locale]))
    others = [locale for locale in LOCALES if locale in reader.possible and locale not in native]
    block = Block(end=end, mixed=not reader.possible, locales=(*likeliest, *others))
    authors = set()
    for meanings, pieces in zip(reader.roles, reader.pieces, strict=True):
        locale = next((locale for locale in (*block.locales[:1], "en") if locale in meanings), "")
        role = meanings[locale] if locale else next(iter(meanings.values()))
        value = unmarked(" ".join(" ".join(pieces).split()))
        block.values.setdefault(role, encoded_words.decode(value) if role == "subject" and "=?" in value else value)
        if role == "from":
            authors.add(value)
    block.authors = len(authors)
    return block


def split_glued(text: str) -> list[str]:
    """The lines of a header that stands in one line without a blank between value and label; [] for anything else.

    The author comes first. The subject comes last, so that what looks like a label in it is none.
    """
    head = text[: _LONGEST_LABEL + 1].replace("：", ":").partition(":")[0]
    meanings = ROLES.get(fold(head), {})
    split = [_split_by(text, locale) for locale, role in meanings.items() if role == "from"]
    return max(split, key=len, default=[])


def _split_by(text: str, locale: str) -> list[str]:
    starts: list[int] = []
    roles: set[str] = set()
    for match in _GLUED[locale].finditer(text):
        role = (match.lastgroup or "").rstrip("0123456789")
        if role not in roles:
            roles.add(role)
            starts.append(match.start())
        if role == "subject":
            break
    return [text[a:b].strip() for a, b in zip(starts, [*starts[1:], len(text)], strict=False)]


def _glued_labels(words: Sequence[tuple[str, str]]) -> re.Pattern[str]:
    """Any of these labels with its colon, as written; the group's name begins with the role."""
    longest_first = sorted({*words, ("Cc", "cc"), ("CC", "cc")}, key=lambda pair: -len(pair[0]))
    labels = (rf"(?P<{role}{n}>{re.escape(word)})" for n, (word, role) in enumerate(longest_first))
    return re.compile(rf"(?:{'|'.join(labels)})\s{{0,3}}[:：]")


_GLUED = {locale: _glued_labels(words) for locale, words in WRITTEN.items()}
