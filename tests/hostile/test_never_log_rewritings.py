"""Whatever is done to an address that still delivers to it, it is the same to the never-log list; what names another
mailbox is another one.
"""

from __future__ import annotations

import base64
import unicodedata

import idna
from fakes.deliveries import ANA, mail
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.address_keys import entry_keys, parse_pattern, token_keys
from gateway.core.message import read

LISTED = (
    ("ceo", "straße.example"),
    ("jean-luc.p", "bücher.rival.example"),
    ("o'neil_1", "rival.example"),
    ("björn", "xn--n3h.example"),  # a snowman, which no registry would give out
)
FIELDS = ("To", "Cc", "Bcc", "Reply-To", "Sender", "Resent-To", "Delivered-To", "X-Original-To", "Return-Path", "cC ")
COMMENTS = ("", "", "", "(x)", "(a(b)c)", "((((((((((x))))))))))", '("@)', "(\\))", "( )")
GAPS = ("", "", "", " ", "\t", "\r\n ", "\r\n\t ")
UNSEEN = ("\u00ad", "\u200b", "\u2060", "\u200d", "\ufe0f", "\U000e0041")
Draw = st.DrawFn


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in text)


def gap(draw: Draw) -> str:
    return draw(st.sampled_from(GAPS)) + draw(st.sampled_from(COMMENTS)) + draw(st.sampled_from(GAPS))


def any_case(draw: Draw, text: str) -> str:
    """The text with some letters upper-case, but those whose upper case is more than one letter."""
    return "".join(draw(st.sampled_from((c, c.upper()))) if len(c.upper()) == 1 else c for c in text)


def rewritten_local(draw: Draw, local: str) -> str:
    local = any_case(draw, local) + draw(st.sampled_from(("", "", "+x", "+a+b")))
    match draw(st.sampled_from(("plain", "plain", "quoted", "pairs", "wide", "decomposed"))):
        case "quoted":
            return f'"{local}"'
        case "pairs":
            return '"' + "".join(draw(st.sampled_from((c, f"\\{c}"))) for c in local) + '"'
        case "wide":
            return wide(local)
        case "decomposed":
            return unicodedata.normalize("NFD", local)
    return local


def rewritten_label(draw: Draw, label: str) -> str:
    if label.isascii():
        return any_case(draw, draw(st.sampled_from((label, label, wide(label) if "--" not in label else label))))
    form = draw(st.sampled_from(("as it is", "A-label", "decomposed", "unseen")))
    if form == "A-label":
        return any_case(draw, idna.encode(label).decode())
    if form == "unseen":
        at = draw(st.integers(1, len(label) - 1))
        return label[:at] + draw(st.sampled_from(UNSEEN)) + label[at:]
    return any_case(draw, unicodedata.normalize("NFD", label) if form == "decomposed" else label)


def rewritten_spec(draw: Draw, local: str, domain: str, dots: str = "...。．｡") -> str:
    gaps = len(dots) > 1 and draw(st.booleans())
    name, *others = (rewritten_label(draw, label) for label in domain.split("."))
    for other in others:
        name += (gap(draw) + "." + gap(draw) if gaps else draw(st.sampled_from(dots))) + other
    before, behind = (gap(draw), gap(draw)) if gaps else ("", "")
    return f"{rewritten_local(draw, local)}{before}@{behind}{name}{draw(st.sampled_from(('', '', '.')))}"


def wrapped(draw: Draw, spec: str) -> str:  # noqa: C901 - a table
    match draw(st.integers(0, 12)):
        case 0:
            return f"<{spec}>"
        case 1:
            return f"Some Body <{spec}>"
        case 2:
            return f'"Body, Some" <{spec}>'
        case 3:
            return f"<<{spec}>>"
        case 4:
            return f"<mailto:{spec}>"
        case 5:
            return f"<@a.example,@b.example:{spec}>"
        case 6:
            return f"team: x@other.example, {spec};"
        case 7:
            return f"x@other.example{draw(st.sampled_from((', ', ';', ' ', ',,')))}{spec}"
        case 8:
            return f"(to) {spec} (him)"
        case 9:
            return f"'{spec}'"
        case 10:
            return f"Body <body <{spec}>>"
        case 11:
            return f"{spec}{draw(st.sampled_from((', ', '; ')))}y@other.example"
    return spec


def encoded(draw: Draw, text: str) -> str:
    """The text in encoded words, where they may stand."""
    unfolded = " ".join(text.split())
    match draw(st.integers(0, 4)):
        case 0:
            return f"=?utf-8?b?{base64.b64encode(unfolded.encode()).decode()}?="
        case 1:
            return "=?utf-8?q?" + "".join(f"={b:02X}" for b in unfolded.encode()) + "?="
        case 2:
            at = draw(st.integers(1, max(1, len(unfolded.encode()) - 1)))
            pieces = unfolded.encode()[:at], unfolded.encode()[at:]
            return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(piece).decode()}?=" for piece in pieces)
    return text


@st.composite
def rewritings(draw: Draw) -> tuple[str, str, str]:
    """The listed address, the field, and how the address is written there."""
    local, domain = draw(st.sampled_from(LISTED))
    text = wrapped(draw, rewritten_spec(draw, local, domain))
    return f"{local}@{domain}", draw(st.sampled_from(FIELDS)), encoded(draw, text)


def named(field: str, text: str) -> frozenset[str]:
    """All that a message with this field is held against the list by."""
    message = read(f"{field}: {text}\r\n".encode() + mail(ANA, "kim@client.example").replace(b"To:", b"X:", 1))
    tokens = {token for _, mailbox in message.mailboxes() for token in (*mailbox.tokens, mailbox.canonical)}
    tokens |= {token for _, token in message.nets.tokens}
    return frozenset(key for token in tokens if token for key in token_keys(token))


@settings(max_examples=400, deadline=None)
@given(rewritings())
def test_any_rewriting_of_a_listed_address_is_hit(rewriting: tuple[str, str, str]) -> None:
    """N34, in any combination: case, quotes, comments, folds, blanks, IDN forms, routes, groups, encoded words."""
    address, field, text = rewriting
    for pattern in (address, f"*@{address.partition('@')[2]}"):
        assert entry_keys(parse_pattern(pattern)) & named(field, text), (pattern, field, text)


@st.composite
def others(draw: Draw) -> tuple[str, str, str]:
    """A listed address, the field, and how an address that is nearly the same is written there."""
    local, domain = draw(st.sampled_from(LISTED))
    letter, at = draw(st.sampled_from("axz2-.")), draw(st.integers(1, len(local) - 1))
    other, elsewhere = draw(
        st.sampled_from(
            (
                (local[:at] + letter + local[at:], domain),
                (f"x{local}", domain),
                (local[:-1], domain),
                (local, f"mail.{domain}"),
                (local, f"x{domain}" if not domain.startswith("xn--") else f"a.{domain}"),
                (local, f"{domain}.example"),
                (local, domain.replace("e.", "\u0435.", 1) if "e." in domain else f"a.{domain}"),
            )
        )
    )
    if other.startswith(local + "."):
        other = "x" + other
    # The listed domain with a blank or an ideographic stop behind it might be the end of a sentence.
    spec = rewritten_spec(draw, other, elsewhere, "." if elsewhere.startswith(f"{domain}.") else "...。．｡")
    return f"{local}@{domain}", draw(st.sampled_from(FIELDS)), wrapped(draw, spec)


@settings(max_examples=300, deadline=None)
@given(others())
def test_no_rewriting_of_another_address_is_hit(rewriting: tuple[str, str, str]) -> None:
    address, field, text = rewriting
    assert not entry_keys(parse_pattern(address)) & named(field, text), (field, text)
