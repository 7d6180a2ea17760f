"""The certificate for STARTTLS."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path

from cryptography import x509


class UnusableCertificateError(Exception):
    """Why a certificate and its key can't be used; the text is for the operator."""


def load_certificate(certificate: Path, key: Path, now: datetime) -> ssl.SSLContext:
    """A fresh server context for TLS 1.2 and above, so that a bad pair never reaches one in use.

    `now` is aware. Raises UnusableCertificateError.
    """
    pem = _read(certificate, "certificate")
    _read(key, "key")
    try:
        leaf = x509.load_pem_x509_certificates(pem)[0]
    except ValueError:
        raise UnusableCertificateError(f"{certificate} holds no certificate in PEM form") from None
    if now > leaf.not_valid_after_utc:
        raise UnusableCertificateError(
            f"the certificate in {certificate} expired on {leaf.not_valid_after_utc:%Y-%m-%d}"
        )
    if now < leaf.not_valid_before_utc:
        raise UnusableCertificateError(f"the certificate in {certificate} isn't valid yet")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, ValueError) as error:
        raise UnusableCertificateError(f"{_why_not_a_pair(error)}: {certificate} and {key}") from None
    return context


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableCertificateError(f"the {what} {path} can't be read: {error.strerror}") from None


def _why_not_a_pair(error: Exception) -> str:
    if "KEY_VALUES_MISMATCH" in str(error):
        return "the key is not that of the certificate"
    return "the key can't be read; it has to be in PEM form and without a password"
