"""The TLS certificate: loaded into fresh contexts, and renewed without a restart."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509

LOOK_EVERY = 60.0
"""Seconds between looks at whether the files have changed."""

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
"""Of TLS 1.2: forward secrecy and authenticated encryption always, as those of TLS 1.3 have."""


class UnusableCertificateError(Exception):
    """Why a certificate and its key can't be used; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class Contexts:
    """What handshakes are done with."""

    plain: ssl.SSLContext
    asking: ssl.SSLContext | None
    """The same, but clients are asked for their certificates."""
    expires: datetime
    stamp: tuple[object, ...]
    """Of the files, before they were read."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where the operator keeps the certificate with its chain, its key, and certificates of clients, as PEM files."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def load(self, now: datetime) -> Contexts:
        """Fresh contexts for TLS 1.2 and above, so that a bad file never reaches one in use.

        `now` is aware. Raises UnusableCertificateError.
        """
        stamp = self.stamp()
        pem = _read(self.certificate, "certificate")
        _read(self.key, "key")
        expires = _valid_until(self.certificate, pem, now)
        asking = self._context(_read(self.client_ca, "certificates of clients")) if self.client_ca else None
        return Contexts(self._context(), asking, expires, stamp)

    def _context(self, client_ca: bytes = b"") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_CIPHERS)
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        try:
            context.load_cert_chain(self.certificate, self.key, password=lambda: "")
        except (ssl.SSLError, ValueError, OSError) as error:
            raise UnusableCertificateError(f"{_why_not_a_pair(error)}: {self.certificate} and {self.key}") from None
        if client_ca:
            self._ask_clients(context, client_ca)
        return context

    def _ask_clients(self, context: ssl.SSLContext, client_ca: bytes) -> None:
        """Each certificate in the file is believed, itself and those it has issued: sources often sign their own."""
        try:
            context.load_verify_locations(cadata=client_ca.decode("ascii"))
        except (ssl.SSLError, ValueError):
            raise UnusableCertificateError(f"{self.client_ca} holds no certificates in PEM form") from None
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN

    def stamp(self) -> tuple[object, ...]:
        """Another value once any of the files is another one."""
        return tuple(_stamp(path) for path in (self.certificate, self.key, self.client_ca) if path)


class Events(Protocol):
    """What operators hear of certificates; the operator log's functions are these."""

    def certificate_loaded(self, expires: str) -> None:
        """A certificate is in use; `expires`: its last day."""

    def certificate_refused(self, reason: str) -> None:
        """A certificate can't be used, for the reason in this sentence."""


class Renewal:
    """Puts a new certificate in the place of the one in use, if it is sound; sessions that run keep theirs."""

    def __init__(
        self, files: Files | None, use: Callable[[Contexts | None], None], events: Events, now: Callable[[], datetime]
    ) -> None:
        """`use` takes the contexts for all handshakes from then on; None where there is no certificate."""
        self._files = files
        self._use = use
        self._events = events
        self._now = now
        self._stamp = _stamp_of(files)

    def take(self, files: Files | None, contexts: Contexts | None) -> None:
        """Others, which have been read already."""
        self._files, self._stamp = files, contexts.stamp if contexts else ()
        self._use(contexts)
        if contexts:
            self._events.certificate_loaded(f"{contexts.expires:%Y-%m-%d}")

    def turn_to(self, files: Files | None) -> None:
        """Others, to be read now. Where they are no good, what is in use stays until they change."""
        self._files = files
        if files:
            self.renew()
        else:
            self.take(None, None)

    def renew(self) -> None:
        """Read the files again, whether they have changed or not."""
        if self._files:
            self._stamp = self._files.stamp()
            try:
                self.take(self._files, self._files.load(self._now()))
            except UnusableCertificateError as error:
                self._events.certificate_refused(str(error))

    async def watch(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Renew whenever a file has changed, until cancelled."""
        while True:
            await pause(LOOK_EVERY)
            if _stamp_of(self._files) != self._stamp:
                self.renew()


def _stamp_of(files: Files | None) -> tuple[object, ...]:
    return files.stamp() if files else ()


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _valid_until(path: Path, pem: bytes, now: datetime) -> datetime:
    try:
        leaf = x509.load_pem_x509_certificates(pem)[0]
    except ValueError:
        raise UnusableCertificateError(f"{path} holds no certificate in PEM form") from None
    if now > leaf.not_valid_after_utc:
        raise UnusableCertificateError(f"the certificate in {path} expired on {leaf.not_valid_after_utc:%Y-%m-%d}")
    if now < leaf.not_valid_before_utc:
        raise UnusableCertificateError(f"the certificate in {path} isn't valid yet")
    return leaf.not_valid_after_utc


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableCertificateError(f"the {what} {path} can't be read: {error.strerror}") from None


def _why_not_a_pair(error: Exception) -> str:
    if "KEY_VALUES_MISMATCH" in str(error):
        return "the key is not that of the certificate"
    return "the key can't be read; it has to be in PEM form and without a password"
