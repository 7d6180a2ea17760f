"""A certificate for the server of the tests."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from smtp_fakes import ISSUED

from gateway.smtp.tls import Contexts, Files


def make_pair(folder: Path, common_name: str, start: datetime, days: int) -> tuple[Path, Path]:
    """A self-signed certificate and its key, as files in the folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    number = x509.random_serial_number()
    built = x509.CertificateBuilder(name, name, key.public_key(), number, start, start + timedelta(days=days))
    (folder / "cert.pem").write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate and key, valid for a day from `ISSUED`."""
    return make_pair(tmp_path_factory.mktemp("tls"), "mx.example", ISSUED, 1)


@pytest.fixture(scope="session")
def client_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same of a client, valid whenever the tests are run."""
    return make_pair(tmp_path_factory.mktemp("client"), "client.example", datetime(2000, 1, 1, tzinfo=UTC), 36_500)


@pytest.fixture(scope="session")
def contexts(certificate: tuple[Path, Path], client_pair: tuple[Path, Path]) -> Contexts:
    return Files(*certificate, client_pair[0]).load(ISSUED)


@pytest.fixture(scope="session")
def tls(contexts: Contexts) -> ssl.SSLContext:
    return contexts.plain
