"""Whom does a bounce say it could not reach, and about which message?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.core import addresses, message_ids, notices
from gateway.core.model import HeaderField

_NO_FAILURES = ("delayed", "relayed", "expanded", "delivered", "deliverable")
_ACTED = ("original-recipient", "final-recipient", "action")
"""The fields of which each block has one; some programs leave out the empty line between two blocks."""
_XTEXT = re.compile(r"\+(2B|3D)")
"""The two printable characters that xtext encodes; a tag such as +AB stays."""
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")  # RFC 6533 §3
_REFUSED = re.compile(r"\b5\d\d\b")
_FOLD = re.compile(r"\n[ \t]+(?=\S)")
_EMPTY_LINES = re.compile(r"\n[ \t]*\n")
_LOCAL = r"[^\s<>\"'(),:;\[\]@]"
_ADDRESS = re.compile(rf"(?<!{_LOCAL}){_LOCAL}{{1,128}}+@[\w.-]{{1,255}}\w")
_NOTIFIED = re.compile(r'"bouncedRecipients"\s{0,9}:\s{0,9}\[([^\]]*+)')
_NOTIFIED_ADDRESS = re.compile(r'"emailAddress"\s{0,9}:\s{0,9}"([^"\\]{1,320})"')
_ID_FIELDS = ("message-id", "x-microsoft-original-message-id", "original-message-id")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,70}):")
_COPIED = {"from", "to", "subject", "date", "message-id"}
_FEWEST_COPIED = 3


def failed_recipients(
    fields: Sequence[HeaderField], statuses: Iterable[str], text: str, recipients: Sequence[str]
) -> tuple[str, ...]:
    """Whom a bounce says it could not reach, in order, each once.

    `statuses`: the parts that hold a delivery status, as text; `text`: the human part, without a copy of the original;
    `recipients`: those of the original. The strongest evidence that names anybody counts: status blocks (RFC 3464
    §2.3), X-Failed-Recipients, the original's recipients that the text names, the original's only recipient.
    """
    blocks = [block for status in statuses for block in _blocks(status) if _is_of_recipient(block)]
    failed = [block for block in blocks if _has_failed(block)]
    if found := [address for block in failed if (address := _recipient(block))]:
        return tuple(dict.fromkeys(found))
    if not failed and any(_has_failed(block) is False for block in blocks):  # delayed, relayed, delivered
        return ()
    first = {field.name.lower(): field.value for field in reversed(fields)}
    if not blocks and notices.delayed(notices.plain(first.get("subject", "")), text):
        return ()
    found = [a for f in fields if f.name.lower() == "x-failed-recipients" for a in _addresses(f.value)]
    found = found or [a for listed in _NOTIFIED.findall(text) for a in _NOTIFIED_ADDRESS.findall(listed)]
    if not found:
        told = " ".join((text, *(block.get("diagnostic-code", "") for block in failed)))
        named = {address.lower() for address in _ADDRESS.findall(told)}
        found = [address for address in recipients if address.lower() in named]
    if not found and len({address.lower() for address in recipients}) == 1:
        found = list(recipients[:1])
    return tuple(dict.fromkeys(found))


def _is_of_recipient(block: Mapping[str, str]) -> bool:
    return any(name in block for name in _ACTED)


def _has_failed(block: Mapping[str, str]) -> bool | None:
    """By its action; where there is none that we know, by its status (RFC 3463 §2) or the server's reply."""
    action, status = block.get("action", "").strip().lower(), block.get("status", "")[:1]
    if action.startswith("fail"):
        return True
    if action.startswith(_NO_FAILURES) or status in ("2", "4"):
        return False
    return True if status == "5" or _REFUSED.search(block.get("diagnostic-code", "")) else None


def _recipient(block: Mapping[str, str]) -> str:
    return _typed(block.get("original-recipient", "")) or _typed(block.get("final-recipient", ""))


def _blocks(status: str) -> Iterator[dict[str, str]]:
    """The groups of fields of a delivery-status part, by lower-case name."""
    for group in _EMPTY_LINES.split(_FOLD.sub(" ", status)):
        block: dict[str, str] = {}
        for line in group.split("\n"):
            name, _, value = line.partition(":")
            key = name.strip().lower()
            if key in _ACTED and key in block:
                yield block
                block = {}
            block[key] = value.strip()
        yield block


def _typed(value: str) -> str:
    """The address of a recipient field whose type may be missing (RFC 3464 §2.3.1), its encoding undone.

    That is xtext (RFC 3461 §4), and of an international address utf-8-addr-xtext (RFC 6533 §3).
    """
    kind, typed, address = value.partition(";")
    plain = _XTEXT.sub(lambda match: chr(int(match[1], 16)), address if typed else kind)
    plain = _UNICODE.sub(lambda match: _character(int(match[1], 16)), plain)
    return next(iter(_addresses(plain)), "")


def _character(code: int) -> str:
    return chr(code) if 0x20 < code < 0xD800 or 0xDFFF < code <= 0x10FFFF else ""


def _addresses(value: str) -> list[str]:
    return [mailbox.address for mailbox in addresses.read(value).mailboxes if mailbox.address]


def copied(text: str) -> tuple[str, str]:
    """The text of a bounce before the header of the original that it copies, and that header; ("…", "") without one.

    Bounces from before RFC 3464, and of programs that never learned it, return the message as text.
    """
    at = 0
    begin, names = -1, set[str]()
    for line in text.splitlines(keepends=True):
        field = _FIELD.match(line)
        if field:
            begin = at if begin < 0 else begin
            names.add(field[1].lower())
        elif begin >= 0 and not (line[0] in " \t" and line.strip()):
            if _is_copied(names):
                break
            begin, names = -1, set()
        at += len(line)
    return (text[:begin], text[begin:at]) if begin >= 0 and _is_copied(names) else (text, "")


def _is_copied(names: set[str]) -> bool:
    return len(names & _COPIED) >= _FEWEST_COPIED


def reported_ids(header_blocks: Iterable[Sequence[HeaderField]]) -> tuple[str, ...]:
    """The Message-IDs by which these header blocks (of the original, or of the report about it) name the original."""
    found = (
        message_ids.first(field.value) for block in header_blocks for field in block if field.name.lower() in _ID_FIELDS
    )
    return tuple(dict.fromkeys(i for i in found if i))
