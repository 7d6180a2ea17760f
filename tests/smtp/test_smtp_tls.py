"""Loading of the certificate."""

import asyncio
import shutil
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from smtp_fakes import ISSUED

from gateway.smtp.tls import LOOK_EVERY, Contexts, Files, Renewal, UnusableCertificateError


def test_a_good_pair_gives_contexts_of_tls_1_2_and_above(contexts: Contexts) -> None:
    """Without compression and renegotiation (P16), and with forward secrecy in every cipher."""
    for context in (contexts.plain, contexts.asking):
        assert context is not None
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION in context.options
        assert all(c["protocol"] == "TLSv1.3" or c["name"].startswith("ECDHE-") for c in context.get_ciphers())
    assert contexts.expires == ISSUED + timedelta(days=1)


def test_only_listeners_that_say_so_ask_clients_for_a_certificate(contexts: Contexts) -> None:
    assert contexts.plain.verify_mode == ssl.CERT_NONE
    assert contexts.asking is not None
    assert contexts.asking.verify_mode == ssl.CERT_OPTIONAL


@pytest.mark.parametrize(
    ("days", "fault"), [(2, r"cert\.pem expired on 2030-01-02"), (-1, r"cert\.pem isn't valid yet")]
)
def test_a_certificate_has_its_time(certificate: tuple[Path, Path], days: int, fault: str) -> None:
    with pytest.raises(UnusableCertificateError, match=fault):
        Files(*certificate).load(ISSUED + timedelta(days=days))


def test_what_is_missing_is_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = certificate
    with pytest.raises(UnusableCertificateError, match=r"the certificate .*none\.pem can't be read: No such file"):
        Files(tmp_path / "none.pem", key).load(ISSUED)
    with pytest.raises(UnusableCertificateError, match=r"the key .*none\.pem can't be read: No such file"):
        Files(cert, tmp_path / "none.pem").load(ISSUED)


def test_what_is_no_certificate_or_key_is_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = certificate
    (tmp_path / "x.pem").write_text("no PEM")
    with pytest.raises(UnusableCertificateError, match=r"x\.pem holds no certificate"):
        Files(tmp_path / "x.pem", key).load(ISSUED)
    with pytest.raises(UnusableCertificateError, match="the key can't be read"):
        Files(cert, tmp_path / "x.pem").load(ISSUED)


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
        Files(certificate[0], tmp_path / "key.pem").load(ISSUED)


def test_certificates_of_clients_that_are_none_are_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UnusableCertificateError, match=r"clients .*none\.pem can't be read"):
        Files(*certificate, tmp_path / "none.pem").load(ISSUED)
    (tmp_path / "x.pem").write_text("no PÉM")
    with pytest.raises(UnusableCertificateError, match=r"x\.pem holds no certificates"):
        Files(*certificate, tmp_path / "x.pem").load(ISSUED)


class Office:
    """Certificates as an operator replaces them, and what becomes of it."""

    def __init__(self, folder: Path, certificate: tuple[Path, Path]) -> None:
        self.files = Files(folder / "cert.pem", folder / "key.pem")
        self.said: list[str] = []
        self.used: list[Contexts] = []
        self.now = ISSUED
        self.put(*certificate)
        self.renewal = Renewal(self.files, self.used.append, self, lambda: self.now)

    def put(self, certificate: Path, key: Path) -> None:
        shutil.copy(certificate, self.files.certificate)
        shutil.copy(key, self.files.key)

    def certificate_loaded(self, expires: str) -> None:
        self.said.append(f"loaded {expires}")

    def certificate_refused(self, reason: str) -> None:
        self.said.append(f"refused {reason}")


@pytest.fixture
def office(tmp_path: Path, certificate: tuple[Path, Path]) -> Office:
    return Office(tmp_path, certificate)


async def test_other_files_that_are_no_good_are_looked_at_again_once_they_change(
    office: Office, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_text("no PEM")
    office.renewal.turn_to(Files(tmp_path / "other.pem", office.files.key))
    assert office.used == []
    shutil.copy(certificate[0], tmp_path / "other.pem")
    looks = 0

    async def pause(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await office.renewal.watch(pause)
    assert [said.partition(" ")[0] for said in office.said] == ["refused", "loaded"]
    office.renewal.turn_to(None)
    assert office.used[1:] == [None]


def test_a_new_certificate_takes_the_place_of_the_old_one_at_once(office: Office) -> None:
    office.renewal.renew()
    assert office.said == ["loaded 2030-01-02"]
    assert len(office.used) == 1


def test_a_bad_certificate_leaves_the_one_in_use_and_is_told_once(
    office: Office, certificate: tuple[Path, Path], client_pair: tuple[Path, Path]
) -> None:
    """F19: mismatched, unreadable and expired."""
    office.put(certificate[0], client_pair[1])
    office.renewal.renew()
    office.files.key.write_text("no key")
    office.renewal.renew()
    office.files.key.unlink()
    office.renewal.renew()
    office.put(*certificate)
    office.now += timedelta(days=2)
    office.renewal.renew()
    assert not office.used
    assert [text.split(" ")[0] for text in office.said] == ["refused"] * 4
    assert ["not that of" in office.said[0], "PEM form" in office.said[1], "No such file" in office.said[2]] == [
        True
    ] * 3
    assert "expired on 2030-01-02" in office.said[3]


async def test_files_are_looked_at_every_minute_and_read_when_they_have_changed(
    office: Office, client_pair: tuple[Path, Path]
) -> None:
    """A pair whose files are replaced one after the other is taken once both are."""
    minutes: asyncio.Queue[None] = asyncio.Queue()
    looked = asyncio.Event()

    async def wait(seconds: float) -> None:
        assert seconds == LOOK_EVERY
        looked.set()
        await minutes.get()

    async def a_minute_passes() -> None:
        looked.clear()
        minutes.put_nowait(None)
        await looked.wait()

    watching = asyncio.create_task(office.renewal.watch(wait))
    await looked.wait()
    await a_minute_passes()
    assert office.said == []
    shutil.copy(client_pair[0], office.files.certificate)
    await a_minute_passes()
    await a_minute_passes()
    assert len(office.said) == 1
    assert "not that of" in office.said[0]
    shutil.copy(client_pair[1], office.files.key)
    await a_minute_passes()
    assert office.said[1:] == ["loaded 2099-12-07"]
    watching.cancel()
