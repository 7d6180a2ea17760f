"""An SMTP client spoken by hand: any piece of the dialogue can be sent in parts, late, or never."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress


class Refused(Exception):
    """The gateway said no; the text is its reply."""


class Talk:
    """One connection."""

    def __init__(self, port: int, source: str = "127.0.0.1", timeout: float = 20) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # each piece goes out by itself
        self._received = b""

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reply(self) -> str:
        """The next one, of several lines the last. Raises OSError where the connection ends."""
        while True:
            line, end, rest = self._received.partition(b"\n")
            if end:
                self._received = rest
                if line[3:4] != b"-":
                    return line.decode().strip()
            else:
                chunk = self.socket.recv(65536)
                if not chunk:
                    raise ConnectionResetError
                self._received += chunk

    def until_end(self) -> None:
        """Reads whatever comes until the gateway has hung up. Raises TimeoutError where it doesn't."""
        with suppress(ConnectionError):
            while self.reply():
                pass

    def say(self, line: str, expected: str) -> str:
        """One command; the reply. Raises Refused where that begins otherwise."""
        self.socket.sendall(line.encode() + b"\r\n")
        return self._expect(expected)

    def _expect(self, expected: str) -> str:
        reply = self.reply()
        if not reply.startswith(expected):
            raise Refused(reply)
        return reply

    def greet(self) -> None:
        self._expect("220")
        self.say("EHLO mail.us.example", "250")

    def open(self, mail_from: str, recipients: Sequence[str]) -> None:
        """A transaction, up to the invitation to send the message."""
        self.say(f"MAIL FROM:<{mail_from}>", "250")
        for recipient in recipients:
            self.say(f"RCPT TO:<{recipient}>", "250")
        self.say("DATA", "354")

    def send(self, data: bytes, chance: random.Random, pieces: int = 6) -> None:
        """Bytes in segments of any size."""
        cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(pieces)))
        for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
            self.socket.sendall(data[start:end])

    def close(self, *, reset: bool = False) -> None:
        """Hangs up; with `reset` the system forgets at once what was on its way."""
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def wire(raw: bytes) -> bytes:
    """A message as it goes over the line, with its end marker. It ends in CRLF."""
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n"
