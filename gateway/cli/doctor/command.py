"""`bcc-gateway doctor`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import click

from gateway.cli import common
from gateway.cli.doctor import certificate, database, machine, names, smtp, web
from gateway.cli.doctor.found import Found, Status, ok, within


@click.command()
@common.config_option
@click.option(
    "--send", is_flag=True, help="Also send a test message through the running gateway; it is taken out again."
)
@common.as_json_option
def doctor(config_file: Path | None, *, send: bool, as_json: bool) -> None:
    """Check this installation, and say what to do about whatever isn't well. Exit 1 if a check fails."""
    settings = common.load_settings(config_file)
    checks: dict[str, Callable[[], Iterator[Found]]] = {
        "user": partial(machine.user, settings),
        "key_file": partial(machine.key_file, settings),
        "disk": partial(machine.disk, settings),
        "open_files": partial(machine.open_files, settings),
        "clock": machine.clock,
        "database": partial(database.database, settings),
        "certificate": partial(certificate.certificate, settings),
        "listener": partial(smtp.listeners, settings),
        "health": partial(web.health, settings),
        "console": partial(web.console, settings),
        "dns": partial(names.names, settings),
    }
    if send:
        checks["message"] = partial(smtp.message, settings)
    _show([ok("configuration", "It is sound.")], as_json=as_json)
    failed = hung = False
    for check, work in checks.items():
        found, hangs = within(check, work)
        _show(found, as_json=as_json)
        failed |= any(one.status is Status.FAIL for one in found)
        hung |= hangs
    sys.stdout.flush()
    if hung:
        os._exit(1)  # a thread that hangs would hold up the end
    sys.exit(failed)


def _show(found: list[Found], *, as_json: bool) -> None:
    for one in found:
        if as_json:
            common.print_json({"check": one.check, "status": one.status.value, "sentence": one.sentence})
        else:
            common.say(f"{one.status.value:<5} {one.check:<13} {one.sentence}")
