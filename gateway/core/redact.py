"""Taking passed-over participants out of the bytes that are stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gateway.core import addresses, nets
from gateway.core.address_keys import token_keys
from gateway.core.model import HeaderField, Message
from gateway.core.questions import Case

_ADDRESS_FIELDS = frozenset({"from", "sender", "reply-to", "to", "cc", "bcc"})
WITHHELD = "(withheld)"


def redacted(case: Case, tokens: Collection[str]) -> bytes:
    """What is stored of a case. A forward within the text names people in the body, so that is left out."""
    message = case.original.message if case.original and case.original.message else case.outer
    return redact(case.raw, message, tokens, without_body=leaves_out_body(case, tokens))


def redacted_copy(case: Case, tokens: Collection[str]) -> bytes:
    """The same of the copy around it: what a person is shown who must decide."""
    report = case.unwrapped.journal if case.unwrapped else None
    named = report is not None and not set(tokens).isdisjoint(report.tokens)
    return redact(case.copy, case.outer, tokens, without_body=named or leaves_out_body(case, tokens))


def leaves_out_body(case: Case, tokens: Collection[str]) -> bool:
    """Whether the body names one of these people where he can't be taken out: in a forward or an attached message."""
    told = case.original is not None and case.original.message is None
    deeper = case.unwrapped is not None and not set(tokens).isdisjoint(case.unwrapped.deeper())
    return bool(tokens) and (told or deeper or _names_inside(case.message, _names(tokens)))


def leaves_out_body_of(message: Message, tokens: Iterable[str]) -> bool:
    """The same of a message by itself: an attached one names them in its header."""
    return _names_inside(message, _names(tokens))


def redact(raw: bytes, message: Message, tokens: Collection[str], *, without_body: bool = False) -> bytes:
    """The message without the header fields, or the mailboxes in them, that hold one of these tokens.

    A body that holds one in the header of an attached message is left out as a whole.
    """
    unwanted = _names(tokens)
    pieces: list[bytes] = []
    end = 0
    for field in message.fields:
        value = _without(field, unwanted)
        pieces.append(raw[end : field.start])
        pieces.append(raw[field.start : field.end] if value is None else f"{field.name}: {value}\r\n".encode())
        end = field.end
    without_body = without_body or leaves_out_body_of(message, tokens)
    pieces.append(b"\r\n(body withheld)\r\n" if without_body else raw[end:])
    return b"".join(pieces)


def _names(tokens: Iterable[str]) -> frozenset[str]:
    """By what these addresses are known, however they are spelled."""
    return frozenset(key for token in tokens for key in token_keys(token) if key.startswith("a:"))


def _names_inside(message: Message, unwanted: frozenset[str]) -> bool:
    inner = (token for name, token in message.nets.tokens if name.startswith("inner:"))
    return not unwanted.isdisjoint(_names(inner))


def _without(field: HeaderField, unwanted: frozenset[str]) -> str | None:
    """The field's new value, or None if it holds none of the tokens."""
    if unwanted.isdisjoint(_names(nets.of_value(field.value))):
        return None
    if field.name.strip().lower() not in _ADDRESS_FIELDS:
        return WITHHELD
    kept = [m for m in addresses.read(field.value).mailboxes if unwanted.isdisjoint(_names(m.tokens))]
    return ", ".join(f"<{m.address}>" for m in kept if m.canonical) or WITHHELD
