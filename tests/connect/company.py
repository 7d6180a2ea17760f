"""A company whose mail server copies its mail to the gateway by the recipe of docs/connect."""

from __future__ import annotations

import os
import smtplib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.connect.exim import Exim
from tests.connect.mailboxes import Mailboxes
from tests.connect.opensmtpd import OpenSmtpd
from tests.connect.postfix import Postfix
from tests.connect.private_machine import PrivateMachine, can_run
from tests.connect.recipe import Block, blocks
from tests.connect.waiting import until
from tests.connect.way_to_gateway import WayToGateway
from tests.peers.secure_gateway import Secure
from tests.running_gateway import Gateway, free_port

PASSWORD = "not-a-real-password"  # noqa: S105 - a fake
SERVERS: tuple[type[Postfix | Exim | OpenSmtpd], ...] = (Postfix, Exim, OpenSmtpd)
MAIL = """\
From: {author}
To: {to}
Subject: {subject}
Message-ID: <{subject}@mail.example>
Date: Mon, 02 Mar 2026 09:12:04 +0000

Here it is.
.
"""


@dataclass
class Company:
    """Its mail server, the way from it to the gateway, and all the mailboxes that it delivers to."""

    server: Postfix | Exim | OpenSmtpd
    way: WayToGateway
    mailboxes: Mailboxes

    def send(self, subject: str, author: str, *recipients: str, to: str = "", size: int = 0) -> None:
        """One mail, which every recipient then has; `to` is for a header that doesn't show them."""
        self.submit(subject, author, *recipients, to=to, size=size)
        got = self.mailboxes.wait(subject, len(recipients))
        assert sorted(r for mail in got for r in mail.recipients) == sorted(recipients)
        assert all(mail.mail_from == author for mail in got)

    def submit(self, subject: str, author: str, *recipients: str, to: str = "", size: int = 0) -> None:
        """The same, without waiting for what becomes of it."""
        mail = MAIL.format(author=author, to=to or ", ".join(recipients), subject=subject)
        mail += f"{'x' * 70}\n" * (size // 71)
        with smtplib.SMTP("127.0.0.1", self.server.port) as client:
            client.sendmail(author, recipients, mail)

    def wait_for(self, word: str) -> None:
        """Until the server's log has it."""
        self.run_queue_until(lambda: word in self.server.log())

    def run_queue_until(self, happened: Callable[[], bool]) -> None:
        """All that waits is tried again, as often as it takes: some servers first wait for themselves."""

        def tried() -> bool:
            if not happened():
                self.server.run_queue()
            return happened()

        until(tried, self.server.log)

    def told(self) -> list[str]:
        """What the server wrote to anybody by itself, or is about to."""
        begun = [line for line in self.server.log().splitlines() if any(word in line for word in self.server.telling)]
        return begun + [mail.text for mail in self.mailboxes.told()]


def no_change(found: list[Block]) -> list[Block]:
    return found


@contextmanager
def company(
    server: type[Postfix | Exim | OpenSmtpd],
    gateway: Gateway,
    change: Callable[[list[Block]], list[Block]] = no_change,
    secure: Secure | None = None,
) -> Iterator[Company]:
    """With the recipe, or with what `change` makes of it; with that of TLS and a login if the gateway is `secure`."""
    if not can_run(*server.needs) and "CI" not in os.environ:
        pytest.skip(f"{server.page} needs root, mount namespaces and what tests/machine.sh installs")
    way, mailboxes, port = (
        WayToGateway(secure.starttls if secure else gateway.port, free_port()),
        Mailboxes(),
        free_port(),
    )
    key = gateway.addresses["relay"].partition("@")[0]
    examples = {"KEY": key} | server.examples(way.port)
    found = change(blocks(server.page, "The copies", examples))
    if secure:
        found += blocks(
            server.page, "With TLS and a login", server.secure_examples(way.port, examples) | {"PASSWORD": PASSWORD}
        )
    with tempfile.TemporaryDirectory(prefix="mail-server-") as folder:
        machine = PrivateMachine(Path(folder), *server.users)
        if secure:
            certificate = secure.gateway.folder / "cert.pem"
            machine.write("/etc/ssl/certs/ca-certificates.crt", certificate.read_text(encoding="ascii"))
        started = server(machine, free_port(), port, found)
        mailboxes.start(port)
        way.open()
        try:
            started.start()
            yield Company(started, way, mailboxes)
        finally:
            started.stop()
            way.close()
            mailboxes.stop()
