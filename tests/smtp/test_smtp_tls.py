"""Loading of the certificate."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from smtp_fakes import ISSUED

from gateway.smtp.tls import UnusableCertificateError, load_certificate


def test_a_good_pair_gives_a_context_of_tls_1_2_and_above(certificate: tuple[Path, Path]) -> None:
    context = load_certificate(*certificate, ISSUED)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("days", "fault"), [(2, r"cert\.pem expired on 2030-01-02"), (-1, r"cert\.pem isn't valid yet")]
)
def test_a_certificate_has_its_time(certificate: tuple[Path, Path], days: int, fault: str) -> None:
    with pytest.raises(UnusableCertificateError, match=fault):
        load_certificate(*certificate, ISSUED + timedelta(days=days))


def test_what_is_missing_is_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = certificate
    with pytest.raises(UnusableCertificateError, match=r"the certificate .*none\.pem can't be read: No such file"):
        load_certificate(tmp_path / "none.pem", key, ISSUED)
    with pytest.raises(UnusableCertificateError, match=r"the key .*none\.pem can't be read: No such file"):
        load_certificate(cert, tmp_path / "none.pem", ISSUED)


def test_what_is_no_certificate_or_key_is_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = certificate
    (tmp_path / "x.pem").write_text("no PEM")
    with pytest.raises(UnusableCertificateError, match=r"x\.pem holds no certificate"):
        load_certificate(tmp_path / "x.pem", key, ISSUED)
    with pytest.raises(UnusableCertificateError, match="the key can't be read"):
        load_certificate(cert, tmp_path / "x.pem", ISSUED)


@pytest.mark.parametrize(
    ("encryption", "fault"),
    [
        (serialization.NoEncryption(), "the key is not that of the certificate"),
        (serialization.BestAvailableEncryption(b"secret"), "the key can't be read"),
    ],
)
def test_another_key_and_an_encrypted_key_are_refused(
    certificate: tuple[Path, Path],
    tmp_path: Path,
    encryption: serialization.KeySerializationEncryption,
    fault: str,
) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "key.pem").write_bytes(
        other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    with pytest.raises(UnusableCertificateError, match=fault):
        load_certificate(certificate[0], tmp_path / "key.pem", ISSUED)
