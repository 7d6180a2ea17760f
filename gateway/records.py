"""Records as JSON has them, wherever they are handed out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def plain_record(record: DataclassInstance) -> dict[str, Any]:
    """A record as JSON has it: sets sorted, moments (fields that are or end in "at") in RFC 3339, UTC."""
    return {name: _plain(name, value) for name, value in asdict(record).items()}


def moment(at: int) -> str:
    """Epoch milliseconds in RFC 3339, UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def _plain(name: str, value: Any) -> Any:  # Any: what JSON knows
    if isinstance(value, dict):
        return {inner: _plain(inner, v) for inner, v in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [_plain("", v) for v in value]
    if (name == "at" or name.endswith("_at")) and isinstance(value, int):
        return moment(value)
    return value
