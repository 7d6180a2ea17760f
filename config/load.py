"""Finds the settings: flags over environment over TOML file over defaults, and tells every fault at once.

Each layer gives values by dotted path ("smtp.limits.connections"), so that a fault, and `config show`, can say where a
value came from.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.contradictions import contradictions
from config.settings import Settings, paths

PREFIX = "GATEWAY_"
CONFIG = "GATEWAY_CONFIG"
PATHS = paths()
VARIABLES = {PREFIX + path.replace(".", "__").upper(): path for path, is_setting in PATHS.items() if is_setting}

LEFT_BEHIND = "must be taken out beside store.url: whoever isn't told the latter would go on with the old file"
DEFAULT = "default"
FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the configuration. None of the texts holds a value."""

    path: str
    """Dotted path of the setting, or the name of a variable or file that is no setting."""
    origin: str
    """Where it was given: "file …", "environment …", "flag" or "default"."""
    sentence: str

    def __str__(self) -> str:
        return f"{self.path} {self.sentence} ({self.origin})"


class ConfigurationError(Exception):
    """The configuration cannot be used; `faults` has everything that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Effective:
    """Settings, and where each came from: dotted path → origin."""

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None


@dataclass(slots=True)
class _Given:
    """What the layers gave so far; a later one replaces."""

    values: dict[str, object] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    complete: bool = True
    """False if the file could not be read: what seems to be missing may stand there."""

    def take(self, path: str, value: object, origin: str) -> None:
        self.values[path] = value
        self.origins[path] = origin

    def fault(self, path: str, origin: str, sentence: str) -> None:
        self.faults.append(Fault(path, origin, sentence))


def load(
    environ: Mapping[str, str], config_file: Path | None = None, overrides: Mapping[str, object] | None = None
) -> Settings:
    """The settings in force. `overrides` are flags by dotted path; None means not given. Raises ConfigurationError."""
    return effective(environ, config_file, overrides).settings


def effective(
    environ: Mapping[str, str], config_file: Path | None = None, overrides: Mapping[str, object] | None = None
) -> Effective:
    """As `load`, with the origin of each setting."""
    given = _Given()
    file = config_file or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    if file is not None:
        _take_file(given, file)
    _take_environment(given, environ)
    _take_flags(given, overrides or {})
    settings = _settings(given)
    if given.faults:
        raise ConfigurationError(tuple(given.faults))
    origins = {path: given.origins.get(path, DEFAULT) for path in VARIABLES.values()}
    return Effective(settings, origins, file)


def _take_file(given: _Given, file: Path) -> None:
    origin = f"file {file}"
    try:
        _take_table(given, tomllib.loads(file.read_text("utf-8")), "", origin)
    except OSError as error:
        fault = f"can't be read: {error.strerror}"
    except UnicodeDecodeError:
        fault = "is not UTF-8"
    except tomllib.TOMLDecodeError as error:
        fault = f"is not TOML: {error}"
    else:
        return
    given.complete = False
    given.fault("configuration file", origin, fault)


def _take_table(given: _Given, table: Mapping[str, object], prefix: str, origin: str) -> None:
    for name, value in table.items():
        path = prefix + name
        match PATHS.get(path), value:
            case True, _:
                given.take(path, value, origin)
            case False, dict():
                _take_table(given, value, f"{path}.", origin)
            case False, _:
                given.fault(path, origin, "is a section, so it needs names and values of its own")
            case _:
                given.fault(path, origin, f"is no setting{_suggestion(path, PATHS)}")


def _take_environment(given: _Given, environ: Mapping[str, str]) -> None:
    for variable, value in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable == CONFIG:
            continue
        origin, named = f"environment {variable}", variable.removesuffix("_FILE")
        if variable in VARIABLES:
            given.take(VARIABLES[variable], value, origin)
        elif named not in VARIABLES:
            names = [name.removeprefix(PREFIX) for name in VARIABLES]
            nearest = _suggestion(variable.removeprefix(PREFIX), names, "__", PREFIX)
            given.fault(variable, "environment", f"is no setting{nearest}")
        elif named in environ:
            given.fault(VARIABLES[named], origin, f"is given twice: {named} is set too")
        else:
            _take_content(given, VARIABLES[named], Path(value), origin)


def _take_content(given: _Given, path: str, file: Path, origin: str) -> None:
    try:
        given.take(path, file.read_text("utf-8").removesuffix("\n"), origin)
    except OSError as error:
        given.fault(path, origin, f"stands in a file that can't be read: {error.strerror}")
    except UnicodeDecodeError:
        given.fault(path, origin, "stands in a file that is not UTF-8")


def _take_flags(given: _Given, overrides: Mapping[str, object]) -> None:
    for path, value in overrides.items():
        if not PATHS.get(path):
            given.fault(path, FLAG, f"is no setting{_suggestion(path, PATHS)}")
        elif value is not None:
            given.take(path, value, FLAG)


def _suggestion(unknown: str, known: Iterable[str], separator: str = ".", prefix: str = "") -> str:
    """The nearest real name: one that ends alike (a setting in the wrong section), else one spelt alike."""
    last = unknown.rpartition(separator)[2]
    moved = [name for name in known if name.rpartition(separator)[2] == last]
    nearest = moved or difflib.get_close_matches(unknown, known, n=1)
    return f"; did you mean {prefix}{nearest[0]}?" if nearest else ""


def _settings(given: _Given) -> Settings:
    """Adds what is wrong with single values, and with those that are sound only alone."""
    faulty: dict[str, str] = {}
    try:
        settings = Settings.model_validate(_nested(given.values))
    except ValidationError as error:
        faulty = dict(_validation_faults(error))
        # Without the faulty values the rest may still contradict itself: all faults are told at once.
        sound = {path: value for path, value in given.values.items() if path not in faulty}
        settings = Settings.model_validate(_nested({"domain": "domain.invalid", **sound}))
    told = {fault.path for fault in given.faults}
    for path, sentence in faulty.items():
        if path in given.origins or (given.complete and path not in told):
            given.fault(path, given.origins.get(path, "not given"), sentence)
    if given.complete:
        for path, other, sentence in contradictions(settings):
            if path not in faulty and other not in faulty:
                given.fault(path, given.origins.get(path) or given.origins.get(other, DEFAULT), sentence)
    file = given.origins.get("store.path", DEFAULT)
    if settings.store.url is not None and file.startswith("file "):
        given.fault("store.path", file, LEFT_BEHIND)
    return settings


def _nested(values: Mapping[str, object]) -> dict[str, object]:
    tree: dict[str, Any] = {}  # Any: tables in tables
    for path, value in values.items():
        *sections, name = path.split(".")
        table = tree
        for section in sections:
            table = table.setdefault(section, {})
        table[name] = value
    return tree


def _validation_faults(error: ValidationError) -> Iterator[tuple[str, str]]:
    for one in error.errors(include_url=False, include_input=False):
        path = ".".join(str(step) for step in one["loc"])
        context = one.get("ctx", {})
        match one["type"]:
            case "missing":
                yield path, "is required"
            case "greater_than":
                yield path, f"must be above {context['gt']:g}"
            case "greater_than_equal":
                yield path, f"must be at least {context['ge']:g}"
            case "literal_error":
                yield path, f"must be {context['expected']}"
            case "value_error":
                yield path, str(context["error"])
            case _:
                yield path, one["msg"][:1].lower() + one["msg"][1:]
