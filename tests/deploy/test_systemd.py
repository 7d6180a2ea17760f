"""The unit as systemd runs it: a systemd is booted in namespaces of its own, and docs/install.md is followed there."""

from __future__ import annotations

import os
import re
import site
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.read import ROOT

BOOT = Path(__file__).with_name("boot.sh")
FLAGS = (
    "--domain log.example --hostname localhost --listen '0.0.0.0:25 auth' --account acme --own-domain acme.example"
    " --admin-address ana@acme.example --admin-name Ana"
    " --certificate /etc/bcc-gateway/fullchain.pem --private-key /etc/bcc-gateway/privkey.pem"
)
CERTIFICATE = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    " -keyout privkey.pem -out fullchain.pem 2>/dev/null && install -g bcc-gateway -m 0640 *.pem /etc/bcc-gateway/"
)
HERE = """\
[Service]
Environment=LD_LIBRARY_PATH=/opt/python/lib
StandardOutput=append:/var/lib/out.log
StandardError=append:/var/lib/out.log
"""
"""What is otherwise on this machine: where its Python is, and no journal."""
SEND = """\
import smtplib, ssl, sys
anybody = ssl._create_unverified_context()
with smtplib.SMTP("127.0.0.1", 25, timeout=60) as client:
    client.starttls(context=anybody)
    client.login("ana@acme.example", sys.argv[2])
    for size in (100, 300_000):
        text = "line of a text\\r\\n" * (size // 16)
        header = f"From: ana@acme.example\\r\\nTo: nina@client.example\\r\\nMessage-ID: <{size}@acme.example>\\r\\n"
        client.sendmail("ana@acme.example", [sys.argv[1]], f"{header}\\r\\n{text}")
"""
pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can boot a systemd"),
    pytest.mark.skipif(not Path("/lib/systemd/systemd").exists(), reason="systemd is not installed"),
]


class Machine:
    """What a systemd runs on, as far as a shell on it can tell."""

    def __init__(self) -> None:
        packages = site.getsitepackages()[0]
        self._outer = subprocess.Popen([BOOT, ROOT, sys.base_prefix, packages], stdout=subprocess.DEVNULL)

    def run(self, script: str, *arguments: str) -> tuple[int, str]:
        """Exit code and output of a shell's script there."""
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text(encoding="ascii")
        enter = ["nsenter", "-t", children.split()[0], "-m", "-p", "-n", "-u", "-i", "-C"]
        clean = ["env", "-i", "-C", str(ROOT), "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        done = subprocess.run(
            [*enter, *clean, "sh", "-c", script, "sh", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout

    def good(self, script: str, *arguments: str) -> str:
        """The output of a script that must end well."""
        exit_code, said = self.run(script, *arguments)
        assert exit_code == 0, f"{script}\n{said}\n{self.run('cat /var/lib/out.log')[1]}"
        return said.strip()

    def wait_for(self, script: str, wanted: str) -> None:
        """Until it prints that."""
        end = time.monotonic() + 90
        while (said := self.run(script)[1].strip()) != wanted:
            assert self._outer.poll() is None, "it is gone"
            assert time.monotonic() < end, f"{script}: {said}"
            time.sleep(0.2)

    def booted(self) -> bool:
        end = time.monotonic() + 90
        while time.monotonic() < end and self._outer.poll() is None:
            try:
                if self.run("systemctl is-active basic.target")[1].strip() == "active":
                    return True
            except IndexError:  # no child yet
                pass
            time.sleep(0.2)
        return False

    def end(self) -> None:
        self._outer.kill()  # and process 1 with it
        self._outer.wait()
        for hierarchy in ("systemd", "unified", "."):
            top = Path("/sys/fs/cgroup") / hierarchy / "bcc-gateway-test"
            for group in sorted((path for path in (top, *top.rglob("*")) if path.is_dir()), reverse=True):
                _removed(group)


def _removed(group: Path) -> None:
    """A control group goes when the last of its processes has gone."""
    for _ in range(100):
        try:
            group.rmdir()
        except OSError:
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """With everything installed as docs/install.md says."""
    made = Machine()
    try:
        if not made.booted():
            pytest.skip("no systemd can be booted in namespaces here")
        page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
        commands = re.findall(r"(?m)^    (.*)$", page[page.index("    useradd ") : page.index("    journalctl ")])
        assert len(commands) > 8
        for command in commands:
            if command.startswith("bcc-gateway init"):
                made.good(f"cd /run && {CERTIFICATE}")
                made.good(f"{command} {FLAGS}")
                continue
            if command.startswith("systemctl daemon-reload"):
                drop_in(made, "here", HERE)
                drop_in(made, "here", HERE, unit="bcc-gateway-backup")
            made.good(command)
        yield made
    finally:
        made.end()


def drop_in(machine: Machine, name: str, text: str, unit: str = "bcc-gateway") -> None:
    folder = f"/etc/systemd/system/{unit}.service.d"
    machine.good(f'mkdir -p {folder}; printf %s "$1" > {folder}/{name}.conf; systemctl daemon-reload', text)


def shown(machine: Machine, name: str, unit: str = "bcc-gateway") -> str:
    return machine.good(f"systemctl show -P {name} {unit}")


CLI = "GATEWAY_CONFIG=/etc/bcc-gateway/gateway.toml bcc-gateway"


def test_it_serves_within_its_walls_signs_in_and_reads_large_mail(machine: Machine) -> None:
    """Argon2, TLS, SQLite and the parser process under every restriction of the unit."""
    assert shown(machine, "ActiveState") == "active"
    assert shown(machine, "StatusText").startswith("Serving SMTP on 0.0.0.0:25")
    address = machine.good(f"{CLI} address list --json | tr '\"' '\\n' | grep @bcc.")
    password = machine.good(f"{CLI} user password ana@acme.example --generate 2>/dev/null")
    machine.good('/opt/bcc-gateway/bin/python3 -c "$1" "$2" "$3"', SEND, address, password)
    decided = machine.good(f"{CLI} tail --json")
    assert decided.count('"reason": "explicit.bcc"') == 2, decided
    log = machine.good("cat /var/lib/out.log")
    assert '"level":"error"' not in log
    assert "internal" not in log


def test_what_root_does_beside_it_leaves_every_file_the_services(machine: Machine) -> None:
    machine.good(f"{CLI} user add bob@acme.example Bob")
    assert machine.good("find /var/lib/bcc-gateway ! -user bcc-gateway -o -perm /077") == ""


def test_a_reload_is_heard_and_the_process_stays(machine: Machine) -> None:
    before = shown(machine, "MainPID")
    machine.good("systemctl reload bcc-gateway")
    machine.wait_for("systemctl show -P ActiveState bcc-gateway", "active")
    assert shown(machine, "MainPID") == before


def test_backups_are_made_within_their_walls(machine: Machine) -> None:
    machine.good("cp deploy/systemd/bcc-gateway-backup.[st]*[er] /etc/systemd/system/ && systemctl daemon-reload")
    machine.good("install -d -m 0700 -o bcc-gateway -g bcc-gateway /var/backups/gateway")
    machine.good("systemctl start bcc-gateway-backup")
    assert machine.good("ls /var/backups/gateway")


def test_a_gateway_that_hangs_is_replaced_and_one_that_lives_is_not(machine: Machine) -> None:
    drop_in(machine, "watch", "[Service]\nWatchdogSec=2\nTimeoutAbortSec=1\nRestartSec=0\n")
    machine.good("systemctl restart bcc-gateway")
    first = shown(machine, "MainPID")
    machine.good("sleep 6")  # three times as long as it may be silent
    assert (shown(machine, "MainPID"), shown(machine, "NRestarts")) == (first, "0")
    machine.good(f"kill -STOP {first}")
    machine.wait_for("systemctl show -P NRestarts bcc-gateway", "1")
    machine.wait_for("systemctl show -P ActiveState bcc-gateway", "active")


def test_it_stops_in_peace(machine: Machine) -> None:
    machine.good("systemctl stop bcc-gateway")
    assert (shown(machine, "Result"), shown(machine, "ExecMainStatus")) == ("success", "0")
    assert machine.good("tail -n 1 /var/lib/out.log").find("server.stopped") > 0


@pytest.mark.parametrize(
    "wall", ["RestrictAddressFamilies=\nRestrictAddressFamilies=AF_UNIX", "SystemCallFilter=~fsync fdatasync"]
)
def test_walls_that_are_too_narrow_are_noticed(machine: Machine, wall: str) -> None:
    """A control: the restrictions are in force here, and the gateway says so where they are wrong."""
    drop_in(machine, "narrow", f"[Service]\nRestart=no\n{wall}\n")
    assert machine.run("systemctl start bcc-gateway")[0] != 0
    machine.good("rm /etc/systemd/system/bcc-gateway.service.d/narrow.conf; systemctl daemon-reload")
    machine.good("systemctl reset-failed bcc-gateway; systemctl start bcc-gateway; systemctl stop bcc-gateway")
