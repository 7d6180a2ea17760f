"""The image, compose.yaml and the unit as data, for tests that hold them against each other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
UNIT = UNITS / "bcc-gateway.service"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))

Instruction = tuple[str, str]


def stages(text: str = (ROOT / "Dockerfile").read_text(encoding="utf-8")) -> list[list[Instruction]]:
    """The instructions of each stage of a Dockerfile, in order: name and argument."""
    joined = re.sub(r"(?m)^#.*\n", "", text).replace("\\\n", " ")
    found: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, argument = line.split(maxsplit=1)
        if name == "FROM":
            found.append([])
        found[-1].append((name, re.sub(r" {2,}", " ", argument)))
    return found


def last(name: str) -> str:
    """The argument of the final image's last instruction of this name."""
    return [argument for instruction, argument in stages()[-1] if instruction == name][-1]


def image_environment() -> dict[str, str]:
    """ENV of the final image."""
    return dict(pair.split("=", 1) for pair in last("ENV").split())


def unit(*files: Path) -> dict[str, list[str]]:
    """Each setting of a unit's file and its drop-ins, with all values that were given, in order."""
    found: dict[str, list[str]] = {}
    for file in files or (UNIT,):
        for line in file.read_text(encoding="utf-8").splitlines():
            if "=" in line and not line.startswith("#"):
                name, value = line.split("=", 1)
                found.setdefault(name, []).append(value)
    return found


def unit_environment(*files: Path, credentials: Path) -> dict[str, str]:
    """Environment= of a unit; %d stands for the folder of its credentials."""
    pairs = [value.replace("%d", str(credentials)) for value in unit(*files)["Environment"]]
    return dict(pair.split("=", 1) for pair in pairs)


def seconds(text: str) -> float:
    """A duration as compose and systemd write it."""
    number, name = re.fullmatch(r"(\d+)(s|min|)", text).groups()  # type: ignore[union-attr]  # the match is the claim
    return float(number) * (60 if name == "min" else 1)
