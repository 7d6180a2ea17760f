"""Debian's Postfix on a private machine: a company's mail server as it was, and then with the recipe."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from tests.connect.private_machine import PrivateMachine
from tests.connect.recipe import Block
from tests.peers.postfix import MASTER

_MORE = "showq unix n - n - - showq\ntlsmgr unix - - n 1000? 1 tlsmgr\n"
_BEFORE = """\
compatibility_level = 3.6
maillog_file = /var/log/postfix.log
myhostname = mail.us.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_host_lookup = native
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [127.0.0.1]:{mailboxes}
delay_warning_time = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
bounce_queue_lifetime = 0
"""
"""Mail to everybody goes on to the port of the mailboxes. Whom nothing stops is warned of delays very soon."""


class Postfix:
    """Started, it listens on `port`."""

    page = "postfix.md"
    needs = (Path("/usr/lib/postfix/sbin/master"),)
    users = ()
    telling = ("non-delivery notification", "delay notification", "postmaster notification")
    """What is in the log when it writes to somebody."""

    def __init__(self, machine: PrivateMachine, port: int, mailboxes: int, recipe: Iterable[Block]) -> None:
        self._machine, self.port = machine, port
        machine.write("/etc/postfix/main.cf", _BEFORE.format(mailboxes=mailboxes))
        for name in ("postfix-files", "postfix-script", "post-install"):
            shutil.copy(f"/etc/postfix/{name}", machine.path("/etc/postfix"))
        machine.write("/etc/postfix/master.cf", MASTER.format(port=port) + _MORE)
        for block in recipe:
            machine.write(block.path, block.text)
        for folder, owner in (("/var/spool/postfix", "root"), ("/var/lib/postfix", "postfix")):
            machine.path(folder).mkdir()
            shutil.chown(machine.path(folder), owner)

    @staticmethod
    def examples(gateway: int) -> dict[str, str]:
        """What the page has instead of the gateway's port."""
        return {":25": f":{gateway}"}

    @staticmethod
    def secure_examples(gateway: int, plain: dict[str, str]) -> dict[str, str]:
        """The same of its section about TLS, in addition to the `plain` ones."""
        return {":587": f":{gateway}"}

    def start(self) -> None:
        self._postfix("start")

    def stop(self) -> None:
        self._postfix("stop")

    def log(self) -> str:
        return self._machine.read("/var/log/postfix.log")

    def queue(self) -> str:
        """What waits, as an admin sees it; "" if nothing does."""
        return self._machine.run("/usr/bin/mailq").replace("Mail queue is empty\n", "")

    def run_queue(self) -> None:
        """All that waits is tried now."""
        self._postfix("flush")

    def give_up(self) -> None:
        """What waits has now waited for as long as it may."""
        self._machine.run("/usr/sbin/postconf", "maximal_queue_lifetime=1s")
        self._postfix("reload")

    def _postfix(self, verb: str) -> None:
        self._machine.run("/usr/sbin/postfix", verb)
