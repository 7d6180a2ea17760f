"""Debian's OpenSMTPD on a private machine: a company's mail server as it was, and then with the recipe."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.connect.private_machine import PEERS, PrivateMachine
from tests.connect.recipe import Block
from tests.connect.waiting import until
from tests.running_gateway import free_port

_PROGRAM = PEERS / "usr/sbin/smtpd"
_BEFORE = """\
{recipe}
listen on 127.0.0.1 port {port} hostname mail.us.example{filtered}
bounce warn-interval 1s
action "mailboxes" relay host smtp+notls://127.0.0.1:{mailboxes}
match from any for any action "mailboxes"
"""


class OpenSmtpd:
    """Started, it listens on `port`."""

    page = "opensmtpd.md"
    needs = (_PROGRAM, Path("/usr/bin/perl"))
    users = ("opensmtpd", "opensmtpq")
    telling = ("from=<> ",)
    """What is in the log when it writes to somebody."""

    def __init__(self, machine: PrivateMachine, port: int, mailboxes: int, recipe: Iterable[Block]) -> None:
        self._machine, self.port = machine, port
        for folder, mode in (("/var/lib/opensmtpd/empty", 0o755), ("/var/spool/smtpd", 0o711)):
            machine.path(folder).mkdir(mode=mode, parents=True)
        self._control = shutil.copy(PEERS / "usr/sbin/smtpctl", machine.path("/var/lib/smtpctl"))
        shutil.chown(self._control, "root", 60_101)
        self._control.chmod(0o2755)
        settings = ""
        for block in recipe:
            if block.path == "/etc/smtpd.conf":
                settings = block.text
            else:
                file = machine.write(block.path, block.text)
                file.chmod(0o755 if block.text.startswith("#!") else 0o644)
        values = {"port": port, "mailboxes": mailboxes, "recipe": settings}
        filtered = ' filter "gateway-copy"' if settings else ""
        machine.write("/etc/smtpd.conf", _BEFORE.format(filtered=filtered, **values))

    @staticmethod
    def examples(gateway: int) -> dict[str, str]:
        """What the page has instead of the gateway's port and of a free one."""
        return {":25": f":{gateway}", "10026": str(free_port())}

    @staticmethod
    def secure_examples(gateway: int, plain: dict[str, str]) -> dict[str, str]:
        """The same of its section about TLS, in addition to the `plain` ones."""
        return {":587": f":{gateway}", "10026": plain["10026"]}

    def start(self) -> None:
        self._process: subprocess.Popen[bytes] = self._machine.start(str(_PROGRAM), "-d")
        until(self._listens, self.log)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)

    def log(self) -> str:
        return self._machine.read("/var/log/said")

    def queue(self) -> str:
        """What waits, as an admin sees it; "" if nothing does."""
        return self._machine.run(str(self._control), "show", "queue")

    def run_queue(self) -> None:
        """All that waits is tried now."""
        for route in re.findall(r"^ *(\d+)\. ", self._machine.run(str(self._control), "show", "routes"), re.MULTILINE):
            self._machine.run(str(self._control), "resume", "route", route)
        self._machine.run(str(self._control), "schedule", "all")

    def give_up(self) -> None:
        """What waits has now waited for as long as it may."""
        until(lambda: "relay.log.example" in self.queue(), self.log)
        self.stop()
        for file in self._machine.path("/var/spool/smtpd/queue").glob("*/*/????????????????"):
            text = file.read_text(encoding="utf-8")
            file.write_text(re.sub(r"^ctime: \d+", "ctime: 1", text, flags=re.MULTILINE), encoding="utf-8")
        self.start()
