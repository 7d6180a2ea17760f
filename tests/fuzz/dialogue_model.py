"""What the server has to say to a stream of bytes, told as plainly as possible: no packets, no time, no transport.

It knows the order of commands, the limits of one session, and where a message ends. The grammar of paths and the texts
of replies are the product's own: their tests are elsewhere. TLS, AUTH and PROXY are not configured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.smtp import paths, replies
from gateway.smtp.limits import OPERATOR_MESSAGE_SIZE, SmtpLimits
from gateway.smtp.replies import Reply

END = b"\r\n.\r\n"


@dataclass
class Transaction:
    utf8: bool
    size: int
    recipients: list[str] = field(default_factory=list)

    @property
    def for_operator(self) -> bool:
        return any(_is_operators(address) for address in self.recipients)


def _is_operators(address: str) -> bool:
    return address in ("postmaster", "postmaster@bcc.example")


class Model:
    """One session of a stranger whose recipients are those that `FakeJourney` knows. `messages` are those accepted."""

    def __init__(self, limits: SmtpLimits) -> None:
        self.limits = limits
        self.said = replies.greeting("mx.example").wire
        self.messages: list[bytes] = []
        self.greeted = self.extended = self.ended = False
        self.transaction: Transaction | None = None
        self.commands = self.errors = self.unknown = self.guesses = self.done = 0
        self.rest = b""

    @property
    def size_limit(self) -> int:
        operator = self.transaction is not None and self.transaction.for_operator
        return OPERATOR_MESSAGE_SIZE if operator else self.limits.message_size

    def hear(self, stream: bytes) -> None:
        """All that the client sends until it half-closes."""
        self.rest = stream
        while not self.ended and b"\n" in self.rest:
            line, _, self.rest = self.rest.partition(b"\n")
            self._line(line + b"\n")

    def _say(self, reply: Reply) -> None:
        self.errors += reply.code in replies.PROTOCOL_ERRORS
        if self.errors > self.limits.errors:
            reply = replies.TOO_MUCH
        self.said += reply.wire
        self.ended = reply in replies.LAST_WORDS

    def _line(self, line: bytes) -> None:
        self.commands += 1
        if self.commands > self.limits.commands_base + self.limits.commands_per_message * self.done:
            self._say(replies.TOO_MUCH)
        elif len(line) > self.limits.command_line:
            self._say(replies.SYNTAX)
        else:
            verb, _, argument = line[:-1].removesuffix(b"\r").partition(b" ")
            command = self.COMMANDS.get(verb.upper(), Model._unknown)
            reply = command(self, argument.strip(b" ").decode("utf-8", "surrogateescape"))
            if reply is not None:
                self._say(reply)

    def _unknown(self, _: str) -> Reply:
        self.unknown += 1
        return replies.TOO_MUCH if self.unknown > self.limits.unknown_commands else replies.SYNTAX

    def _ehlo(self, argument: str) -> Reply:
        if not self._hello(argument, extended=True):
            return replies.ARGUMENT
        size = f"SIZE {self.size_limit}"
        return replies.hello("mx.example", size, "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES", "HELP")

    def _helo(self, argument: str) -> Reply:
        return replies.hello("mx.example") if self._hello(argument, extended=False) else replies.ARGUMENT

    def _hello(self, argument: str, *, extended: bool) -> bool:
        if not 1 <= len(argument) <= 255:
            return False
        self.greeted, self.extended, self.transaction = True, extended, None
        return True

    def _mail(self, argument: str) -> Reply:
        if not self.greeted or self.transaction:
            return replies.SEQUENCE
        mail = paths.mail(argument, extended=self.extended)
        if isinstance(mail, Reply):
            return mail
        if self.done >= self.limits.messages:
            return replies.TOO_MUCH
        if mail.size > self.limits.message_size:
            return replies.TOO_LARGE
        self.transaction = Transaction(mail.utf8, mail.size)
        return replies.SENDER_OK

    def _rcpt(self, argument: str) -> Reply:
        if not self.transaction:
            return replies.SEQUENCE
        address = paths.rcpt(argument, extended=self.extended, utf8=self.transaction.utf8)
        if isinstance(address, Reply):
            return address
        if len(self.transaction.recipients) >= self.limits.recipients:
            return replies.TOO_MANY_RECIPIENTS
        return self._why_not(address) or self._add(address, self.transaction)

    def _why_not(self, address: str) -> Reply | None:
        local, _, domain = address.rpartition("@")
        if _is_operators(address) or (local.startswith("key") and domain in ("bcc.example", "relay.example")):
            return None
        if local == "broken":
            return replies.TEMPORARY
        if domain not in ("bcc.example", "relay.example"):
            return replies.RELAYING_DENIED
        self.guesses += 1
        return replies.TOO_MUCH if self.guesses > self.limits.unknown_recipients else replies.UNKNOWN_RECIPIENT

    def _add(self, address: str, transaction: Transaction) -> Reply:
        if address in transaction.recipients:
            return replies.RECIPIENT_OK
        if transaction.recipients and transaction.for_operator != _is_operators(address):
            return replies.TOO_MANY_RECIPIENTS
        if _is_operators(address) and transaction.size > OPERATOR_MESSAGE_SIZE:
            return replies.TOO_LARGE
        transaction.recipients.append(address)
        return replies.RECIPIENT_OK

    def _data(self, argument: str) -> Reply | None:
        if not self.transaction or not self.transaction.recipients:
            return replies.SEQUENCE
        if argument:
            return replies.ARGUMENT
        self.said += replies.SEND_DATA.wire
        most, (stuffed, end, after) = self.size_limit, (b"\r\n" + self.rest).partition(END)
        received = len(stuffed) + len(end) - len(b"\r\n")
        if received > max(self.limits.read_at_most * most, most + most // 3 + len(END)):
            self.said += replies.TOO_LARGE.wire
            self.ended = True
            return None
        if not end:
            self.ended = True
            return None
        self.rest, self.transaction, self.done = after, None, self.done + 1
        content = (stuffed + b"\r\n").replace(b"\r\n.", b"\r\n")[2:]
        if len(content) > most:
            return replies.TOO_LARGE
        self.messages.append(content)
        return replies.accepted("trace")

    def _rset(self, argument: str) -> Reply:
        if argument:
            return replies.ARGUMENT
        self.transaction = None
        return replies.OK

    COMMANDS: dict[bytes, Callable[[Model, str], Reply | None]] = {  # noqa: RUF012 - a table of this class's methods
        b"EHLO": _ehlo,
        b"HELO": _helo,
        b"MAIL": _mail,
        b"RCPT": _rcpt,
        b"DATA": _data,
        b"RSET": _rset,
        b"NOOP": lambda _, __: replies.OK,
        b"HELP": lambda _, __: replies.HELP,
        b"VRFY": lambda _, argument: replies.CANNOT_VERIFY if argument else replies.ARGUMENT,
        b"EXPN": lambda _, __: replies.NOT_IMPLEMENTED,
        b"AUTH": lambda _, __: replies.NOT_IMPLEMENTED,
        b"STARTTLS": lambda _, argument: replies.ARGUMENT if argument else replies.NO_TLS,
        b"QUIT": lambda _, argument: replies.ARGUMENT if argument else replies.BYE,
    }
