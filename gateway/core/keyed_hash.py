"""Hashes under the installation's key: what may be remembered of content that must not be kept."""

from __future__ import annotations

from hashlib import blake2b


class KeyedHash:
    """Maps (purpose, values) to 32 hex digits. Without the key nobody can test a guess against a stored hash."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._begun: dict[str, blake2b] = {}

    def __reduce__(self) -> tuple[type[KeyedHash], tuple[bytes]]:
        """Without what was begun, which can't go to another process."""
        return KeyedHash, (self._key,)

    def __call__(self, purpose: str, *values: str | bytes) -> str:
        """The hash of the values for one purpose (a word of at most 16 letters); purposes never share a hash."""
        if purpose not in self._begun:
            self._begun[purpose] = blake2b(digest_size=16, key=self._key, person=purpose.encode())
        digest = self._begun[purpose].copy()
        for value in values:
            data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
            digest.update(len(data).to_bytes(8, "big") + data)
        return digest.hexdigest()
