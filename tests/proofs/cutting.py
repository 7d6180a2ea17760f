"""A TCP proxy between one client and a gateway that ends the connection around the answer to a message."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass

CUTS = ("before the dot", "after the dot", "reply kept", "half a reply")
_END = b"\r\n.\r\n"


@dataclass(frozen=True)
class Way:
    """How the next connection goes."""

    port: int
    """The gateway's."""
    source: str
    """From this address."""
    cut: str = ""
    """One of CUTS; "" lets everything through."""


class CuttingProxy:
    """Serves one connection at a time, on a port of its own."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.way = Way(0, "")
        self.answered = 0
        """The gateway's 250s to messages, passed on or not."""
        self.whole = 0
        """Messages that went to the gateway up to their last dot."""
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # whoever waits in accept is told
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            way = self.way
            with client, suppress(OSError):
                server = socket.create_connection(("127.0.0.1", way.port), 20, (way.source, 0))
                with server:
                    self._relay(client, server, way.cut)

    def _relay(self, client: socket.socket, server: socket.socket, cut: str) -> None:
        message: bytes | None = None  # what came of it so far
        passed = 0
        while True:
            ready, _, _ = select.select([client, server], [], [], 60)
            for peer in ready:
                chunk = peer.recv(65536)
                if not chunk:
                    return
                if peer is server:
                    answer = message is not None and message.endswith(_END)
                    self.answered += answer and chunk.startswith(b"250")
                    if answer and cut:
                        client.sendall(chunk[: len(chunk) // 2] if cut == "half a reply" else b"")
                        return
                    message, passed = (b"" if chunk.startswith(b"354") else None), 0
                    client.sendall(chunk)
                elif message is None:
                    server.sendall(chunk)
                else:
                    message += chunk
                    until = len(message) - (len(_END) if cut == "before the dot" else 0)
                    server.sendall(message[passed:until])
                    passed = max(passed, until)
                    if message.endswith(_END):
                        if cut == "before the dot":
                            return
                        self.whole += 1
                        if cut == "after the dot":
                            return
