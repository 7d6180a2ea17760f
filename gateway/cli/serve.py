"""`bcc-gateway serve`: the gateway itself, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from config.load import load
from gateway import app, metrics
from gateway import workers as several
from gateway.cli import common
from gateway.operator_log import OperatorLog, configuration_loaded


@click.command()
@common.config_option
@click.option("--workers", type=click.IntRange(1), help="Processes that speak SMTP, instead of smtp.workers.")
@click.option("--listen", multiple=True, metavar="HOST:PORT", help="Serve SMTP here instead; may be repeated.")
def serve(config_file: Path | None, workers: int | None, listen: tuple[str, ...]) -> None:
    """Serve SMTP until SIGTERM or Ctrl-C. The database must exist: `bcc-gateway db migrate` makes it."""
    flags: dict[str, object] = {"smtp.listen": list(listen)} if listen else {}
    if workers is not None:
        flags["smtp.workers"] = workers
    settings = common.load_settings(config_file, flags)
    log = OperatorLog(settings.log.level, settings.log.format, count=metrics.logged)
    try:
        configuration_loaded(str(config_file or os.environ.get("GATEWAY_CONFIG", "")))
        serving = several.serve if settings.smtp.workers > 1 else app.serve
        asyncio.run(serving(settings, lambda: load(os.environ, config_file, flags), log))
    except app.FaultError as fault:
        common.fail(str(fault), fault.exit_code)
    finally:
        log.close()
