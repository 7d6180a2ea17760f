"""`config check` and `config show`: what the gateway would run with, and where each value comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.operator_log import escape

if TYPE_CHECKING:
    from config.load import Effective

EX_CONFIG = 78

config_option = click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file to read.")


@click.group("config")
def group() -> None:
    """Check and show the configuration."""


@group.command()
@config_option
def check(config_file: Path | None) -> None:
    """Say whether the configuration is sound, with the files that it names, and everything that is wrong with it."""
    from gateway.reload import faulty_files  # noqa: PLC0415  # loads much, and only this command needs it

    found = _effective(config_file)
    faults = list(faulty_files(found.settings))
    for path, sentence in faults:
        click.echo(escape(f"{path} {sentence} ({found.origins[path]})"), err=True)
    if faults:
        raise SystemExit(EX_CONFIG)
    click.echo(escape(f"sound; read: {found.file}") if found.file else "sound; no file read")


@group.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="One object: path → value and origin.")
def show(config_file: Path | None, *, as_json: bool) -> None:
    """Print every setting in force, and where it comes from."""
    from config.settings import plain_value  # noqa: PLC0415  # pydantic is slow to import

    found = _effective(config_file)
    shown = {
        path: {"value": plain_value(found.settings, path), "origin": origin} for path, origin in found.origins.items()
    }
    if as_json:
        click.echo(json.dumps(shown))
        return
    for path, setting in shown.items():
        click.echo(escape(f"{path} = {json.dumps(setting['value'])}  # {setting['origin']}"))


def _effective(config_file: Path | None) -> Effective:
    from config.load import ConfigurationError, effective  # noqa: PLC0415  # pydantic is slow to import

    try:
        return effective(os.environ, config_file)
    except ConfigurationError as error:
        for fault in error.faults:
            click.echo(escape(str(fault)), err=True)
        raise SystemExit(EX_CONFIG) from None
