"""What tests of any kind of store are given by their fixtures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from storage.administration.act import Act
from storage.interface import Store
from storage.plan import Rows

Open: TypeAlias = Callable[[Path, Act], Awaitable[Store]]
"""Opens the store of a folder; an empty one the first time."""
Look: TypeAlias = Callable[..., Awaitable[Rows]]
"""Rows of a statement with its values."""
Kept: TypeAlias = Callable[..., Awaitable[set[str]]]
"""Those of the markers that the store has kept anywhere."""
Breaches: TypeAlias = Callable[[], Awaitable[list[tuple[str, str]]]]
"""What the shipped script says of the store: rule and place."""
Columns: TypeAlias = Callable[[str], Awaitable[list[str]]]
"""The columns of a table."""
