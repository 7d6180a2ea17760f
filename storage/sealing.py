"""What must be readable again, but by nobody without the installation's key: encrypted under it (AES-256-GCM)."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.errors import StoreBroken
from storage.mail_keys import MailKeys

_NONCE = 12


class Sealing:
    """Seals texts and bytes; `random` gives that many unguessable bytes. Stored mail has keys of its own: `mail`."""

    def __init__(
        self, installation_key: bytes, random: Callable[[int], bytes] = os.urandom, mail: MailKeys | None = None
    ) -> None:
        self._cipher = AESGCM(blake2b(digest_size=32, key=installation_key, person=b"sealing").digest())
        self.random = random
        self.mail = mail or MailKeys()

    def seal(self, text: str, place: str) -> bytes:
        """Nonce and ciphertext. `place` names the row that it belongs to: in another one it can't be opened."""
        return self.seal_bytes(text.encode(), place)

    def unseal(self, sealed: bytes, place: str) -> str:
        """The text again. Raises StoreBroken where key or place is another one."""
        return self.unseal_bytes(sealed, place).decode()

    def seal_bytes(self, data: bytes, place: str) -> bytes:
        """The same for bytes."""
        nonce = self.random(_NONCE)
        return nonce + self._cipher.encrypt(nonce, data, place.encode())

    def unseal_bytes(self, sealed: bytes, place: str) -> bytes:
        """The same for bytes."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
        except (InvalidTag, ValueError):
            raise StoreBroken("(what was sealed can't be opened with this installation key)") from None
