"""What ships beside the program passes the checkers made for it, and each checker sees a fault that is planted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.read import ROOT, UNIT, UNITS, unit

BIN = Path(sys.executable).parent
SERVICES = sorted(UNITS.glob("*.service"))
MOST_EXPOSED = 20
"""Of systemd's 100: it can't know that port 25 and the network are what the gateway is for."""


def run(*command: str | Path, given: str | None = None) -> tuple[int, str]:
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def hadolint(text: str) -> tuple[int, str]:
    return run(BIN / "hadolint", "--no-color", "-", given=text)


def test_the_dockerfile_passes_hadolint() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert hadolint(text) == (0, "")
    exit_code, said = hadolint(text.replace("python:3.11-slim", "python"))
    assert (exit_code, "DL3006" in said) == (1, True)


def test_compose_passes_its_schema(tmp_path: Path) -> None:
    def checked(path: Path) -> tuple[int, str]:
        return run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)

    assert checked(ROOT / "compose.yaml")[0] == 0
    spoilt = tmp_path / "compose.yaml"
    spoilt.write_text((ROOT / "compose.yaml").read_text(encoding="utf-8").replace("stop_grace_period", "stop_grace"))
    exit_code, said = checked(spoilt)
    assert (exit_code, "stop_grace" in said) == (1, True)


def scripts() -> list[Path]:
    """Every shell script of the repository, whatever its name."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    files = [ROOT / name for name in listed.decode().split("\0") if name]
    return [file for file in files if file.is_file() and _is_shell(file)]


def _is_shell(file: Path) -> bool:
    with file.open("rb") as opened:
        first = opened.readline(80)
    return file.suffix == ".sh" or (first.startswith(b"#!") and first.rstrip().endswith(b"sh"))


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shell_scripts_pass_shellcheck(tmp_path: Path) -> None:
    found = scripts()
    assert {"secrets.sh", "machine.sh", "run"} <= {file.name for file in found}
    assert run("shellcheck", *found) == (0, "")
    spoilt = tmp_path / "spoilt.sh"
    spoilt.write_text("#!/bin/sh\nrm -rf $1/*\n", encoding="utf-8")
    exit_code, said = run("shellcheck", spoilt)
    assert (exit_code, "SC2086" in said) == (1, True)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A root folder with systemd's own units, ours with their drop-ins, and the programs that they name."""
    for folder in ("etc/systemd", "usr/lib/systemd"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copytree("/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    shutil.copytree(UNITS, tmp_path / "etc/systemd/system")
    settings = [setting for service in SERVICES for setting in unit(service).items()]
    commands = [command for name, values in settings if name.startswith("Exec") for command in values]
    for program in {command.split()[0].lstrip("-+:@!") for command in commands}:
        path = tmp_path / program.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("/bin/true", path)
    return tmp_path


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_understands_the_units(machine: Path) -> None:
    names = sorted(path.name for path in (*SERVICES, *UNITS.glob("*.timer")))
    assert "bcc-gateway.service" in names
    verify = ("systemd-analyze", "verify", "--man=no", f"--root={machine}")
    assert run(*verify, *names) == (0, "")
    copy = machine / "etc/systemd/system/bcc-gateway.service"
    copy.write_text(copy.read_text(encoding="utf-8").replace("ProtectHome", "ProtectHouse"), encoding="utf-8")
    assert "ProtectHouse" in run(*verify, "bcc-gateway.service")[1]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_services_are_locked_in(tmp_path: Path) -> None:
    def exposed(service: Path) -> tuple[int, str]:
        return run(
            *("systemd-analyze", "security", "--no-pager", "--offline=true"), f"--threshold={MOST_EXPOSED}", service
        )

    for service in SERVICES:
        exit_code, said = exposed(service)
        assert exit_code == 0, said
    open_one = tmp_path / "bcc-gateway.service"
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    open_one.write_text("\n".join(line for line in lines if "SystemCallFilter" not in line), encoding="utf-8")
    exit_code, said = exposed(open_one)
    assert (exit_code, "SystemCallFilter" in said) == (1, True)
