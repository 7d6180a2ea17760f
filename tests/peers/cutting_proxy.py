"""A TCP proxy between a mail server and the gateway that can cut the dialogue around the answer to DATA."""

from __future__ import annotations

import socket
import threading

_TIMEOUT = 60


class CuttingProxy:
    """Serves on a port of its own. The first `cuts` messages never get their answer through.

    `reached` is set when the whole message of a cut dialogue has gone to the gateway, `answered` when the gateway's
    answer to it has come back; the mail server sees its connection end after `release`.
    """

    def __init__(self, gateway: int, cuts: int) -> None:
        self._gateway = gateway
        self._cuts = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.reached, self.answered, self.release = threading.Event(), threading.Event(), threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.release.set()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._dialogue, args=(client,), daemon=True).start()

    def _dialogue(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._gateway), _TIMEOUT)
        except OSError:
            client.close()
            return
        cut = threading.Event()
        threading.Thread(target=self._replies, args=(server, client, cut), daemon=True).start()
        tail = b""
        while chunk := self._read(client):
            tail = (tail + chunk)[-64:]
            if b"\r\n.\r\n" in tail and self._cuts > 0:
                self._cuts -= 1
                cut.set()
                server.sendall(chunk)
                self.reached.set()
                self.release.wait(_TIMEOUT)
                break
            server.sendall(chunk)
        client.close()
        server.close()

    def _replies(self, server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
        while chunk := self._read(server):
            if cut.is_set():
                self.answered.set()
                return
            try:
                client.sendall(chunk)
            except OSError:
                return

    @staticmethod
    def _read(peer: socket.socket) -> bytes:
        try:
            return peer.recv(65536)
        except OSError:
            return b""
