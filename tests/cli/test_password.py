"""`user password` and `source password`: what SMTP AUTH takes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import passwords
from gateway.cli import main

Command = Callable[..., Result]
Good = Callable[..., str]
Lines = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def ann(good: Good) -> str:
    good("user", "add", "ann@us.example", "Ann Example")
    return "ann@us.example"


def stored(folder: Path) -> list[tuple[str, str | None, str | None]]:
    database = sqlite3.connect(folder / "gateway.db")
    try:
        return database.execute("SELECT hash, user_id, source_id FROM password").fetchall()
    finally:
        database.close()


def fits(password: str, hashed: str) -> bool:
    return passwords._fits(hashed, password.encode())


def test_a_generated_password_is_printed_alone_and_once(good: Good, ann: str, tmp_path: Path) -> None:
    [password] = good("user", "password", ann, "--generate").splitlines()
    [(hashed, user, source)] = stored(tmp_path)
    assert fits(password, hashed)
    assert user
    assert source is None
    assert password not in good("account", "audit", "--json")


def test_a_password_is_typed_twice_or_read_from_standard_input(
    command: Command, ann: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"GATEWAY_CONFIG": str(tmp_path / "gateway.toml")}
    for arguments, typed in (((), "correct horse\ncorrect horse\n"), (("--stdin",), "another horse\r\n")):
        result = CliRunner().invoke(main, ("user", "password", ann, *arguments), input=typed, env=config)
        assert result.exit_code == 0, result.output
        [(hashed, *_)] = stored(tmp_path)
        assert fits(typed.splitlines()[0], hashed)
        assert "horse" not in result.output
    assert command("user", "password", ann, "--stdin", "--generate").exit_code == 2


@pytest.mark.parametrize(
    ("typed", "sentence"), [("short", "12 to 256 characters"), ("a" * 300, "12 to 256"), ("a\tb" * 9, "typed")]
)
def test_what_is_no_password_is_told_without_it(
    command: Command, ann: str, tmp_path: Path, typed: str, sentence: str
) -> None:
    config = {"GATEWAY_CONFIG": str(tmp_path / "gateway.toml")}
    result = CliRunner().invoke(main, ("user", "password", ann, "--stdin"), input=typed + "\n", env=config)
    assert (result.exit_code, result.stdout) == (1, "")
    assert sentence in result.stderr
    assert typed not in result.stderr
    assert stored(tmp_path) == []


def test_a_password_is_taken_away(command: Command, good: Good, ann: str, tmp_path: Path) -> None:
    good("user", "password", ann, "--generate")
    assert good("user", "password", ann, "--remove") == "Ann Example can't sign in any more.\n"
    assert stored(tmp_path) == []
    assert "The user Ann Example has no password." in command("user", "password", ann, "--remove").stderr
    actions = [json.loads(line)["action"] for line in good("account", "audit", "--json").splitlines()]
    assert actions[-2:] == ["user.password", "user.remove_password"]


def test_a_source_with_a_login_gets_a_password_and_loses_it_when_it_goes(
    command: Command, good: Good, lines: Lines, tmp_path: Path
) -> None:
    output = good("source", "add", "cloud", "--login", "Cloud", "--channel", "relay")
    assert output.startswith("cloud signed in as cloud may use relay.\n")
    [source] = lines("source", "list")
    assert (source["network"], source["login"]) == ("", "cloud")
    [password] = good("source", "password", "cloud", "--generate").splitlines()
    [(hashed, user, _)] = stored(tmp_path)
    assert fits(password, hashed)
    assert user is None
    good("source", "remove", "cloud")
    assert stored(tmp_path) == []
    good("source", "add", "mx", "192.0.2.1", "--channel", "relay")
    assert "mx has no name to sign in with" in command("source", "password", "mx", "--generate").stderr


def test_a_source_is_known_by_a_certificate_from_a_file_or_by_its_hash(
    good: Good, lines: Lines, tmp_path: Path
) -> None:
    key, start = ec.generate_private_key(ec.SECP256R1()), datetime(2030, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 1, start, start + timedelta(1))
    certificate = builder.sign(key, hashes.SHA256())
    (tmp_path / "mx.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    expected = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    with_colons = ":".join(expected[i : i + 2] for i in range(0, 64, 2)).upper()
    good("source", "add", "file", "--certificate", str(tmp_path / "mx.pem"), "--channel", "relay")
    good("source", "add", "hash", "--certificate", with_colons, "--authserv-id", "MX.us.example", "--channel", "relay")
    assert [(s["certificate"], s["authserv_id"]) for s in lines("source", "list")] == [
        (expected, ""),
        (expected, "mx.us.example"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "give at least one of them"),
        (("--login", "ann@us.example"), "can't be a login"),
        (("--login", "taken"), "The login taken is taken"),
        (("--certificate", "abc"), "64 hexadecimal digits"),
        (("192.0.2.1", "--authserv-id", "a b"), "is no name of a server"),
    ],
)
def test_what_no_source_is_known_by_is_told(
    command: Command, good: Good, arguments: tuple[str, ...], sentence: str
) -> None:
    good("source", "add", "first", "--login", "taken", "--channel", "relay")
    result = command("source", "add", "mx", *arguments, "--channel", "relay")
    assert (result.exit_code, result.stdout) == (1, "")
    assert sentence in result.stderr
