"""Taking passed-over participants out of the bytes that are stored."""

from __future__ import annotations

from collections.abc import Collection

from gateway.core import addresses
from gateway.core.model import HeaderField, Message
from gateway.core.questions import Case

_ADDRESS_FIELDS = frozenset({"from", "sender", "reply-to", "to", "cc", "bcc"})
WITHHELD = "(withheld)"


def redacted(case: Case, tokens: Collection[str]) -> bytes:
    """What is stored of a case. A forward within the text names people in the body, so that is left out."""
    message = case.original.message if case.original and case.original.message else case.outer
    told = case.original is not None and case.original.message is None
    return redact(case.raw, message, tokens, without_body=told)


def redacted_copy(case: Case, tokens: Collection[str]) -> bytes:
    """The same of the copy around it: what a person is shown who must decide."""
    told = case.original is not None and case.original.message is None
    report = case.unwrapped.journal if case.unwrapped else None
    named = report is not None and not set(tokens).isdisjoint(report.tokens)
    return redact(case.copy, case.outer, tokens, without_body=told or named)


def redact(raw: bytes, message: Message, tokens: Collection[str], *, without_body: bool = False) -> bytes:
    """The message without the header fields, or the mailboxes in them, that hold one of these tokens.

    A body that holds one in the header of an attached message is left out as a whole.
    """
    unwanted = frozenset(tokens)
    pieces: list[bytes] = []
    end = 0
    for field in message.fields:
        value = _without(field, unwanted)
        pieces.append(raw[end : field.start])
        pieces.append(raw[field.start : field.end] if value is None else f"{field.name}: {value}\r\n".encode())
        end = field.end
    inner = any(name.startswith("inner:") and token in unwanted for name, token in message.nets.tokens)
    pieces.append(b"\r\n(body withheld)\r\n" if inner or without_body else raw[end:])
    return b"".join(pieces)


def _without(field: HeaderField, unwanted: frozenset[str]) -> str | None:
    """The field's new value, or None if it holds none of the tokens."""
    if unwanted.isdisjoint(addresses.tokens(field.value)):
        return None
    if field.name.strip().lower() not in _ADDRESS_FIELDS:
        return WITHHELD
    kept = [m for m in addresses.read(field.value).mailboxes if unwanted.isdisjoint(m.tokens)]
    return ", ".join(f"<{m.address}>" for m in kept if m.canonical) or WITHHELD
