"""Tries every signature of a folder's messages with every key record there: `python tests/proofs/score_dkim.py FOLDER`.

One line a signature: with which keys it holds by arithmetic alone, and what the gateway would say of the message at the
time of signing, had the first of them (or else the first of all) been published. Nothing here knows what is expected.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.authenticate import dkim, keys, signatures
from gateway.core.claims import Claim
from gateway.core.limits import DkimLimits
from gateway.core.message import read
from gateway.core.model import Mailbox
from gateway.core.wire import repair


class SameKey:
    """Look-ups that find one record under every name, and every domain aligned."""

    def __init__(self, record: bytes) -> None:
        self._record = record

    async def txt(self, _name: str) -> tuple[bytes, ...]:
        return (self._record,)

    async def records(self, _name: str, _kind: str) -> tuple[str, ...]:
        return ()

    async def aligned(self, _domain: str, _method: str) -> bool:
        return True


async def judge(name: str, raw: bytes, records: dict[str, bytes]) -> None:
    message = read(raw)
    claim = Claim(message, raw, "from", Mailbox("", "a@author.example", "a@author.example"))
    for field in message.fields:
        if field.name.lower() != "dkim-signature":
            continue
        tags = signatures.tags(raw, field, DkimLimits().field)
        signature = signatures.read(claim, field, tags)
        usable = {k: keys.read((r,), signature.algorithm) for k, r in records.items()} if signature else {}
        right = [
            k
            for k, key in usable.items()
            if signature and isinstance(key, keys.Key) and signatures.verify(raw, [(signature, key)], until=True)[-1]
        ]
        same = SameKey(records[right[0] if right else next(iter(records))])
        found = await dkim.check(claim, same, same, int(tags.get("t", "0")) * 1000, DkimLimits())
        print(f"{name} s={tags.get('s')}: holds with {', '.join(right) or 'none'}; says {[s for s, _ in found.seen]}")


async def main(folder: Path) -> None:
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    records = {name: data.strip() for name, data in files.items() if data.startswith((b"v=DKIM1", b"k="))}
    for name, data in files.items():
        if name not in records:
            await judge(name, repair(data), records)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
