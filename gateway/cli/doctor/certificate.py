"""Checks of the TLS certificate: sound, for this server's name, with its chain, not about to end, its key private."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from config.settings import Settings
from gateway.cli.doctor.found import Found, fail, ok, warn
from gateway.cli.doctor.machine import name_of, owner, readable_by
from gateway.health.checks import SOON
from gateway.reload import tls_files
from gateway.smtp.tls import UnusableCertificateError


def certificate(settings: Settings) -> Iterator[Found]:
    """All of that; where there is none, what that means."""
    files = tls_files(settings)
    if files is None:
        yield warn("certificate", "There is none, so mail comes in clear: set smtp.certificate and smtp.private_key.")
        return
    at = datetime.now(UTC)
    try:
        end = files.load(at).expires
    except UnusableCertificateError as error:
        yield fail("certificate", f"{str(error)[:1].upper()}{str(error)[1:]}. Renew it; the gateway doesn't start so.")
        return
    chain = x509.load_pem_x509_certificates(files.certificate.read_bytes())
    if end - at < SOON:
        yield warn("certificate", f"It expires on {end:%Y-%m-%d}: is its renewal at work?")
    else:
        yield ok("certificate", f"{files.certificate} is valid until {end:%Y-%m-%d}, and the key is its own.")
    serves = owner(settings)
    for path in (files.certificate, files.key):
        if not readable_by(path, serves):
            yield fail("certificate", f"{name_of(serves)}, who serves, can't read {path}: change its group or mode.")
    if files.key.stat().st_mode & stat.S_IRWXO:
        yield warn("certificate", f"Everybody on this machine can read its key: `chmod o= {files.key}`.")
    yield _names(chain[0], settings.hostname)
    yield _chain(chain)


def _names(leaf: x509.Certificate, hostname: str) -> Found:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        told = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    except x509.ExtensionNotFound:
        told = []
    if hostname in told or f"*.{hostname.partition('.')[2]}" in told:
        return ok("certificate", f"It is for {hostname}.")
    listed = ", ".join(told) or "no name at all"
    return warn(
        "certificate", f"It is for {listed}, and not for {hostname}: mail programs will refuse it. Compare `hostname`."
    )


def _chain(chain: Sequence[x509.Certificate]) -> Found:
    for each, issuer in pairwise(chain):
        try:
            each.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            return warn(
                "certificate", "Its chain is out of order: each certificate in the file must be issued by the next."
            )
    last = chain[-1]
    if len(chain) == 1 and last.issuer == last.subject:
        return warn("certificate", "It signs itself: mail programs, and servers that insist on a sound one, refuse it.")
    roots = ssl.create_default_context().get_ca_certs(binary_form=True)
    authority = last.issuer.public_bytes()  # stands in an authority's own certificate as the subject
    if last.issuer == last.subject or any(authority in root for root in roots):
        return ok("certificate", "Its chain is complete.")
    return warn(
        "certificate",
        "Its chain ends with an authority that this machine doesn't know: put the intermediate ones behind.",
    )
