"""One signature over fields and body of a message: what it says, and whether it holds (RFC 6376 §3.5, §3.7, §6.1).

What is signed is chosen here, from the fields that the rest of the gateway reads, so that both see the same From.
dkimpy puts the chosen fields and the body into their canonical form, hashes them and compares; how canonical forms are
made and the keys' arithmetic are ours.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import dkim
import dkim.canonicalization

from gateway.authenticate import canonical, tag_list
from gateway.authenticate.keys import Key
from gateway.core.claims import Claim
from gateway.core.model import HeaderField, Message

dkim.canonicalization.Relaxed.canonicalize_headers = staticmethod(canonical.relaxed_fields)
dkim.canonicalization.Simple.canonicalize_body = staticmethod(canonical.simple)
dkim.canonicalization.Relaxed.canonicalize_body = staticmethod(canonical.relaxed)

LOGGED = frozenset({"sender", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references"})
"""The fields of which an activity tells, besides From."""

ALGORITHMS = frozenset({"rsa-sha256", "ed25519-sha256"})
_CANONICAL = frozenset({f"{header}/{body}" for header in ("simple", "relaxed") for body in ("simple", "relaxed")})
_MOST_NAMES = 128
_NAME = re.compile(r"[!-9;-~]*")
_NUMBER = re.compile(r"[0-9]{1,12}")
_LONG_BLANK = re.compile(rb"[ \t\r\n]{65}")
_SECOND_B = re.compile(rb"[; \t\r\n]b[ \t\r\n]*+=")
_DOUBTS = frozenset({"header.stray_line", "header.blank_before_colon", "header.no_blank_line", "header.nul"})
_SILENT = logging.Logger("dkimpy", logging.CRITICAL + 1)  # noqa: LOG001 - in no tree: what dkimpy logs quotes mail


@dataclass(frozen=True, slots=True)
class Signature:
    """All that verifying needs besides the message's bytes and the key."""

    field: tuple[int, int]
    """Span of the signature's own field."""
    algorithm: str
    canonical: str
    """header/body, as in c=."""
    domain: str
    selector: str
    identity: str
    """The domain of i=, d= itself where it names none."""
    names: tuple[str, ...]
    """h=, lower-case."""
    covered: tuple[tuple[int, int], ...]
    """Spans of the fields that h= names, from the top."""
    body: tuple[int, str] | None
    """Where the body begins, and bh=; None for a seal, which covers fields only."""
    value: str
    """b=."""


def doubtful(message: Message) -> bool:
    """Whether mail programs may read another header than was signed, so that no signature says anything."""
    return bool(message.breaches) or any(f in _DOUBTS or f.startswith("duplicate_header.") for f in message.findings)


def tags(raw: bytes, field: HeaderField, most: int) -> dict[str, str]:
    """The tags of a signature field of at most so many bytes; {} for one that isn't to be read.

    What costs more than a glance to take apart is left alone: long blanks, and a second thing that looks like b=.
    """
    if field.end - field.start > most:
        return {}
    value = raw[field.start : field.end].partition(b":")[2]
    bare = tag_list.without_signature(value)
    if _LONG_BLANK.search(bare) or len(_SECOND_B.findall(b" " + bare)) != 1:
        return {}
    return tag_list.read(value)


def read(claim: Claim, field: HeaderField, found: Mapping[str, str]) -> Signature | None:
    """A signature over fields and body, from its tags; None if one is missing or not as the grammar has it."""
    body = _body(claim)
    signed = tuple(tag_list.names(found.get("h", "")))
    policy = found.get("c", "simple")
    policy = policy if "/" in policy else policy + "/simple"
    if body is None or "h" not in found or policy not in _CANONICAL or not tag_list.decoded(found.get("bh", "")):
        return None
    if len(signed) > _MOST_NAMES or not all(_NAME.fullmatch(name) for name in signed):
        return None
    return _signature(
        field, found, policy, signed, _covered(claim.fields, signed), (body, tag_list.without_blanks(found["bh"]))
    )


def read_seal(field: HeaderField, found: Mapping[str, str], covered: Sequence[HeaderField]) -> Signature | None:
    """A signature over these fields alone, the last of a name counting first (RFC 8617 §4.1.3, §5.1.1)."""
    if "h" in found:
        return None
    names = tuple(f.name.lower() for f in reversed(covered))
    return _signature(field, found, "relaxed/relaxed", names, tuple((f.start, f.end) for f in covered), None)


def _signature(
    field: HeaderField,
    found: Mapping[str, str],
    policy: str,
    names: tuple[str, ...],
    covered: tuple[tuple[int, int], ...],
    body: tuple[int, str] | None,
) -> Signature | None:
    domain, selector = tag_list.domain(found.get("d", "")), tag_list.domain(found.get("s", ""))
    if not (domain and "." in domain and selector and len(domain) + len(selector) <= 240):
        return None
    if "a" not in found or not tag_list.decoded(found.get("b", "")):
        return None
    if not all(_NUMBER.fullmatch(found.get(time, "0")) for time in ("t", "x")):
        return None
    return Signature(
        (field.start, field.end),
        found["a"],
        policy,
        domain,
        selector,
        found.get("i", "").lower().rpartition("@")[2] if "@" in found.get("i", "") else domain,
        names,
        covered,
        body,
        tag_list.without_blanks(found["b"]),
    )


def _body(claim: Claim) -> int | None:
    """Where the body begins; None if the fields aren't followed by an empty line or the end."""
    end = claim.fields[-1].end
    return end + 2 if claim.raw[end : end + 2] == b"\r\n" else end if end == len(claim.raw) else None


def _covered(fields: Sequence[HeaderField], signed: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """Of each name as many fields as h= names, from the bottom (RFC 6376 §5.4.2)."""
    wanted = Counter(signed)
    chosen: list[tuple[int, int]] = []
    for field in reversed(fields):
        name = field.name.lower()
        if wanted[name] > 0:
            wanted[name] -= 1
            chosen.append((field.start, field.end))
    return tuple(reversed(chosen))


def covers_author(claim: Claim, signature: Signature) -> bool:
    """Whether From is signed, and every field by which the claim is made; one that isn't there can't be."""
    claimed = sum(f.name.lower() == claim.field for f in claim.fields)
    return "from" in signature.names and 0 < claimed <= signature.names.count(claim.field)


def unsigned(message: Message, signature: Signature) -> frozenset[str]:
    """The fields that an activity tells of and anybody may have changed."""
    present = {f.name.lower() for f in message.fields}
    return frozenset((LOGGED & present).difference(signature.names))


def fresh(claim: Claim, found: Mapping[str, str], now_s: int, most_s: int, ahead_s: int) -> bool:
    """Whether a signature that was read is of this time, by t= and x=, or where t= is missing by the Date it covers.

    Without that, mail that somebody once got could be sent in for ever.
    """
    if "x" in found and int(found["x"]) < now_s:
        return False
    if "t" in found:
        made = int(found["t"])
    elif claim.message.date and "date" in tag_list.names(found.get("h", "")):
        made = int(claim.message.date.timestamp())
    else:
        return True
    return now_s - most_s <= made <= now_s + ahead_s


def verify(raw: bytes, work: Sequence[tuple[Signature, Key]], *, until: bool) -> list[bool]:
    """Whether each signature holds, in order, up to the first that does (`until` true) or doesn't. Never raises."""
    results: list[bool] = []
    for signature, key in work:
        results.append(_holds(raw, signature, key))
        if results[-1] is until:
            break
    return results


def _holds(raw: bytes, signature: Signature, key: Key) -> bool:
    verifier = dkim.DKIM(logger=_SILENT)
    verifier.headers = [_field(raw, span) for span in signature.covered]
    # For this kind of key dkimpy hands the digest to the key object, and RSA is much faster done there too.
    verifier.ktag, verifier.pk = b"ed25519", key
    found = {b"a": signature.algorithm, b"c": signature.canonical, b"b": signature.value}
    if signature.body:
        begins, found[b"bh"] = signature.body
        verifier.body = raw[begins:]
    name, value = _field(raw, signature.field)
    try:
        return bool(
            verifier.verify_sig_process(
                {tag: text.encode("ascii") for tag, text in found.items()},
                [name.encode("ascii") for name in signature.names],
                (name, tag_list.without_signature(value)),
                None,
            )
        )
    except Exception:  # it raises for what doesn't hold, and other things for odd bytes
        return False


def _field(raw: bytes, span: tuple[int, int]) -> tuple[bytes, bytes]:
    name, _, value = raw[slice(*span)].partition(b":")
    return name, value if value.endswith(b"\r\n") else value + b"\r\n"
