"""The page of the limits tells the settings and defaults that there are."""

import re
import tomllib
from pathlib import Path

from config.load import VARIABLES

ROOT = Path(__file__).parents[1]


def rows() -> dict[str, str]:
    """Of each setting on the page its default."""
    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    return dict(re.findall(r"(?m)^\|[^|]+\| `([a-z_.]+)` \| `([^`]+)` \|", page))


def test_each_default_is_the_settings_own() -> None:
    example = tomllib.loads((ROOT / "config" / "gateway.example.toml").read_text(encoding="utf-8"))
    for path, told in rows().items():
        value: object = example
        for step in path.split("."):
            assert isinstance(value, dict)
            value = value[step]
        assert tomllib.loads(f"x = {told}") == {"x": value}, path


def test_no_limit_is_left_out() -> None:
    sections = ("smtp.limits.", "reading.", "parser.", "dns.limits.", "dkim.")
    limits = {path for path in VARIABLES.values() if path.startswith(sections)}
    assert limits - set(rows()) == {"smtp.limits.drain"}
