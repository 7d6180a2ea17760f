"""The port on which a mail server finds the gateway: it can be closed, or somebody else can answer there."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

_TIMEOUT = 60


HOST = "127.0.0.2"
"""Loopback, but not the mailboxes' address: some servers wait between two connections to one."""


class WayToGateway:
    """Passes connections on to the gateway, while it is open, or answers by itself."""

    def __init__(self, gateway: int, port: int) -> None:
        self._gateway = gateway
        self.port = port
        self._rcpt, self._data, self._silent, self._cut = "", "", False, False
        self._listener: socket.socket | None = None
        self._clients: list[socket.socket] = []

    def open(self, *, rcpt: str = "", data: str = "", silent: bool = False, cut: bool = False) -> None:
        """From now on, this answers RCPT, or the end of the message, or nobody answers at all; else the gateway.

        With `cut`, the connection ends where the gateway says that it has accepted a message.
        """
        self.close()
        self._rcpt, self._data, self._silent, self._cut = rcpt, data, silent, cut
        self._listener = socket.create_server((HOST, self.port))
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """Connections end, and from now on they are refused."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for client in self._clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._clients.clear()

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.settimeout(_TIMEOUT)
                self._clients.append(client)
                answers = self._refuse if self._rcpt or self._data else self._pass_on
                how = _keep_silent if self._silent else answers
                threading.Thread(target=how, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._gateway), _TIMEOUT) as gateway:
            back = threading.Thread(target=_pump, args=(gateway, client), kwargs={"cut": self._cut}, daemon=True)
            back.start()
            _pump(client, gateway)
            back.join(_TIMEOUT)

    def _refuse(self, client: socket.socket) -> None:
        with suppress(OSError), client, client.makefile("rwb", 0) as lines:
            lines.write(b"220 gateway.log.example ESMTP\r\n")
            in_data = False
            for line in lines:
                verb = line[:4].upper()
                if in_data:
                    answer = self._data if line == b".\r\n" else ""
                    in_data = line != b".\r\n"
                elif verb == b"RCPT":
                    answer = self._rcpt or "250 2.1.5 OK"
                elif verb == b"DATA":
                    in_data = not self._rcpt
                    answer = "554 5.5.1 No valid recipients" if self._rcpt else "354 Go on"
                else:
                    answer = {b"EHLO": "250-gateway.log.example\r\n250 ENHANCEDSTATUSCODES", b"QUIT": "221 Bye"}.get(
                        verb, "250 2.0.0 OK"
                    )
                if answer:
                    lines.write(answer.encode() + b"\r\n")


def _keep_silent(client: socket.socket) -> None:
    with suppress(OSError), client:
        while client.recv(65536):
            pass


def _pump(source: socket.socket, target: socket.socket, *, cut: bool = False) -> None:
    """One direction, to its end: Exim ends its own as soon as it has said all, and still waits for the answer."""
    with suppress(OSError):
        while chunk := source.recv(65536):
            if cut and b"Accepted" in chunk:
                target.shutdown(socket.SHUT_RDWR)
                return
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
