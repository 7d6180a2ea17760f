"""The gateway's TLS seen by scanners: nmap's list of ciphers with their grades, and OpenSSL's own client."""

from __future__ import annotations

import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.secure_gateway import Secure, secured
from tests.running_gateway import Gateway, free_port


def missing(program: str) -> pytest.MarkDecorator:
    absent = shutil.which(program) is None and "CI" not in os.environ
    return pytest.mark.skipif(absent, reason=f"needs Debian's {program}")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    gateway = Gateway(tmp_path_factory.mktemp("gateway"), free_port())
    gateway.prepare("connections_per_ip = 100\nmessages = 1000\n")
    found = secured(gateway)
    gateway.start()
    yield found
    gateway.kill()


def scanned(port: int, service: str, folder: Path) -> ET.Element:
    """What nmap's script found: one table for each version of TLS, and the least grade of all."""
    (folder / "nmap-services").write_text(f"{service} {port}/tcp 1.0\n")  # so that it knows what is spoken there
    command = ["nmap", "-Pn", "-n", "-sT", "-p", str(port), "--datadir", str(folder)]
    command += ["--script", "ssl-enum-ciphers", "-oX", "-", "127.0.0.1"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found = ET.fromstring(out.stdout).find(".//script[@id='ssl-enum-ciphers']")  # noqa: S314 - from our own nmap
    assert found is not None, out.stdout
    return found


@missing("nmap")
@pytest.mark.parametrize(("listener", "service"), [("starttls", "smtp"), ("implicit", "smtps")])
def test_only_sound_versions_and_ciphers_are_offered(
    secure: Secure, tmp_path: Path, listener: str, service: str
) -> None:
    """P16: TLS 1.2 and 1.3, least strength A, and nothing that nmap warns of."""
    found = scanned(getattr(secure, listener), service, tmp_path)
    print(found.get("output"))
    versions = {table.get("key") for table in found.findall("table")}
    assert versions == {"TLSv1.2", "TLSv1.3"}
    assert [elem.text for elem in found.findall("elem[@key='least strength']")] == ["A"]
    assert found.findall(".//table[@key='warnings']") == []
    assert {elem.text for elem in found.findall(".//table[@key='compressors']/elem")} == {"NULL"}
    names = [elem.text or "" for elem in found.findall("table[@key='TLSv1.2']//elem[@key='name']")]
    assert names
    assert all(name.startswith("TLS_ECDHE_") and ("_GCM_" in name or "POLY1305" in name) for name in names)


@missing("openssl")
def test_a_client_cannot_negotiate_again(secure: Secure) -> None:
    """P16."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{secure.implicit}", "-tls1_2"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        assert any("ESMTP" in line for line in iter(client.stdout.readline, ""))  # all that the server says unasked
        client.stdin.write("R\n")
        client.stdin.flush()
        client.wait(60)
        said = client.stdout.read()
    assert "RENEGOTIATING" in said
    assert "no renegotiation" in said
