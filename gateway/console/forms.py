"""What a person filled in, and what is wrong with it, field by field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl

from pydantic import ValidationError

from gateway.console.language import Language
from storage.errors import Refused

T = TypeVar("T")
MOST_FIELDS = 200
FAULTS: Mapping[str, str] = {
    "missing": "This is needed.",
    "string_too_long": "This is too long.",
    "string_too_short": "This is needed.",
    "too_short": "Choose at least one.",
    "too_long": "These are too many.",
    "literal_error": "Choose one of these.",
    "greater_than_equal": "This is too small.",
    "less_than_equal": "This is too large.",
    "int_parsing": "This must be a whole number.",
}
"""What is said for what pydantic finds, by its names."""


class Form:
    """The fields of a form, in the order in which the browser sent them."""

    def __init__(self, fields: Sequence[tuple[str, str]] = (), language: Language | None = None) -> None:
        self._fields = fields
        self._language = language
        self.faults: dict[str, str] = {}
        """What is wrong, by field."""

    @classmethod
    def of(cls, body: bytes, language: Language) -> Form:
        """Of application/x-www-form-urlencoded. What is none has no fields."""
        try:
            fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError:
            fields = []
        return cls([(name, text.replace("\0", "")) for name, text in fields], language)

    def __getitem__(self, name: str) -> str:
        """What stands in a field, or ""; as it was typed but for blanks around it."""
        return next((text.strip() for given, text in self._fields if given == name), "")

    def __contains__(self, name: str) -> bool:
        return any(given == name for given, _ in self._fields)

    def raw(self, name: str) -> str:
        """The same with blanks, as a password may have."""
        return next((text for given, text in self._fields if given == name), "")

    def all(self, name: str) -> list[str]:
        """Every choice of several."""
        return [text.strip() for given, text in self._fields if given == name]

    def words(self, name: str) -> list[str]:
        """What stands in a field, divided by blanks, commas and lines."""
        return self[name].replace(",", " ").replace(";", " ").split()

    async def tried(self, work: Callable[[], Awaitable[T]], field: str) -> T | None:
        """What comes of the work; None where something is wrong, which then stands beside its field, or this one."""
        assert self._language is not None  # noqa: S101 — a form that is only shown is never tried
        try:
            return await work()
        except Refused as error:
            self.faults[field] = self._language.refusal(error)
        except ValidationError as error:
            for fault in error.errors():
                name = str(fault["loc"][0]) if fault["loc"] else field
                self.faults[name] = self._language.say(FAULTS.get(fault["type"], "This isn't right."))
        return None
