"""DKIM, whatever comes: folding and fields outside don't matter, every signed byte does, and nothing raises."""

from __future__ import annotations

import re

import pytest
from fakes.signing import MESSAGE, NOW, Signer, Zone, split
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.authenticate import dkim
from gateway.authenticate.dmarc import Alignment
from gateway.core.claims import Claim
from gateway.core.limits import DkimLimits
from gateway.core.message import read
from gateway.core.model import Evidence, Proof

# A busy machine is slow; how much work is done is asserted elsewhere.
patient = settings(deadline=None)
ALICE = (Proof("dkim", "corp.example"),)
SIGNERS = {key: Signer(key=key) for key in ("rsa-1024", "ed25519")}
SIGNED = {
    (key, c): signer.sign(MESSAGE, c=c) for key, signer in SIGNERS.items() for c in ("relaxed/relaxed", "simple/simple")
}
FORMS = st.sampled_from(sorted(SIGNED))


async def check(raw: bytes, key: str) -> Evidence:
    """Of bytes as they are, even where the border would not have let them through."""
    zone = Zone(SIGNERS[key].zone())
    claim = Claim(read(raw), raw, "from", read(b"From: alice@corp.example\r\n\r\n").from_[0])
    speaks = Alignment("corp.example", zone)
    return await dkim.check(claim, speaks, zone, NOW * 1000, DkimLimits())


@given(FORMS, st.integers(min_value=0), st.integers(0, 255))
@settings(patient, max_examples=400)
async def test_no_byte_of_signed_mail_can_change_what_was_said(form: tuple[str, str], place: int, byte: int) -> None:
    raw = SIGNED[form]
    place %= len(raw)
    changed = raw[:place] + bytes([byte]) + raw[place + 1 :]
    found = await check(changed, form[0])
    assert not found.proofs or meaning(changed) == meaning(raw)


def meaning(raw: bytes) -> list[bytes]:
    """All that a signature speaks for, without what relaxed canonical forms leave open, and its base64 apart."""
    fields, body = split(raw)
    said = [name.lower() + b":" + re.sub(rb"\s+", b" ", value).strip() for name, value in fields[1:]]
    return [*said, re.sub(rb"[ \t]+", b" ", body).replace(b" \r\n", b"\r\n").rstrip(b"\r\n")]


@given(
    FORMS,
    st.lists(
        st.sampled_from(
            [b"X-Note: a\r\n", b"X-Note: a\r\n\tb\r\n", b"x-other:b \r\n", b"Received: by x\r\n \r\n\tnow\r\n"]
        ),
        max_size=6,
    ),
    st.integers(0, 6),
)
@patient
async def test_fields_outside_the_signature_never_matter(
    form: tuple[str, str], others: list[bytes], place: int
) -> None:
    raw = SIGNED[form]
    starts = [0, *(m.end() for m in re.finditer(rb"\r\n(?![ \t])", raw[: raw.index(b"\r\n\r\n") + 2]))]
    at = starts[place % len(starts)]
    assert (await check(raw[:at] + b"".join(others) + raw[at:], form[0])).proofs == ALICE


@given(st.binary(max_size=120) | st.text(alphabet="abdhsvt=;:@. \t/+1", max_size=120).map(str.encode))
@example(b"b=" * 60)
@example(b"v=1; a=rsa-sha256; d=corp.example; s=s; h=from; bh=AAAA; b=AAAA; t=99999999999999999999")
@patient
async def test_any_signature_field_is_judged_without_trouble(value: bytes) -> None:
    found = await check(b"DKIM-Signature: " + value + b"\r\n" + MESSAGE, "ed25519")
    assert (found.proofs, found.pending) == ((), ())
    assert found.seen


@given(
    st.dictionaries(
        st.sampled_from(["v", "a", "c", "d", "i", "s", "t", "x", "l", "h", "bh", "q", "z", "b"]),
        st.sampled_from(
            [
                "",
                "1",
                "corp.example",
                "@corp.example",
                "relaxed",
                "simple/simple",
                "from",
                "AAAA",
                "9" * 13,
                "\u00fc",
                ":",
            ]
        ),
        max_size=3,
    )
)
@patient
async def test_any_tags_are_judged_without_trouble(tags: dict[str, str]) -> None:
    raw = SIGNED["ed25519", "relaxed/relaxed"]
    header, _, rest = raw.partition(b"\r\nFrom:")
    for name, value in tags.items():
        header = re.sub(rb"(?<=[;\s])%s=[^;]*" % name.encode(), f"{name}={value}".encode(), header, count=1)
    found = await check(header + b"\r\nFrom:" + rest, "ed25519")
    assert found.seen
    assert not found.proofs or header == raw.partition(b"\r\nFrom:")[0]


@pytest.mark.parametrize("junk", [b"", b"\r\n", b"From", b"DKIM-Signature: x", b"DKIM-Signature:\r\n\r\n", b"\xff\xfe"])
async def test_mail_that_is_hardly_any_is_judged_without_trouble(junk: bytes) -> None:
    assert (await check(junk, "ed25519")).proofs == ()
