"""The public key of a signature, judged before anything is computed with it (RFC 6376 §3.6.1, RFC 8301, RFC 8463)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gateway.authenticate import tag_list

_MOST_RECORD = 2048
_MOST_BASE64 = 800  # 4,096 bits take 736
_BITS = range(1024, 4097)
_MOST_EXPONENT = 2**32


@dataclass(frozen=True, slots=True)
class Key:
    """A key that may be used, and what its record says of it."""

    kind: str
    """rsa or ed25519."""
    data: bytes
    """DER of an RSA key, the 32 bytes of an Ed25519 key."""
    exact: bool = False
    """t=s: the domain of i= is that of d=, no part of it."""

    def verify(self, digest: bytes, signature: bytes) -> None:
        """Raises where the signature isn't this key's for a SHA-256 digest."""
        public = _loaded(self.kind, self.data)
        if isinstance(public, RSAPublicKey):
            public.verify(signature, digest, PKCS1v15(), Prehashed(SHA256()))
        else:
            public.verify(signature, digest)


@lru_cache(maxsize=1024)
def read(records: tuple[bytes, ...], algorithm: str) -> Key | str:
    """The one key that the TXT records of a name publish for an algorithm (rsa-sha256), or the slug of what is wrong.

    Takes microseconds whatever is published: sizes are held against the limits first, and no arithmetic is done.
    """
    lists = [tags for record in dict.fromkeys(records) if (tags := _tags(record))]
    if len(lists) != 1:  # with several, the answer would depend on the order (RFC 6376 §3.6.2.2)
        return "dkim.no_key" if all(len(record) <= _MOST_RECORD for record in records) else "dkim.weak_key"
    tags = lists[0]
    text = tag_list.without_blanks(tags["p"])
    flags = tag_list.names(tags.get("t", ""))
    if not text or not {"*", "email"} & set(tag_list.names(tags.get("s", "*"))):
        return "dkim.no_key"
    if tags.get("k", "rsa") != algorithm.partition("-")[0] or "sha256" not in tag_list.names(tags.get("h", "sha256")):
        return "dkim.algorithm"
    if "y" in flags:
        return "dkim.test_key"
    if len(text) > _MOST_BASE64:
        return "dkim.weak_key"
    return _key(tags.get("k", "rsa"), tag_list.decoded(text) or b"", "s" in flags)


def _tags(record: bytes) -> dict[str, str]:
    tags = tag_list.read(record) if len(record) <= _MOST_RECORD else {}
    version_first = "v" not in tags or (next(iter(tags)) == "v" and tags["v"] == "DKIM1")
    return tags if "p" in tags and version_first else {}


def _key(kind: str, data: bytes, exact: bool) -> Key | str:  # noqa: FBT001 - a field of the record
    try:
        public = _loaded(kind, data)
    except Exception:  # whatever the library raises for foreign bytes, they are no key
        return "dkim.no_key"
    if isinstance(public, RSAPublicKey):
        numbers = public.public_numbers()
        if public.key_size not in _BITS or numbers.e >= _MOST_EXPONENT or not numbers.e & numbers.n & 1:
            return "dkim.weak_key"
    return Key(kind, data, exact)


@lru_cache(maxsize=1024)
def _loaded(kind: str, data: bytes) -> RSAPublicKey | Ed25519PublicKey:
    if kind == "ed25519":
        return Ed25519PublicKey.from_public_bytes(data)
    public = load_der_public_key(data)
    if not isinstance(public, RSAPublicKey):
        raise TypeError("not an RSA key")
    return public
