"""Files for who asks: as what they are, to be saved, with a name that harms nobody's disk."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from urllib.parse import quote

from starlette.responses import Response

from gateway.core import message
from gateway.core.limits import ReadingLimits
from storage.activities import Attached
from storage.errors import NotFound

_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_LONGEST = 120


def download(data: bytes, media_type: str, name: str) -> Response:
    """To be saved under this name (RFC 6266 §4.3)."""
    safe = file_name(name)
    plain = re.sub(r"[^\w.-]", "_", unicodedata.normalize("NFKD", safe).encode("ascii", "ignore").decode())
    shown = f"attachment; filename=\"{plain or 'file'}\"; filename*=UTF-8''{quote(safe, safe='')}"
    headers = {"Content-Disposition": shown, "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(data, media_type=media_type, headers=headers)


async def attachment(raw: bytes, number: int, known: Attached, limits: ReadingLimits) -> Response:
    """One of the message's attachments, numbered as they were when it was logged."""
    data = await asyncio.to_thread(_cut, raw, number, limits)
    return download(data, "application/octet-stream", known.name or f"attachment-{number + 1}")


def file_name(name: str) -> str:
    """The name without folders, controls, marks that turn the writing's direction, and reserved words."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip(" .")
    return (f"_{kept}" if _RESERVED.match(kept) else kept)[:_LONGEST] or "file"


def _cut(raw: bytes, number: int, limits: ReadingLimits) -> bytes:
    reading = message.read_parts(raw, limits)
    parts = reading.choice.attached
    if number >= len(parts):
        raise NotFound("This activity has no such attachment.")
    return parts[number][0].content(reading.raw)
