"""Certificates that sign themselves, or that an authority of their own has signed."""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])


def make_pair(folder: Path, common_name: str, start: datetime, days: int, *, issued: bool = False) -> tuple[Path, Path]:
    """A certificate and its key, as files in the folder; self-signed, or `issued` and its authority in ca.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    signer, issuer = (ec.generate_private_key(ec.SECP256R1()), _AUTHORITY) if issued else (key, name)
    if issued:
        builder = x509.CertificateBuilder(issuer, issuer, signer.public_key(), 1, start, start + timedelta(days=days))
        authority = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        (folder / "ca.pem").write_bytes(
            authority.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
    number = x509.random_serial_number()
    built = x509.CertificateBuilder(issuer, name, key.public_key(), number, start, start + timedelta(days=days))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(common_name)]), critical=False)
    (folder / "cert.pem").write_bytes(built.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"
