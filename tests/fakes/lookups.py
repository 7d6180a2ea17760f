"""Look-ups that answer from a dictionary, and say what they were asked."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.authenticate.dns import DnsUnavailable


class FakeLookups:
    """`zone`: of "name kind" its records, TXT included as text; None for a failure."""

    def __init__(self, zone: Mapping[str, tuple[str, ...] | None]) -> None:
        self._zone = {question.lower(): records for question, records in zone.items()}
        self.asked: list[str] = []

    async def txt(self, name: str) -> tuple[bytes, ...]:
        return tuple(record.encode("utf-8", "surrogateescape") for record in self._answer(name, "TXT"))

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        return self._answer(name, kind)

    def _answer(self, name: str, kind: str) -> tuple[str, ...]:
        question = f"{name} {kind}"
        self.asked.append(question)
        found = self._zone.get(question.lower(), ())
        if found is None:
            raise DnsUnavailable
        return found
