"""Scores chains of ARC on a YAML suite of messages with their keys: `python tests/proofs/score_arc.py PATH`.

A document has `tests` (a message, the chain's expected validation result, a description) and `txt-records`. Judged are
form and signatures of the chain alone: age, trust in the sealer and what it tells are the gateway's own rules.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import yaml

from gateway.authenticate import arc
from gateway.authenticate.dns import DnsUnavailable
from gateway.core.claims import Claim
from gateway.core.limits import DkimLimits
from gateway.core.message import read
from gateway.core.model import Mailbox
from gateway.core.wire import repair


class SuiteLookups:
    """Answers from the records of one document."""

    def __init__(self, records: dict[str, str]) -> None:
        self._known = records

    async def txt(self, name: str) -> tuple[bytes, ...]:
        if self._known.get(name) == "TIMEOUT":
            raise DnsUnavailable
        return (self._known[name].encode(),) if name in self._known else ()

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        raise AssertionError(f"no look-up but for keys: {kind} {name}")


async def validity(raw: bytes, lookups: SuiteLookups) -> str:
    claim = Claim(read(raw), raw, "from", Mailbox("", "a@example.org", "a@example.org"))
    if not any(f.name.lower().startswith("arc-") for f in claim.fields):
        return "none"
    chain = arc.read(claim, DkimLimits())
    return "pass" if chain and await arc.holds(claim, chain, lookups) else "fail"


async def main(path: Path) -> int:
    right = every = 0
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        lookups = SuiteLookups(document.get("txt-records") or {})
        for name, case in document["tests"].items():
            wanted = (case["cv"] or "").strip().lower()
            got = await validity(repair(case["message"].encode()), lookups)
            every += 1
            right += got == wanted or (wanted == "" and got == "fail")
            if got != wanted:
                print(f"{name}: {got} instead of {wanted or 'no answer'} ({case['description']})")
    print(f"{right} of {every}")
    return 0 if right == every else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
