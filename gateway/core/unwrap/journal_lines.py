"""The lines of a journal report: the grammar of [MS-XJRNL] §2.1, and the older form with a list of recipients."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice

from gateway.core import addresses
from gateway.core.unwrap.original import JournalRecipient

MOST_RECIPIENTS = 10_000
_LONGEST_LABEL = 255
_LONGEST_ADDRESS = 998
_ORDER = {
    "sender": 0, "on-behalf-of": 1, "subject": 2, "message-id": 2, "label": 3, "mailbox": 4, "sentutc": 5,
    "receivedutc": 6, "to": 7, "cc": 7, "bcc": 7, "recipient": 7,
}  # fmt: skip
"""The lines of a report. The order is part of the grammar: a subject that smuggles lines in breaks it."""
_RECIPIENT = 7
_NO_PEOPLE = ("subject", "message-id", "label")
"""Lines in which what looks like an address isn't one of a person that takes part."""
_AUTHORS = ("sender", "on-behalf-of")
_VIA = re.compile(r",[ \t]*(expanded|forwarded)[ \t]*:", re.IGNORECASE)
_LIST = re.compile(r"^[ \t]*+recipients[ \t]*+:", re.IGNORECASE | re.MULTILINE)
_WRAP = re.compile(r"\n(?=[ \t]*+<)|\n[ \t]++(?![\w-]+:)")
_LIST_TOKEN = re.compile(r'"[^"\n]*+"?|<[^<>\n]*+>?|[,;\n]|[^",;<>\n]++')
_ANGLE = re.compile(r"<([^<>]*+)>\s*\Z")
_SMTP = re.compile(r"(?:smtp|mailto):", re.IGNORECASE)
_OTHER_TYPE = re.compile(r"/|[A-Za-z][A-Za-z0-9]{0,15}:\S")
"""How an address begins that isn't one of SMTP: /o=… or EX:/o=…"""


@dataclass(slots=True)
class Lines:
    """A report while it is read."""

    values: dict[str, str] = field(default_factory=dict)
    """Its single lines, by lower-case name."""
    recipients: list[JournalRecipient] = field(default_factory=list)
    tokens: dict[str, None] = field(default_factory=dict)
    """Everything address-like in lines that may name people."""
    authors: dict[str, None] = field(default_factory=dict)
    """The same in the lines that name who wrote the message."""
    older: bool = False
    """The older form, with a list of recipients."""
    sound: bool = True
    """Nothing outside the grammar was met."""
    unreadable: bool = False
    """Something with an @ stands where an address should and can't be read, or there is more than was read."""

    def line(self, line: str, reached: int, labels: Collection[str]) -> int:
        """Take one line in; returns how far the order of lines is reached."""
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name not in _NO_PEOPLE:
            found = dict.fromkeys(addresses.tokens(line))
            self.tokens |= found
            self.authors |= found if name in _AUTHORS else {}
        if name in labels and name not in _ORDER:
            return reached
        place = _ORDER.get(name, -1)
        self.sound = self.sound and place >= reached and name not in self.values
        if place == _RECIPIENT:
            self.recipient(value, name)
        elif place >= 0:
            self.values.setdefault(name, value)
        return max(reached, place)

    def recipient(self, value: str, role: str) -> None:
        """Take in a recipient, perhaps with the list or mailbox by which it got the message."""
        address, *via = _VIA.split(value)
        self.sound = self.sound and len(via) <= 2
        reached_by = self.address(via[1]) if via else None
        forwarded = bool(via) and via[0].lower() == "forwarded"
        role = "unknown" if role == "recipient" else role
        self.recipients.append(JournalRecipient(self.address(address), role, reached_by, forwarded))

    def address(self, value: str) -> str:
        """One address; what isn't of SMTP, and what can't be read, stays text."""
        angle = _ANGLE.search(value)
        text = (angle[1] if angle else value).strip()
        smtp = _SMTP.match(text)
        text = text[smtp.end() :] if smtp else text
        if _OTHER_TYPE.match(text):
            return text
        found = addresses.read(text).mailboxes if len(text) <= _LONGEST_ADDRESS else ()
        if len(found) == 1 and found[0].address:
            return found[0].address
        self.sound = False
        self.unreadable = self.unreadable or "@" in text
        return text


def read(text: str, labels: Collection[str]) -> Lines:
    """The lines of a report in either form. `labels`: lower-case names of lines besides those of the grammar."""
    older = _LIST.search(text)
    lines = Lines(older=older is not None)
    _take(lines, _WRAP.sub(" ", text[: older.start()]) if older else text, labels)
    if older:
        lines.sound = lines.sound and not lines.recipients
        _take_list(lines, text[older.end() :])
    needed = {"sender"} if older else {"sender", "subject", "message-id"}
    lines.unreadable = lines.unreadable or len(lines.recipients) > MOST_RECIPIENTS
    lines.sound = (
        lines.sound
        and not lines.unreadable
        and needed <= lines.values.keys()
        and bool(lines.recipients)
        and 0 < len(lines.values.get("label", "-")) <= _LONGEST_LABEL
    )
    return lines


def _take(lines: Lines, text: str, labels: Collection[str]) -> None:
    reached = 0
    for line in text.split("\n"):
        if line.strip():
            reached = lines.line(line, reached, labels)
        if len(lines.recipients) > MOST_RECIPIENTS:
            break


def _take_list(lines: Lines, text: str) -> None:
    """The addresses of an older report's list: display names dropped, wrapped lines joined."""
    stripped = (line.strip() for line in text.split("\n"))
    joined = "".join(line + ("\n" if _ends_entry(line) else " ") for line in stripped if line)
    for entry in islice(_entries(joined), MOST_RECIPIENTS + 1):
        lines.recipient(entry, "recipient")
    for line in islice(joined.split("\n"), MOST_RECIPIENTS + 1):
        lines.tokens |= dict.fromkeys(addresses.tokens(line))


def _entries(joined: str) -> Iterator[str]:
    words = ""
    for token in _LIST_TOKEN.findall(joined + "\n"):
        if token.startswith("<") or token in (",", ";", "\n"):
            entry = token if token.startswith("<") else words.strip()
            words = ""
            if entry:
                yield entry
        else:
            words += token


def _ends_entry(line: str) -> bool:
    return line.endswith((">", ",")) or ("@" in line and "<" not in line)
