"""A gateway that serves TLS in every way: STARTTLS with AUTH, TLS from the first byte with AUTH, and in clear."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fakes.certificates import make_pair

from tests.running_gateway import Gateway, free_port

PASSWORD = "correct horse battery"  # noqa: S105 - a fake
BORN = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Secure:
    """The gateway and its further ports."""

    gateway: Gateway
    starttls: int
    implicit: int


def secured(gateway: Gateway, words: str = "auth") -> Secure:
    """A prepared gateway with a certificate and two listeners more; its user has a password."""
    certificate, key = make_pair(gateway.folder, "gateway.log.example", BORN, 36_500)
    secure = Secure(gateway, free_port(), free_port())
    listeners = [f"127.0.0.1:{port}" for port in (gateway.port, secure.starttls, secure.implicit)]
    modes = ["", f" tls=required {words}", f" tls=implicit {words}"]
    listen = ", ".join(f'"{address}{mode}"' for address, mode in zip(listeners, modes, strict=True))
    text = gateway.config.read_text(encoding="utf-8")
    old = f'listen = ["127.0.0.1:{gateway.port}"]\n'
    new = f'listen = [{listen}]\ncertificate = "{certificate}"\nprivate_key = "{key}"\n'
    assert old in text
    gateway.config.write_text(text.replace(old, new), encoding="utf-8")
    command = [sys.executable, "-P", "-m", "gateway", "user", "password", "ana@us.example", "--stdin"]
    command += ["--config", str(gateway.config)]
    subprocess.run(command, input=f"{PASSWORD}\n", text=True, capture_output=True, check=True, timeout=60)
    return secure


def new_pair(folder: Path) -> tuple[Path, Path]:
    """A certificate like that of the gateway, with a key of its own."""
    folder.mkdir()
    return make_pair(folder, "gateway.log.example", BORN, 36_500)
