"""Signs messages as other people's mail servers do, with the keys of fixtures/keys, and publishes those keys.

Canonical forms are written here once more, line by line as RFC 6376 §3.4 has it, for the tests to hold ours against.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from dkim.crypto import RSASSA_PKCS1_v1_5_sign, parse_pem_private_key
from fakes.lookups import FakeLookups

KEYS = Path(__file__).parents[2] / "fixtures" / "keys"
NOW = 1_800_000_000
"""The time at which everything here is signed, in seconds."""
SIGNED = ("from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references")

MESSAGE = (
    b"From: Alice <alice@corp.example>\r\nTo: bob@client.example\r\nSubject: Offer\r\n"
    b"Date: Fri, 15 Jan 2027 08:00:00 +0000\r\nMessage-ID: <1@corp.example>\r\n\r\nDear  Bob, \r\nhere it is.\r\n\r\n"
)


@dataclass(frozen=True)
class Signer:
    """A domain with one key: `ed25519`, `rsa-512`, `rsa-1024`, `rsa-2048` or `rsa-4096`."""

    domain: str = "corp.example"
    selector: str = "s1"
    key: str = "rsa-2048"

    def sign(
        self,
        raw: bytes,
        *,
        h: Iterable[str] = SIGNED,
        c: str = "relaxed/relaxed",
        hash_name: str = "sha256",
        length: int | None = None,
        **tags: str | None,
    ) -> bytes:
        """The message with one more DKIM-Signature on top. Tags given replace those made up, None leaves one out."""
        fields, body = split(raw)
        canonical = canonical_body(body, c)
        chosen: dict[str, str | None] = {
            "v": "1",
            "a": f"{self.key.partition('-')[0]}-{hash_name}",
            "c": c,
            "d": self.domain,
            "s": self.selector,
            "t": str(NOW),
            "l": None if length is None else str(length),
            "h": ":".join(h),
            "bh": base64.b64encode(hashlib.new(hash_name, canonical[:length]).digest()).decode(),
        }
        names = [name.strip().lower() for name in h]
        return self._field(b"DKIM-Signature", chosen | tags, select(fields, names), c, hash_name) + raw

    def seal(self, raw: bytes, results: str, *, cv: str | None = None, h: Iterable[str] = SIGNED, **tags: str) -> bytes:
        """The message with one more ARC set on top, which tells of these results (RFC 8617 §5.1)."""
        fields, body = split(raw)
        number = 1 + sum(name.lower() == b"arc-seal" for name, _ in fields)
        common: dict[str, str | None] = {"i": str(number), "a": f"{self.key.partition('-')[0]}-sha256"}
        common |= {"d": self.domain, "s": self.selector, "t": str(NOW)} | tags
        c = "relaxed/relaxed"
        bh = base64.b64encode(hashlib.sha256(canonical_body(body, c)).digest()).decode()
        names = [name.strip().lower() for name in h]
        told = b"ARC-Authentication-Results: i=%d; %s\r\n" % (number, results.encode())
        signature = common | {"c": c, "h": ":".join(h), "bh": bh}
        made = self._field(b"ARC-Message-Signature", signature, select(fields, names), c)
        arc = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
        earlier = sorted(
            (f for f in fields if f[0].lower() in arc), key=lambda f: (_instance(f[1]), arc.index(f[0].lower()))
        )
        covered = [*earlier, *split(told + b"\r\n")[0], *split(made + b"\r\n")[0]]
        seal = self._field(b"ARC-Seal", common | {"cv": cv or ("none" if number == 1 else "pass")}, covered, c)
        return seal + made + told + raw

    def record(self, **tags: str | None) -> bytes:
        """The TXT record of the key."""
        kind = self.key.partition("-")[0]
        chosen = {"v": "DKIM1", "k": kind, "p": base64.b64encode(public(self.key)).decode()} | tags
        return "; ".join(f"{name}={value}" for name, value in chosen.items() if value is not None).encode()

    def zone(self, **tags: str | None) -> dict[str, tuple[str, ...]]:
        """The same, under its name, for FakeLookups."""
        return {f"{self.selector}._domainkey.{self.domain} TXT": (self.record(**tags).decode(),)}

    def _field(
        self,
        name: bytes,
        tags: Mapping[str, str | None],
        covered: list[tuple[bytes, bytes]],
        c: str,
        hash_name: str = "sha256",
    ) -> bytes:
        """A signature field over these fields and itself."""
        value = (";\r\n\t".join(f"{k}={v}" for k, v in tags.items() if v is not None) + ";\r\n\tb=").encode()
        hashed = b"".join(canonical_field(n, v, c) for n, v in covered)
        hashed += canonical_field(name, b" " + value + b"\r\n", c).removesuffix(b"\r\n")
        signature = base64.b64encode(signed(self.key, hashed, hash_name))
        folded = b"\r\n\t ".join(signature[i : i + 70] for i in range(0, len(signature), 70))
        return name + b": " + value + folded + b"\r\n"


class Zone(FakeLookups):
    """Look-ups for those who ask for texts alone."""

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        raise AssertionError(f"{kind} of {name} is nobody's business here")


def split(raw: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Name and value (with its line end) of each field, and the body."""
    header, _, body = raw.partition(b"\r\n\r\n")
    fields = re.findall(rb"([^:\r\n]+):((?:[^\r]*\r\n[ \t])*[^\r]*)\r\n", header + b"\r\n")
    return [(name, value + b"\r\n") for name, value in fields], body


def select(fields: list[tuple[bytes, bytes]], names: Iterable[str]) -> list[tuple[bytes, bytes]]:
    """Each named field in the order of the names, the lowest first among those of one name (RFC 6376 §5.4.2)."""
    left = list(fields)
    chosen = []
    for name in names:
        lowest = next((f for f in reversed(left) if f[0].decode("latin-1").lower() == name.lower()), None)
        if lowest:
            left.reverse()
            left.remove(lowest)
            left.reverse()
            chosen.append(lowest)
    return chosen


def canonical_field(name: bytes, value: bytes, c: str) -> bytes:
    """As it is hashed."""
    if c.startswith("simple"):
        return name + b":" + value
    return name.lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" \t") + b"\r\n"


def canonical_body(body: bytes, c: str) -> bytes:
    """As it is hashed."""
    lines = body.split(b"\r\n")
    relaxed = c.endswith("/relaxed")
    if relaxed:
        lines = [re.sub(rb"[ \t]+", b" ", line) for line in lines]
        lines = [line.removesuffix(b" ") if i < len(lines) - 1 else line for i, line in enumerate(lines)]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        return b"" if relaxed else b"\r\n"
    return b"\r\n".join(lines) + b"\r\n"


@lru_cache
def pem(key: str) -> bytes:
    return (KEYS / f"test-{key}.pem").read_bytes()


@lru_cache
def public(key: str) -> bytes:
    """As it stands in p=."""
    private = load_pem_private_key(pem(key), None)
    if isinstance(private, Ed25519PrivateKey):
        return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert isinstance(private, RSAPrivateKey)
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@lru_cache
def signed(key: str, data: bytes, hash_name: str) -> bytes:
    """The signature of these bytes."""
    digest = hashlib.new(hash_name, data)
    if key == "ed25519":
        private = load_pem_private_key(pem(key), None)
        assert isinstance(private, Ed25519PrivateKey)
        return private.sign(digest.digest())
    return bytes(RSASSA_PKCS1_v1_5_sign(digest, parse_pem_private_key(pem(key))))


def _instance(value: bytes) -> int:
    found = re.search(rb"(?:^|[;\s])i=(\d+)", value)
    assert found
    return int(found[1])
