"""The parts of a message (RFC 2045, 2046), as spans of its bytes: one pass a level, bounded in depth and number."""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.core import charsets, encoded_words, headers, parameters
from gateway.core.limits import ReadingLimits
from gateway.core.model import HeaderField

MESSAGE_TYPES = frozenset({"message/rfc822", "message/global"})

_TYPE = re.compile(r"[!#$%&'*+.^_`{|}~0-9a-z-]+/[!#$%&'*+.^_`{|}~0-9a-z-]+")
_LAST_CHARACTER = re.compile(rb"[\xc0-\xff][\x80-\xbf]{0,3}\Z")
"""What to cut behind a cut, so that no half of a UTF-8 character spoils the decoding of the rest."""
_LONGEST_NAME = 255
_MOST_RUNS = 1000
"""Of base64 with padding in its midst; what comes behind them is read as one."""
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


@dataclass(frozen=True, slots=True)
class Part:
    """One body part. Offsets are into the message's bytes: its header block, then its encoded content."""

    content_type: str
    """Lower-case "type/subtype"; text/plain where none can be read (RFC 2045 §5.2)."""
    parameters: dict[str, str]
    disposition: str
    """Lower-case; "" where there is none."""
    name: str
    """The file name, decoded; "" where there is none."""
    content_id: str
    encoding: str
    """Lower-case transfer encoding."""
    fields: tuple[HeaderField, ...]
    """Its header block; spans count from `header`."""
    header: int
    start: int
    end: int
    children: tuple[Part, ...] = ()
    """The parts of a multipart; for an attached message, the one part that is its body."""

    @property
    def multipart(self) -> bool:
        """Whether this part is only a container of others."""
        return self.content_type.startswith("multipart/")

    @property
    def message(self) -> bool:
        """Whether this part is a message with a header block of its own, readable as it stands."""
        return self.content_type in MESSAGE_TYPES and bool(self.children)

    @property
    def encoded_message(self) -> bool:
        """Whether this part is a message that must be decoded first, or a file that is named as one."""
        return not self.children and (self.content_type in MESSAGE_TYPES or self.name.lower().endswith(".eml"))

    def content(self, raw: bytes, most: int | None = None) -> bytes:
        """Its decoded bytes. Damaged base64 gives what can be read; an unknown encoding is left as it is.

        With `most`, only so many encoded bytes are read.
        """
        end = self.end if most is None else min(self.end, self.start + most)
        if self.encoding == "base64":
            return _base64(raw, self.start, end)
        data = raw[self.start : end]
        return binascii.a2b_qp(data) if self.encoding == "quoted-printable" else data

    def text(self, raw: bytes, most: int) -> str:
        """Its content as text with LF line ends, made from at most `most` decoded bytes."""
        data = self.content(raw, 4 * most)  # quoted-printable takes up to three for one, and line ends
        if len(data) > most or self.end - self.start > 4 * most:
            data = _LAST_CHARACTER.sub(b"", data[:most])
        return charsets.decode(data, self.parameters.get("charset")).replace("\r\n", "\n")


@dataclass(frozen=True, slots=True)
class Tree:
    """The parts of one message. `broken`: it breaks a limit, and the parts end where that was seen."""

    root: Part
    broken: bool

    def parts(self) -> Iterator[Part]:
        """Every part outside attached messages, containers before their parts."""
        return _outside_messages(self.root)

    def everywhere(self) -> Iterator[Part]:
        """Every part at any depth, in order of appearance."""
        waiting = [self.root]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))


def walk(raw: bytes, fields: tuple[HeaderField, ...], body: int, limits: ReadingLimits) -> Tree:
    """The tree of a message whose header fields are read already and whose body begins at offset `body`."""
    reader = _Reader(raw, limits)
    root = reader.part(fields, header=0, start=body, end=len(raw), default="text/plain", depth=0)
    return Tree(root, reader.broken)


def _outside_messages(root: Part) -> Iterator[Part]:
    waiting = [root]
    while waiting:
        part = waiting.pop()
        yield part
        if part.multipart:
            waiting.extend(reversed(part.children))


class _Reader:
    def __init__(self, raw: bytes, limits: ReadingLimits) -> None:
        self.raw = raw
        self.limits = limits
        self.count = 0
        self.broken = False

    def part(
        self, fields: tuple[HeaderField, ...], *, header: int, start: int, end: int, default: str, depth: int
    ) -> Part:
        """The part whose header fields and content span are given, with all below it."""
        self.count += 1
        values = _content_fields(fields)
        content_type, type_parameters = self._content_type(values, default)
        disposition, disposition_parameters = self._parse(values.get("content-disposition", ""))
        encoding = values.get("content-transfer-encoding", "").split(";")[0].strip().lower()
        children: tuple[Part, ...] = ()
        if content_type.startswith("multipart/"):
            children = self._children(type_parameters, content_type, start, end, depth)
        elif content_type in MESSAGE_TYPES and encoding not in ("base64", "quoted-printable"):
            children = tuple(self._below(start, end, "text/plain", depth))
        return Part(
            content_type=content_type,
            parameters=type_parameters,
            disposition=disposition.strip().lower(),
            name=_file_name(disposition_parameters.get("filename") or type_parameters.get("name") or ""),
            content_id=values.get("content-id", "").strip().strip("<>"),
            encoding=encoding,
            fields=fields,
            header=header,
            start=start,
            end=end,
            children=children,
        )

    def _parse(self, value: str) -> tuple[str, dict[str, str]]:
        return parameters.parse(value, self.limits) if value else ("", {})

    def _content_type(self, values: dict[str, str], default: str) -> tuple[str, dict[str, str]]:
        value, found = self._parse(values.get("content-type", ""))
        content_type = "".join(value.lower().split())
        if not content_type:
            return default, found
        return (content_type if _TYPE.fullmatch(content_type) else "text/plain"), found

    def _children(self, found: dict[str, str], content_type: str, start: int, end: int, depth: int) -> tuple[Part, ...]:
        boundary = found.get("boundary", "").encode("utf-8", "replace").rstrip()
        if not 0 < len(boundary) <= self.limits.boundary:
            self.broken = True
            return ()
        default = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
        children: list[Part] = []
        if self.raw.find(b"--" + boundary, start, end) < 0:  # no part begins: the content is shown as it is
            return (self.part((), header=start, start=start, end=end, default="text/plain", depth=depth + 1),)
        for first, last in _spans(self.raw, boundary, start, end):
            children += self._below(first, last, default, depth)
            if self.broken:
                break
        return tuple(children)

    def _below(self, start: int, end: int, default: str, depth: int) -> list[Part]:
        """The part with its own header block between these offsets, or none where a limit is reached."""
        if depth >= self.limits.depth or self.count >= self.limits.parts:
            self.broken = True
            return []
        body = _end_of_header(self.raw, start, end)
        block = headers.split(self.raw[start : min(body, start + self.limits.header_block + 1)], self.limits)
        if not headers.CUT.isdisjoint(block.breaches):
            self.broken = True
        if "header.no_blank_line" in block.findings:
            body = start + block.body
        return [self.part(block.fields, header=start, start=body, end=end, default=default, depth=depth + 1)]


def _content_fields(fields: Iterable[HeaderField]) -> dict[str, str]:
    """The first value of each Content field."""
    values: dict[str, str] = {}
    for field in fields:
        name = field.name.lower()
        if name.startswith("content-"):
            values.setdefault(name, field.value)
    return values


def _spans(raw: bytes, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans between the delimiter lines of one multipart (RFC 2046 §5.1.1); the last may lack its end."""
    opened = -1
    for at, line_end, closing in _delimiters(raw, boundary, start, end):
        if opened >= 0:
            yield opened, max(opened, at)
        opened = -1 if closing else min(line_end + 2, end)
        if closing:
            break
    if opened >= 0:
        yield opened, end


def _delimiters(raw: bytes, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Each delimiter line: where it begins with the CRLF that belongs to it, where it ends, whether it is the last."""
    needle = b"\r\n--" + boundary
    at = start - 2 if raw.startswith(needle[2:], start, end) else raw.find(needle, start, end)
    while at >= 0:
        after = at + len(needle)
        if raw[after : after + 1] in (
            b"\r",
            b"-",
            b" ",
            b"\t",
            b"",
        ):  # else a longer boundary that begins with this one
            closing = raw.startswith(b"--", after, end)
            line_end = raw.find(b"\r\n", after, end)
            line_end = end if line_end < 0 else line_end
            if not raw[after + 2 * closing : line_end].strip(b" \t"):
                yield max(at, start), line_end, closing
            after = line_end  # its CRLF may begin the next delimiter
        at = raw.find(needle, after, end)


def _end_of_header(raw: bytes, start: int, end: int) -> int:
    """Where the content of a part begins: behind its first empty line."""
    if raw.startswith(b"\r\n", start, end):
        return start + 2
    at = raw.find(b"\r\n\r\n", start, end)
    return end if at < 0 else at + 4


def _file_name(name: str) -> str:
    """The last component of the path, without what could steer a terminal or turn letters round (RFC 2183 §2.3)."""
    if not name:
        return ""
    decoded = encoded_words.decode(name) if "=?" in name else name
    plain = "".join(c for c in decoded if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return re.split(r"[/\\]", plain.rstrip("/\\ "))[-1].strip()[:_LONGEST_NAME]


def _base64(raw: bytes, start: int, end: int) -> bytes:
    """Decoded as far as it goes; several padded runs in a row are read one after the other."""
    try:
        padding = raw.find(b"=", start, end)
        if padding < 0 or not raw[padding:end].strip(b"=\r\n \t"):
            return binascii.a2b_base64(memoryview(raw)[start:end])  # without a copy of what may be megabytes
    except binascii.Error:
        pass
    runs = (run.translate(None, _NOT_BASE64) for run in raw[start:end].split(b"=", _MOST_RUNS))
    return b"".join(binascii.a2b_base64(_padded(run)) for run in runs)


def _padded(run: bytes) -> bytes:
    usable = run[:-1] if len(run) % 4 == 1 else run
    return usable + b"=" * (-len(usable) % 4)
