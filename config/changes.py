"""Which settings may change while the gateway runs; all others hold until it is started again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.load import VARIABLES
from config.settings import Settings, plain_value, value_at

WHILE_RUNNING = (
    "smtp.certificate",
    "smtp.private_key",
    "smtp.client_ca",
    "smtp.sources_need_tls",
    "smtp.limits",
    "smtp.drain_delay",
    "reading",
    "dns",
    "dkim",
    "log",
)
"""Settings and whole sections."""


def while_running(path: str) -> bool:
    """Does a change of this setting hold without a restart?"""
    return any(path == each or path.startswith(f"{each}.") for each in WHILE_RUNNING)


def differing(running: Settings, found: Settings) -> list[str]:
    """The paths of settings that are not the same."""
    return [path for path in VARIABLES.values() if value_at(running, path) != value_at(found, path)]


def values(settings: Settings, paths: list[str]) -> dict[str, object]:
    """Some settings by path, each as JSON has it. Not for secrets, which come out masked."""
    return {path: plain_value(settings, path) for path in paths}


def values_while_running(settings: Settings) -> dict[str, object]:
    """Those of all settings that may change while it runs."""
    return values(settings, list(filter(while_running, VARIABLES.values())))


def with_values(settings: Settings, values: Mapping[str, object]) -> Settings:
    """The same with these in their places. Raises ValidationError."""
    tree = settings.model_dump()
    for path, value in values.items():
        *sections, name = path.split(".")
        table: dict[str, Any] = tree  # Any: tables in tables
        for section in sections:
            table = table[section]
        table[name] = value
    return Settings(**tree)
