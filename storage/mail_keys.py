"""Stored mail under keys of its own (AES-256-GCM): those of a file that the operator names, or none.

Each line of the file is a key: its id and 64 hex digits. What is stored from now on is encrypted under the first; all
others open what was stored before. `none` as a line is no key: where it is the first, nothing is encrypted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.content import ZSTD, Content, unpacked
from storage.durable import replace_file
from storage.errors import MailKeyMissing, MailKeysUnusable, StoreBroken

NONE = "none"
KEY_BYTES = 32
_NONCE = 12
_ENCRYPTED = f"{ZSTD}+aes-256-gcm:"
_Stamp = tuple[int, int, int] | None


def key_id(key: bytes) -> str:
    """What a key is called: 16 hex digits that follow from it, so that a damaged key isn't taken for it."""
    return blake2b(key, digest_size=8, person=b"mail key id").hexdigest()


def key_of(encoding: str) -> str:
    """Id of the key that opens what is encoded so; NONE where none is needed."""
    return encoding.removeprefix(_ENCRYPTED) if encoding.startswith(_ENCRYPTED) else NONE


def encoding_under(key: str) -> str:
    """How what is stored under this key, or NONE, is encoded."""
    return ZSTD if key == NONE else f"{_ENCRYPTED}{key}"


def new_line(random: Callable[[int], bytes] = os.urandom) -> str:
    """A new key as a line of a file."""
    key = random(KEY_BYTES)
    return f"{key_id(key)} {key.hex()}"


def put(path: Path, line: str, *, last: bool = False) -> None:
    """Adds a line before all others, or behind them; makes the file where there is none. Raises MailKeysUnusable.

    The file is another one afterwards, whole or not at all, of the same owner and mode.
    """
    path = path.resolve()
    try:
        exists = path.exists()
        if exists:
            _read(path, None)
        lines = path.read_text(encoding="ascii").splitlines() if exists else []
        replace_file(path, "".join(f"{one}\n" for one in ([*lines, line] if last else [line, *lines])))
    except OSError as error:
        raise MailKeysUnusable(f"({path} can't be written: {error.strerror})") from None


@dataclass(frozen=True, slots=True)
class _Ring:
    """What a file held when it was read."""

    first: str = NONE
    ciphers: Mapping[str, AESGCM] = field(default_factory=dict)
    stamp: _Stamp = None


class MailKeys:
    """Encrypts and opens stored mail. A file that has changed is read again by itself, by every process that has it."""

    def __init__(self, path: Path | None = None, random: Callable[[int], bytes] = os.urandom) -> None:
        """`path`: of the file of keys; it is read when it is needed first. `random` gives so many unguessable bytes."""
        self.path = path
        self._random = random
        self._ring: _Ring | None = None

    @property
    def first(self) -> str:
        """Id of the key that mail is stored under, or NONE. Raises MailKeysUnusable."""
        return self._keys().first

    @property
    def ids(self) -> list[str]:
        """Of all keys, and NONE, in the order of the file."""
        return [*self._keys().ciphers] if self.path else []

    def encrypted(self, content: Content, place: str) -> Content:
        """The content as it is to stand in this place. Raises MailKeysUnusable."""
        return self.moved(replace(content, place=place), self._keys().first)

    def moved(self, content: Content, key: str) -> Content:
        """The same content in the same place under this key, or under NONE. Raises StoreError."""
        if content.encoding == encoding_under(key):
            return content
        data, encoding = self._opened(content), encoding_under(key)
        if key != NONE:
            nonce = self._random(_NONCE)
            data = nonce + self._cipher(key).encrypt(nonce, data, _bound(encoding, content.place))
        return Content(encoding, data, content.place)

    def raw_bytes(self, content: Content) -> bytes:
        """The message that was stored. Raises StoreBroken, MailKeyMissing, MailKeysUnusable."""
        return unpacked(self._opened(content))

    def must_have(self, needed: Iterable[str]) -> None:
        """Raises MailKeyMissing unless all these keys are there, MailKeysUnusable where the file can't be used."""
        self._keys()
        for key in needed:
            if key != NONE:
                self._cipher(key)

    def _opened(self, content: Content) -> bytes:
        key = key_of(content.encoding)
        if key == NONE:
            return content.data
        data = content.data
        try:
            return self._cipher(key).decrypt(data[:_NONCE], data[_NONCE:], _bound(content.encoding, content.place))
        except (InvalidTag, ValueError):
            raise StoreBroken(f"(the message in {content.place} isn't what was stored there)") from None

    def _cipher(self, key: str) -> AESGCM:
        cipher = self._keys().ciphers.get(key)
        if cipher is None:
            raise MailKeyMissing(f"(key {key}; {self.path or 'store.mail_key_file is not set'})")
        return cipher

    def _keys(self) -> _Ring:
        """Those in the file now; where it has become unusable, those it had: mail goes on being stored under them."""
        if self.path is None:
            return _NO_KEYS
        stamp = _stamp(self.path)
        if self._ring is None:
            self._ring = _read(self.path, stamp)
        elif stamp != self._ring.stamp:
            try:
                self._ring = _read(self.path, stamp)
            except MailKeysUnusable:
                self._ring = replace(self._ring, stamp=stamp)
        return self._ring


_NO_KEYS = _Ring()


def _bound(encoding: str, place: str) -> bytes:
    return f"{encoding} {place}".encode()


def _stamp(path: Path) -> _Stamp:
    """Another one as soon as the file is another or has been written to; None where it is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _read(path: Path, stamp: _Stamp) -> _Ring:
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except OSError as error:
        raise MailKeysUnusable(f"({path}: {error.strerror})") from None
    except ValueError:
        raise MailKeysUnusable(f"({path} is no text)") from None
    keys = [_key(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not keys:
        raise MailKeysUnusable(f"({path} is empty)")
    return _Ring(keys[0][0], {name: AESGCM(key) for name, key in keys if key}, stamp)


def _key(path: Path, number: int, line: str) -> tuple[str, bytes]:
    if line.strip() == NONE:
        return NONE, b""
    name, _, digits = line.strip().partition(" ")
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES or key_id(key) != name:
        raise MailKeysUnusable(f"({path}, line {number}, is no key)")
    return name, key
