"""The certificate of a running gateway is replaced by its operator."""

from __future__ import annotations

import os
import shutil
import signal
import smtplib
import ssl
import time
from pathlib import Path

import pytest

from tests.peers.secure_gateway import Secure, new_pair, secured
from tests.running_gateway import Gateway

MESSAGE = "From: ana@us.example\r\nTo: bob@client.example\r\nSubject: Offer\r\n\r\nx\r\n"


@pytest.fixture
def secure(gateway: Gateway) -> Secure:
    found = secured(gateway)
    gateway.start()
    return found


def trusting_everybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def certificates(secure: Secure) -> set[str]:
    """What new connections are shown, on both listeners."""
    context = trusting_everybody()
    with smtplib.SMTP_SSL("127.0.0.1", secure.implicit, "client.example", timeout=20, context=context) as client:
        found = {ssl.DER_cert_to_PEM_cert(client.sock.getpeercert(binary_form=True))}  # type: ignore[union-attr]  # an SSL socket
    with smtplib.SMTP("127.0.0.1", secure.starttls, "client.example", timeout=20) as client:
        client.starttls(context=context)
        found.add(ssl.DER_cert_to_PEM_cert(client.sock.getpeercert(binary_form=True)))  # type: ignore[union-attr]  # an SSL socket
    return found


def reloaded(secure: Secure, event: str, count: int) -> None:
    """SIGHUP, until the log tells what came of it."""
    os.kill(secure.gateway.pid, signal.SIGHUP)
    end = time.monotonic() + 20
    while secure.gateway.log().count(event) < count:
        assert time.monotonic() < end, secure.gateway.log()
        assert secure.gateway.running
        time.sleep(0.02)


def test_a_sound_certificate_takes_over_and_a_bad_one_changes_nothing(secure: Secure, tmp_path: Path) -> None:
    """F19."""
    folder = secure.gateway.folder
    first = (folder / "cert.pem").read_text()
    assert certificates(secure) == {first}
    with smtplib.SMTP_SSL(
        "127.0.0.1", secure.implicit, "client.example", timeout=20, context=trusting_everybody()
    ) as running:
        running.ehlo()
        certificate, key = new_pair(tmp_path / "new")
        shutil.copy(certificate, folder / "cert.pem")
        reloaded(secure, "certificate.refused", 1)
        assert "the key is not that of the certificate" in secure.gateway.log()
        assert certificates(secure) == {first}
        (folder / "key.pem").write_text("no key at all")
        reloaded(secure, "certificate.refused", 2)
        assert certificates(secure) == {first}
        shutil.copy(key, folder / "key.pem")
        reloaded(secure, "certificate.loaded", 1)
        assert certificates(secure) == {certificate.read_text()}
        running.sendmail("ana@us.example", [secure.gateway.addresses["bcc"]], MESSAGE)
    assert secure.gateway.stop() == 0
    assert "internal.failed" not in secure.gateway.log()
