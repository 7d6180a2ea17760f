"""`bcc-gateway healthcheck`: whether a gateway lives, for containers. It loads little, since it is run all the time."""

from __future__ import annotations

import http.client
import json
import os
import time
from pathlib import Path
from typing import NoReturn

import click

TIMEOUT, PAUSE = 5.0, 0.2
"""Seconds for an answer, and between two questions."""
REACHED = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 — where it is asked if it listens on all addresses


@click.command()
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file; default $GATEWAY_CONFIG.")
@click.option("--ready", is_flag=True, help="Ask whether it can take mail (/readyz), not only whether it lives.")
@click.option("--wait", type=click.FloatRange(0), default=0.0, metavar="SECONDS", help="Ask again until it is so.")
def healthcheck(config_file: Path | None, *, ready: bool, wait: float) -> None:
    """Ask the gateway of this configuration, on this machine, whether it lives. Exit code 0: yes; 1: no."""
    where, end = _where(config_file), time.monotonic() + wait
    while True:
        sentence, exit_code = _asked(*where, "/readyz" if ready else "/healthz")
        if exit_code == 0 or time.monotonic() >= end:
            _say(sentence, exit_code)
        time.sleep(PAUSE)


def _asked(listen: str, host: str, port: int, path: str) -> tuple[str, int]:
    """What is to be said, and the exit code."""
    try:
        status, body = get(REACHED.get(host, host), port, path)
    except TimeoutError:
        return f"no answer from {listen} within {TIMEOUT:g} seconds: the gateway hangs", 1
    except (OSError, http.client.HTTPException) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        return f"no answer from {listen}: {why}; does the gateway run?", 1
    if status == 429:
        return f"{listen} answered {path} with 429: others ask too often, or hold their connections", 1
    told = told_by(body)
    if not told:
        return f"{listen} answered {path} with {status}, and not as a gateway does: who listens there?", 1
    return told, 0 if status == 200 else 1


def _where(config_file: Path | None) -> tuple[str, str, int]:
    from config.load import ConfigurationError, load  # noqa: PLC0415  # pydantic is slow to import
    from config.values import host_and_port  # noqa: PLC0415  # the same

    try:
        listen = load(os.environ, config_file).health.listen
    except ConfigurationError as error:
        for fault in error.faults:
            click.echo(str(fault).encode("ascii", "backslashreplace").decode(), err=True)
        raise SystemExit(78) from None
    if not listen:
        _say("health.listen is empty, so nobody can be asked; give it an address such as 127.0.0.1:9125", 1)
    return (listen, *host_and_port(listen))


def get(host: str, port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(64 * 1024)
    finally:
        connection.close()


def told_by(body: bytes) -> str:
    """What a gateway said, in one line: its state, and what failed. "" where no gateway did."""
    try:
        told = json.loads(body)
        checks = told.get("checks", {}).values()
        failed = [check["sentence"] for check in checks if check["status"] == "failed"]
        said = " ".join([f"{told['status']}.", *failed])
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return ""
    return said if said.isprintable() else ""


def _say(sentence: str, exit_code: int) -> NoReturn:
    click.echo(f"bcc-gateway: {sentence}", err=exit_code != 0)
    raise SystemExit(exit_code)
