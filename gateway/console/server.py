"""The console on a socket that the gateway has bound."""

from __future__ import annotations

import socket

from gateway.console.application import application
from gateway.console.connections import limited
from gateway.console.embedded import Embedded
from gateway.console.limits import CONNECTIONS_OF_CLIENT, PATIENCE
from gateway.console.office import Office


class Server(Embedded):
    """Serves the console until it is stopped."""

    def __init__(self, sock: socket.socket, office: Office, patience: float = PATIENCE) -> None:
        protocol = limited(None if office.proxied else CONNECTIONS_OF_CLIENT, patience)
        super().__init__(application(office), sock, protocol)
