"""Where the console may be served without TLS, and how many may connect: light, for whoever has no console to load."""

from __future__ import annotations

LOOPBACK = ("127.0.0.1", "::1", "localhost")
CONNECTIONS = 400
"""Of all together."""
CONNECTIONS_OF_CLIENT = 20
"""Of one IP address."""
PATIENCE = 30.0
"""Seconds within which a whole request must come."""
