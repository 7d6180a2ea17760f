"""Scores SPF on a YAML suite of cases with their zones: `python tests/proofs/score_spf.py PATH`.

A document has `tests` (mailfrom, helo, host and the result or results allowed) and `zonedata` (of each name its
records; TIMEOUT stands for no answer about any other kind). A null sender is taken as postmaster of the HELO name, as
the RFC has it; the gateway itself doesn't ask for one.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from gateway.authenticate import spf
from gateway.authenticate.dns import DnsUnavailable


class SuiteLookups:
    """Answers from the zone data of one document. Records of type SPF stand for TXT where a name has none."""

    def __init__(self, zone: Mapping[str, list[Any]]) -> None:
        self._known: dict[tuple[str, str], list[str]] = {}
        self._silent = {name.lower() for name, records in zone.items() if "TIMEOUT" in records}
        for name, records in zone.items():
            told = [(kind, value) for r in records if isinstance(r, dict) for kind, value in r.items()]
            unread = "SPF" if any(kind == "TXT" for kind, _ in told) else ""
            for kind, value in told:
                if kind != unread and value != "NONE":
                    joint = "" if kind in ("SPF", "TXT") else " "
                    text = joint.join(map(str, value)) if isinstance(value, list) else str(value)
                    self._known.setdefault((name.lower(), kind.replace("SPF", "TXT")), []).append(text)

    async def txt(self, name: str) -> tuple[bytes, ...]:
        return tuple(text.encode("latin-1") for text in self._find(name, "TXT"))

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        return self._find(name, kind)

    def _find(self, name: str, kind: str, hops: int = 8) -> tuple[str, ...]:
        name = name.lower().removesuffix(".")
        if (name, kind) in self._known:
            return tuple(self._known[name, kind])
        if (name, "CNAME") in self._known:
            return self._find(self._known[name, "CNAME"][0], kind, hops - 1) if hops else ()
        if name in self._silent:
            raise DnsUnavailable
        return ()


async def result(case: Mapping[str, str], zone: Mapping[str, list[Any]]) -> str:
    local, _, domain = (case["mailfrom"] or f"postmaster@{case['helo']}").rpartition("@")
    try:
        return await spf.evaluate(case["host"], local, domain, case["helo"], SuiteLookups(zone))
    except DnsUnavailable:
        return "temperror"


async def score(path: Path) -> tuple[int, int]:
    """Prints what differs. Gives how many are right, and of how many."""
    right = total = 0
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        for name, case in document["tests"].items():
            allowed = case["result"] if isinstance(case["result"], list) else [case["result"]]
            got = await result(case, document["zonedata"])
            total += 1
            right += got in allowed
            if got not in allowed:
                print(f"{document['description']}: {name}: {got}, not {' or '.join(allowed)}")
    return right, total


if __name__ == "__main__":
    print("{} of {}".format(*asyncio.run(score(Path(sys.argv[1])))))
