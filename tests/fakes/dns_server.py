"""A DNS server on loopback that answers from zone files, and gets some names wrong on purpose."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from gateway.cli.demo_dns import ZoneServer, truncated

ZONES = Path(__file__).parents[2] / "fixtures" / "zones"

RCODES = {
    "servfail": dns.rcode.SERVFAIL,
    "refused": dns.rcode.REFUSED,
    "nxdomain": dns.rcode.NXDOMAIN,
    "formerr": dns.rcode.FORMERR,
}
FAULTS = (
    *RCODES,
    "empty",  # an answer without records
    "silent",
    "late",  # after `late` seconds
    "wrong-id",
    "wrong-question",
    "garbage",  # no DNS message
    "truncated",  # the rest by TCP
    "truncated-without-tcp",
    "dripped",  # by TCP, a byte every `drip` seconds
    "huge",  # TXT of 64 KB, by TCP
    "wrong-id-by-tcp",
    "flaky",  # SERVFAIL the first time
    "lost",  # silence the first time
)
_SPOILT = (*RCODES, "empty", "wrong-id", "wrong-question", "garbage")
_OVER_TCP = ("truncated", "truncated-without-tcp", "dripped", "huge", "wrong-id-by-tcp")
_FIRST = {"flaky": "servfail", "lost": "silent"}


class FaultServer(ZoneServer):
    """`faults`: by name, for it and all names below; "." is every name.

    `asked` counts queries, by name and kind: "corp.example TXT".
    """

    def __init__(
        self, zones: Iterable[Path] = (), faults: Mapping[str, str] | None = None, late: float = 1, drip: float = 1
    ) -> None:
        super().__init__(zones)
        self.faults = dict(faults or {})
        self.asked: Counter[str] = Counter()
        self._late = late
        self._drip = drip

    async def on_datagram(self, query: dns.message.Message) -> bytes | None:
        question = query.question[0]
        asked = f"{question.name.to_text(omit_final_dot=True)} {dns.rdatatype.to_text(question.rdtype)}"
        self.asked[asked] += 1
        fault = self._fault(question.name)
        if fault in _FIRST:
            fault = _FIRST[fault] if self.asked[asked] == 1 else ""
        if fault in _OVER_TCP:
            return truncated(query)
        if fault == "late":
            await asyncio.sleep(self._late)
        if fault == "silent":
            return None
        return self._spoilt(query, fault) if fault in _SPOILT else await super().on_datagram(query)

    async def on_stream(self, query: dns.message.Message, writer: asyncio.StreamWriter) -> None:
        fault = self._fault(query.question[0].name)
        if fault == "truncated-without-tcp":
            return
        if fault == "wrong-id-by-tcp":
            query.id ^= 0xFF
        if fault == "dripped":
            wire = self.answer(query).to_wire()
            for byte in len(wire).to_bytes(2, "big") + wire:
                writer.write(bytes([byte]))
                await asyncio.sleep(self._drip)
            return
        await super().on_stream(query, writer)

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        response = super().answer(query)
        if self._fault(query.question[0].name) == "huge":
            text = " ".join(['"' + "a" * 255 + '"'] * 250)
            response.answer = [dns.rrset.from_text(query.question[0].name, 300, "IN", "TXT", text)]
        return response

    def _spoilt(self, query: dns.message.Message, fault: str) -> bytes:
        if fault == "garbage":
            return query.to_wire()[:2] + b"\xff" * 40
        response = self.answer(query)
        if fault in (*RCODES, "empty"):
            response.answer.clear()
            response.set_rcode(RCODES.get(fault, dns.rcode.NOERROR))
        if fault == "wrong-question":
            response.question = [dns.rrset.RRset(dns.name.from_text("other.example"), 1, dns.rdatatype.TXT)]
        wire = response.to_wire()
        return bytes([wire[0] ^ 0xFF]) + wire[1:] if fault == "wrong-id" else wire

    def _fault(self, name: dns.name.Name) -> str:
        while name.to_text(omit_final_dot=True) not in self.faults and name != dns.name.root:
            name = name.parent()
        return self.faults.get(name.to_text(omit_final_dot=True), "")
