"""The bytes of a message as they are stored."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from storage.errors import StoreBroken

ZSTD = "zstd"
"""How what is compressed, and nothing more, is encoded."""


@dataclass(frozen=True, slots=True)
class Content:
    """Stored bytes, how they were encoded, and where they stand. `storage.mail_keys.MailKeys` has the message."""

    encoding: str
    data: bytes
    place: str = ""
    """Table and row: in another one encrypted bytes can't be opened. "" for what isn't stored yet."""


@dataclass(frozen=True, slots=True)
class HeldCopy:
    """What is stored of a held message."""

    content: Content
    """The whole copy."""
    about: bytes
    """What else it is decided by, sealed; b"" for one that an older version held."""
    sender: str
    """Canonical address of the author or forwarder; "" where From names nobody for certain."""
    subject: str | None


class _Zstandard(threading.local):
    """One for each thread: two can't use the same at a time, and a new one for each message costs more than its use."""

    def __init__(self) -> None:
        # The fastest level: the next ones save 2 % of space. With a checksum, so that damage is noticed.
        self.compress = ZstdCompressor(level=1, write_checksum=True).compress
        self.decompress = ZstdDecompressor().decompress


_zstandard = _Zstandard()


def place(table: str, row_id: str) -> str:
    """Where a row's content stands."""
    return f"{table}/{row_id}"


def compressed(raw: bytes) -> Content:
    """As stored where no key is configured."""
    return Content(ZSTD, packed(raw))


def packed(raw: bytes) -> bytes:
    """The bytes compressed (RFC 8878)."""
    return _zstandard.compress(raw)


def unpacked(data: bytes) -> bytes:
    """The bytes that were. Raises StoreBroken."""
    try:
        return _zstandard.decompress(data)
    except ZstdError:
        raise StoreBroken("(a message can't be decompressed)") from None
