"""The golden cases: a message, its envelope and what the world is, and the explanation that must come out.

`UPDATE_GOLDEN=1 pytest tests/journeys` writes every expected.txt anew. Read what changed before you commit it.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from fakes.deliveries import MINUTE, NOON, Delivery
from fakes.world import FIXTURES, EntryRow, World, load_world

from gateway.core.model import Proof

MESSAGES = FIXTURES / "messages"
UPDATING = bool(os.environ.get("UPDATE_GOLDEN"))


@dataclass(frozen=True)
class Golden:
    """One folder."""

    path: Path
    why: str
    world: World
    deliveries: tuple[Delivery, ...]
    """Those that came before, then the one that the case is about."""

    @property
    def name(self) -> str:
        return self.path.relative_to(MESSAGES).as_posix()

    @property
    def expected(self) -> str:
        return (self.path / "expected.txt").read_text(encoding="utf-8")

    def update(self, text: str) -> None:
        (self.path / "expected.txt").write_text(text, encoding="utf-8")

    @property
    def over_smtp(self) -> bool:
        """Whether the proof of all deliveries is one that a loopback connection can bring."""
        return not any(d.proofs for d in self.deliveries)


def golden_cases() -> list[Golden]:
    """Every case, in the order of its path."""
    return [load(file.parent) for file in sorted(MESSAGES.rglob("case.toml"))]


def load(path: Path) -> Golden:
    case = _toml(path)
    world = load_world().with_settings(**case.get("account", {}))
    if case.get("without_never_log"):
        world = World(**{**vars(world), "never_log": ()})
    world = world.with_entries(*(EntryRow(**row) for row in case.get("never_log", ())))
    folders = [*(MESSAGES / before for before in case.get("before", ())), path]
    return Golden(path, case["why"], world, tuple(_delivery(f, n) for n, f in enumerate(folders)))


def _toml(path: Path) -> dict[str, Any]:
    known = {"why", "to", "mail_from", "source", "spf", "account", "never_log", "without_never_log", "before"}
    case = tomllib.loads((path / "case.toml").read_text(encoding="utf-8"))
    assert case.keys() <= known, f"{path}: {case.keys() - known}"
    return case


def _delivery(path: Path, number: int) -> Delivery:
    case = _toml(path)
    raw = (path / "message.eml").read_bytes()
    author = parseaddr(str(message_from_bytes(raw).get("From", "")))[1]
    return Delivery(
        raw,
        (case["to"],),
        case.get("mail_from", author),
        case.get("source", "office"),
        NOON + number * MINUTE,
        f"trace{number}",
        (Proof("spf", case["spf"]),) if "spf" in case else (),
    )
