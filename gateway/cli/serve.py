"""`bcc-gateway serve`: the gateway itself, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from gateway import app
from gateway.cli import common
from gateway.operator_log import OperatorLog, configuration_loaded


@click.command()
@common.config_option
@click.option("--listen", multiple=True, metavar="HOST:PORT", help="Serve SMTP here instead; may be repeated.")
def serve(config_file: Path | None, listen: tuple[str, ...]) -> None:
    """Serve SMTP until SIGTERM or Ctrl-C. The database must exist: `bcc-gateway db migrate` makes it."""
    settings = common.load_settings(config_file, {"smtp.listen": list(listen)} if listen else None)
    log = OperatorLog(settings.log.level, settings.log.format)
    try:
        configuration_loaded(str(config_file or os.environ.get("GATEWAY_CONFIG", "")))
        asyncio.run(app.serve(settings))
    except app.FaultError as fault:
        common.fail(str(fault), fault.exit_code)
    finally:
        log.close()
