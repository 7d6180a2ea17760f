"""Where the original mail goes: every mailbox there is outside the mail server, on loopback."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


@dataclass(frozen=True)
class Mail:
    mail_from: str
    recipients: tuple[str, ...]
    text: str


@dataclass
class Mailboxes:
    """Takes all mail, and each RCPT in `answers` gets that answer instead."""

    got: list[Mail] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def start(self, port: int) -> None:
        self._controller = Controller(self, "127.0.0.1", port)
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        text = envelope.content.decode("utf-8", "replace")
        with self._changed:
            self.got.append(Mail(envelope.mail_from.strip("<>"), tuple(envelope.rcpt_tos), text))
            self._changed.notify_all()
        return "250 2.0.0 OK"

    def of(self, subject: str) -> list[Mail]:
        """The mails with this subject, without those that tell of them."""
        return [mail for mail in self.got if f"\nSubject: {subject}\r\n" in mail.text.partition("\r\n\r\n")[0]]

    def wait(self, subject: str, recipients: int) -> list[Mail]:
        """Those mails, once so many recipients have it."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._delivered(subject) >= recipients, 30), self.got
        return self.of(subject)

    def told(self) -> list[Mail]:
        """What servers wrote by themselves: bounces, warnings, and whatever else has no sender."""
        return [mail for mail in self.got if mail.mail_from == ""]

    def _delivered(self, subject: str) -> int:
        return sum(len(mail.recipients) for mail in self.of(subject))
