"""Checks of what is served over HTTP: the health listener and the console."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

from config.settings import Settings
from config.values import host_and_port
from gateway.cli.doctor.found import Found, fail, ok, warn
from gateway.cli.healthcheck import REACHED, get, told_by


def health(settings: Settings) -> Iterator[Found]:
    """What the running gateway says of itself."""
    listen = settings.health.listen
    if not listen:
        yield ok("health", "There is no health listener (health.listen), so nothing was asked.")
        return
    answer = _asked(listen, "/readyz")
    if answer is None:
        yield fail("health", f"Nobody answers probes on {listen}: does the gateway run?")
    elif not told_by(answer[1]):
        yield fail("health", f"Another program answers on {listen}: choose another health.listen.")
    elif answer[0] == 200:
        yield ok("health", f"The gateway on {listen} can take mail.")
    else:
        yield fail("health", f"The gateway on {listen} can't take mail now: {told_by(answer[1])}")


def console(settings: Settings) -> Iterator[Found]:
    """Its first page comes."""
    listen = settings.console.listen
    if not listen:
        yield ok("console", "There is no console (console.listen).")
        return
    answer = _asked(listen, "/sign-in")
    if answer is None:
        yield fail("console", f"Nobody answers on {listen}: does the gateway run?")
    elif answer[0] >= 500:
        yield warn("console", f"The console on {listen} answers with {answer[0]}: look into the gateway's log.")
    else:
        yield ok("console", f"The console answers on {listen}.")


def _asked(listen: str, path: str) -> tuple[int, bytes] | None:
    host, port = host_and_port(listen)
    try:
        return get(REACHED.get(host, host), port, path)
    except (OSError, http.client.HTTPException):
        return None
