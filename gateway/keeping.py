"""What is stored of a message: its bytes, compressed and redacted; and, sealed, a reply that waits for its parent."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from typing import Any

from gateway.core.cases import Setting, cases
from gateway.core.claims import with_evidence
from gateway.core.message import read_parts
from gateway.core.model import Channel, Envelope, Evidence, Peer, Proof, Recipient, Source
from gateway.core.questions import Case
from gateway.core.redact import redacted, redacted_copy
from storage.content import Content, compressed
from storage.errors import StoreBroken
from storage.sealing import Sealing

_PLACE = "waiting"


class Keeping:
    """`storage.interface.Keeper`."""

    def __init__(self, setting: Setting, sealing: Sealing, ready: tuple[bytes, Content] | None = None) -> None:
        """`ready`: a copy's bytes, and the same as stored, where that was made beforehand."""
        self._setting = setting
        self._sealing = sealing
        self._ready = ready

    def content(self, case: Case, withheld: tuple[str, ...]) -> Content:
        return compressed(redacted(case, withheld)) if withheld else self._compressed(case.raw)

    def copy(self, case: Case, withheld: tuple[str, ...]) -> Content:
        return compressed(redacted_copy(case, withheld)) if withheld else self._compressed(case.copy)

    def _compressed(self, raw: bytes) -> Content:
        return self._ready[1] if self._ready and raw is self._ready[0] else compressed(raw)

    def seal(self, case: Case) -> bytes:
        """All that the case can be made from again: envelope, evidence and the copy's bytes."""
        about = {"number": case.asked.number, "proofs": [[p.method, p.name] for p in case.evidence.proofs]}
        about |= {"envelope": asdict(case.envelope), "recipient": asdict(case.recipient)}
        text = json.dumps(about, default=sorted).encode()
        return self._sealing.seal_bytes(text + b"\n" + zlib.compress(case.copy, level=1), _PLACE)

    def reopen(self, sealed: bytes) -> Case:
        text, _, copy = self._sealing.unseal_bytes(sealed, _PLACE).partition(b"\n")
        try:
            about = json.loads(text)
            envelope = _envelope(about["envelope"], _recipient(about["recipient"]))
            evidence = Evidence(tuple(Proof(*proof) for proof in about["proofs"]))
            reading = read_parts(zlib.decompress(copy), self._setting.limits)
            number: int = about["number"]
            return with_evidence(cases(envelope, reading, self._setting)[number], evidence)
        except (KeyError, TypeError, ValueError, IndexError, zlib.error):  # sealed by another version
            raise StoreBroken("(a reply that waits can't be read)") from None


def _envelope(stored: dict[str, Any], recipient: Recipient) -> Envelope:  # Any: JSON of a dataclass
    peer = stored["peer"]
    known = tuple(Source(**source | _sets(source)) for source in peer["sources"])
    return Envelope(**stored | {"peer": Peer(**peer | {"sources": known}), "recipients": (recipient,)})


def _recipient(stored: dict[str, Any]) -> Recipient:
    return Recipient(**stored | {"channel": Channel(stored["channel"])})


def _sets(source: dict[str, Any]) -> dict[str, frozenset[str]]:
    return {name: frozenset(value) for name, value in source.items() if isinstance(value, list)}
