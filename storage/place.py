"""Where a store is: a file, or a database on a PostgreSQL server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL database, and how it is spoken to."""

    url: str = field(repr=False)  # may hold a password
    connections: int = 2
    """The writer's, and those of readers."""
    prepared_statements: bool = True
    """False behind a pooler that gives each transaction another connection of its own."""

    def __str__(self) -> str:
        """Without user and password."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


Place: TypeAlias = Path | Server
"""A path is that of a SQLite file."""
