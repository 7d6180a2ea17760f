"""What is sent: made-up mail that looks like real mail, each message another one."""

from __future__ import annotations

import base64
import quopri
import random
import re
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

SENDER = "ana@us.example"
CONTACTS = 300
SELECTOR = "bench"
_KEY = Path(__file__).parents[1] / "fixtures" / "keys" / "test-rsa-2048.pem"
_HEADER_SIZE = 900
_BOUNDARY = "=_c3f1b7a05e2d4986"
_TEXT = (
    "offer order price delivery next week please find attached the updated contract for your team and let us know"
    " whether monday suits you our colleague will call about the open points as agreed in the meeting thank you for"
    " your patience kind regards quarter budget approved sample stock invoice number warehouse shipping address"
    " discount licence users training Grüße café naïve 12,500 €"
)
_ROW = (
    '<tr><td style="padding:4px 12px;border:1px solid #d0d7de;font-family:Calibri,Arial,sans-serif;font-size:11pt">'
    '<p class="MsoNormal" style="margin:0 0 8px 0"><span lang="EN-GB" style="color:#1f2328">{0}</span></p></td>'
    '<td align="right" style="padding:4px 12px"><a href="https://www.us.example/item/{1}?ref=mail">{1}</a></td></tr>\r\n'
)


class Messages:
    """The messages of one kind: `small` (3.7 KB text), `html` (58 KB) or `large` (5 MB with an attachment).

    `salt` makes them other messages than those of any other run. Signed ones carry a DKIM signature of us.example.
    """

    def __init__(self, kind: str, salt: str, *, signed: bool = False) -> None:
        self._salt = salt
        self._bodies = bodies(kind)
        self._date = formatdate(time.time(), usegmt=True)
        self._sign = _Signer(self._bodies).sign if signed else None

    def parts(self, number: int) -> tuple[bytes, bytes]:
        """Header and body of message `number`, as they are sent: no line starts with a dot."""
        which = number % len(self._bodies)
        content, body = self._bodies[which]
        first, other = contact(number), contact(number * 7 + 1)
        answers = number % 3 == 1
        fields = [
            f"From: Ana Example <{SENDER}>",
            f"To: {first}" + (f",\r\n\t{other}" if number % 4 == 0 else ""),
            f"Subject: {'Re: ' if answers else ''}Offer {self._salt}-{number - answers} for your team",
            f"Date: {self._date}",
            f"Message-ID: <{self._salt}.{number}@us.example>",
            "MIME-Version: 1.0",
            *content.split("\r\n"),
        ]
        if answers:
            parent = f"<{self._salt}.{number - 1}@us.example>"
            fields += [f"In-Reply-To: {parent}", f"References: {parent}"]
        if self._sign:
            fields.insert(0, self._sign(fields, which))
        received = (
            "Received: from laptop.us.example (laptop.us.example [192.0.2.17])\r\n\tby mail.us.example (Postfix) with"
            f" ESMTPSA id {number:012X}\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits));"
            f"\r\n\t{self._date}"
        )
        return "\r\n".join([received, *fields, "User-Agent: Mozilla Thunderbird", "\r\n"]).encode(), body


def contact(number: int) -> str:
    """One of the few hundred people to whom mail is written."""
    number %= CONTACTS
    return f"Contact {number} <contact.{number}@client{number % 40}.example>"


def key_record() -> str:
    """The TXT record of the signing key, as a line of the zone us.example."""
    public = _key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
    pieces = " ".join(f'"{text[i : i + 200]}"' for i in range(0, len(text), 200))
    return f"{SELECTOR}._domainkey IN TXT ( {pieces} )\n"


@cache
def bodies(kind: str) -> list[tuple[str, bytes]]:
    """Content fields and body of the kind's variants."""
    chance = random.Random(kind)  # noqa: S311 — words, no secret
    make, count = _KINDS[kind]
    return [make(chance) for _ in range(count)]


def _small(chance: random.Random) -> tuple[str, bytes]:
    return _text_part(chance, 3_700 - _HEADER_SIZE)


def _html(chance: random.Random) -> tuple[str, bytes]:
    rows = ""
    while len(rows) < 49_500:  # quoted-printable makes 55 KB of it
        rows += _ROW.format(_sentence(chance), chance.randrange(10**6))
    page = f'<html><head><meta charset="utf-8"></head><body>\r\n<table>\r\n{rows}</table>\r\n</body></html>\r\n'
    html = ("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable", _printable(page))
    return _multipart("alternative", _text_part(chance, 2_500), html)


def _large(chance: random.Random) -> tuple[str, bytes]:
    attachment = base64.encodebytes(chance.randbytes(3_650_000)).replace(b"\n", b"\r\n")
    fields = (
        'Content-Type: application/pdf; name="offer.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
        'Content-Disposition: attachment; filename="offer.pdf"'
    )
    return _multipart("mixed", _text_part(chance, 2_500), (fields, attachment))


_KINDS: dict[str, tuple[Callable[[random.Random], tuple[str, bytes]], int]] = {
    "small": (_small, 32),
    "html": (_html, 8),
    "large": (_large, 4),
}


def _multipart(subtype: str, *parts: tuple[str, bytes]) -> tuple[str, bytes]:
    mark = _BOUNDARY.encode()
    inner = b"".join(b"--%b\r\n%b\r\n\r\n%b\r\n" % (mark, fields.encode(), body) for fields, body in parts)
    return f'Content-Type: multipart/{subtype}; boundary="{_BOUNDARY}"', inner + b"--" + mark + b"--\r\n"


def _text_part(chance: random.Random, size: int) -> tuple[str, bytes]:
    text = "Dear all,\r\n\r\n"
    while len(text) < size * 0.6:
        text += _sentence(chance) + ("\r\n\r\n" if chance.random() < 0.3 else "\r\n")
    text += "\r\nKind regards\r\nAna Example\r\n-- \r\nUs Ltd, 1 Example Street\r\n\r\nOn Monday you wrote:\r\n"
    while len(text) < size * 0.93:
        text += "> " + _sentence(chance)[:70] + "\r\n"
    fields = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable"
    return fields, _printable(text)


def _sentence(chance: random.Random) -> str:
    return " ".join(chance.choices(_TEXT.split(), k=chance.randrange(8, 18))).capitalize() + "."


def _printable(text: str) -> bytes:
    encoded = quopri.encodestring(text.replace("\r\n", "\n").encode()).replace(b"\n", b"\r\n")
    return re.sub(rb"(?m)^\.", b"=2E", encoded)


class _Signer:
    """Signs as the mail server of us.example would: relaxed/relaxed, RSA with 2048 bits (RFC 6376)."""

    def __init__(self, made: list[tuple[str, bytes]]) -> None:
        self._body_hashes = [base64.b64encode(sha256(_relaxed_body(body)).digest()).decode() for _, body in made]
        self._now = int(time.time())
        self._rsa = partial(_key().sign, padding=PKCS1v15(), algorithm=SHA256())

    def sign(self, fields: list[str], which: int) -> str:
        """The signature field for a message with these fields and the body of this number."""
        names = ":".join(field.partition(":")[0] for field in fields)
        bare = (
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=us.example; s={SELECTOR}; t={self._now};"
            f"\r\n\th={names};\r\n\tbh={self._body_hashes[which]};\r\n\tb="
        )
        hashed = "\r\n".join(map(_relaxed, [*fields, bare]))
        return bare + base64.b64encode(self._rsa(hashed.encode())).decode()


def _relaxed(field: str) -> str:
    name, _, value = field.partition(":")
    return f"{name.lower()}:{' '.join(value.split())}"


def _relaxed_body(body: bytes) -> bytes:
    body = re.sub(rb"[ \t]+", b" ", body).replace(b" \r\n", b"\r\n")
    return body.rstrip(b"\r\n") + b"\r\n"


@cache
def _key() -> RSAPrivateKey:
    key = load_pem_private_key(_KEY.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    return key
