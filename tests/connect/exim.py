"""Debian's Exim on a private machine: a company's mail server as it was, and then with the recipe."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterable

from tests.connect.private_machine import PEERS, PrivateMachine
from tests.connect.recipe import Block
from tests.connect.waiting import until

_PROGRAM = PEERS / "usr/sbin/exim4"
_BEFORE = {
    "main": """\
exim_path = {program}
primary_hostname = mail.us.example
qualify_domain = us.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
acl_smtp_rcpt = accept
acl_smtp_data = accept
log_selector = +smtp_confirmation
process_log_path =
keep_environment =
timezone = UTC
delay_warning = 1s
""",
    "router": """\
mailboxes:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = mailboxes
""",
    "transport": """\
mailboxes:
  driver = smtp
  port = {mailboxes}
""",
    "retry": "* * F,4d,1s\n",
    "auth": "",
}
"""Mail to everybody goes on to the port of the mailboxes. Whom nothing stops is warned of delays very soon."""
_BEGIN = {"router": "routers", "transport": "transports", "retry": "retry", "auth": "authenticators"}


class Exim:
    """Started, it listens on `port`."""

    page = "exim.md"
    needs = (_PROGRAM,)
    users = ("Debian-exim",)
    telling = ("<= <> ",)
    """What is in the log when it writes to somebody."""

    def __init__(self, machine: PrivateMachine, port: int, mailboxes: int, recipe: Iterable[Block]) -> None:
        self._machine, self.port = machine, port
        added: dict[str, str] = {}
        for block in recipe:
            section = block.path.split("/")[4]
            added[section] = added.get(section, "") + block.text
        assert set(added) <= set(_BEFORE), added
        for section, text in _BEFORE.items():
            if section in _BEGIN:
                machine.write("/etc/exim4/exim4.conf", f"begin {_BEGIN[section]}\n")
            values = {"program": _PROGRAM, "port": port, "mailboxes": mailboxes}
            machine.write("/etc/exim4/exim4.conf", added.get(section, "") + text.format(**values))
        for folder in ("/var/spool/exim4", "/var/log/exim4", "/run/exim4"):
            machine.path(folder).mkdir()
            os.chown(machine.path(folder), 60_100, 60_100)

    @staticmethod
    def examples(gateway: int) -> dict[str, str]:
        """What the page has instead of the gateway's port."""
        return {"port = 25": f"port = {gateway}"}

    @staticmethod
    def secure_examples(gateway: int, plain: dict[str, str]) -> dict[str, str]:
        """The same of its section about TLS, in addition to the `plain` ones."""
        return {}

    def start(self) -> None:
        self._process: subprocess.Popen[bytes] = self._machine.start(str(_PROGRAM), "-bdf", "-q1h")
        until(lambda: "listening for SMTP" in self.log(), self.log)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)

    def log(self) -> str:
        return self._machine.read("/var/log/exim4/mainlog") + self._machine.read("/var/log/said")

    def queue(self) -> str:
        """What waits, as an admin sees it; "" if nothing does."""
        return self._machine.run(str(_PROGRAM), "-bp")

    def run_queue(self) -> None:
        """All that waits is tried now."""
        self._machine.run(str(_PROGRAM), "-qff")

    def give_up(self) -> None:
        """What waits has now waited for as long as it may."""
        file = self._machine.path("/etc/exim4/exim4.conf")
        text = file.read_text(encoding="utf-8")
        short = re.sub(r"^(relay\.log\.example +\*).*", r"\1 F,1s,1s", text, flags=re.MULTILINE)
        assert short != text
        file.write_text(short, encoding="utf-8")
