"""A message from its bytes to its cases: all that is done with it before anybody else is asked. Pure, perhaps slow."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.cases import Setting, cases
from gateway.core.message import Reading, read_header, read_parts
from gateway.core.model import Envelope
from gateway.core.questions import Case
from storage.content import Content, compressed

_LARGE = 64 * 1024
"""Bytes from which compressing is no matter of the transaction's."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a message is decided by, still without evidence."""

    cases: list[Case]
    content: Content | None
    """The copy as it is stored, where making that takes long."""


def opened(raw: bytes, envelope: Envelope, setting: Setting) -> Opened:
    """All of the message."""
    return from_reading(read_parts(raw, setting.limits), envelope, setting)


def header_opened(raw: bytes, envelope: Envelope, setting: Setting) -> Opened:
    """Only its header, where the whole can't be read within limits."""
    return from_reading(read_header(raw, setting.limits), envelope, setting)


def from_reading(reading: Reading, envelope: Envelope, setting: Setting) -> Opened:
    """The same of a message that was read already."""
    content = compressed(reading.raw) if len(reading.raw) > _LARGE else None
    return Opened(cases(envelope, reading, setting), content)
