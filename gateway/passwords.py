"""Passwords: hashed with argon2id, compared in threads of their own, and never anywhere but in memory."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from storage.errors import Refused

SHORTEST = 12
LONGEST = 256
"""Characters. What is longer would not pass through a command line of SMTP."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""The least that OWASP recommends: 19 MiB and some 30 ms each, since anybody may ask for it."""
_THREADS = ThreadPoolExecutor(2, "password")
"""So many are compared at a time; the rest wait here and hold up nothing else."""


def fault(password: str) -> Refused | None:
    """Why nobody may have this password, or None."""
    if not SHORTEST <= len(password) <= LONGEST:
        return Refused("A password has {shortest} to {longest} characters.", shortest=SHORTEST, longest=LONGEST)
    if not password.isprintable():
        return Refused("A password is one line of characters that can be typed.")
    return None


def generated() -> str:
    """A password that nobody guesses: 144 bits of chance."""
    return secrets.token_urlsafe(18)


def hashed(password: str) -> str:
    """What is stored of a password: parameters, salt and hash in one text."""
    return _HASHER.hash(_canonical(password))


async def hashed_apart(password: str) -> str:
    """The same, without holding up anybody."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, hashed, password)


async def which_fits(password: str, hashes: Sequence[str], least: int = 1) -> int | None:
    """The position of the first hash that is this password's, or None.

    Every hash is compared, and others with them until there are `least`: the time doesn't tell how many there were.
    """
    padded = (*hashes, *[_of_nobody()] * (least - len(hashes)))
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, _first, padded, _canonical(password), len(hashes))


def _first(hashes: Sequence[str], password: bytes, real: int) -> int | None:
    fitting = [position for position, one in enumerate(hashes) if _fits(one, password)]
    return next((position for position in fitting if position < real), None)


def _fits(one: str, password: bytes) -> bool:
    try:
        return _HASHER.verify(one, password)
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _of_nobody() -> str:
    """The hash of a password that nobody knows."""
    return hashed(secrets.token_urlsafe())


def prepare() -> None:
    """Makes now what the first comparison would take longer for."""
    _of_nobody()


def _canonical(password: str) -> bytes:
    """One form for what is typed on different keyboards (RFC 8265 §4.2)."""
    return unicodedata.normalize("NFC", password).encode()
