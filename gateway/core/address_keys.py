"""What the never-log list is compared by: an entry and an address each yield keys, and any common key is a hit.

The normalisation is aggressive on purpose (case, width, IDNA both ways, quoting, comments, subaddress): a listed
person must not slip through by spelling. Attribution never uses these keys.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import idna

_DOTS = str.maketrans("。．｡", "...")
IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Default_Ignorable_Code_Point of Unicode, as the inside of a character class: what nobody sees."""
_UNSEEN = re.compile(rf"[\s{IGNORABLE}]+")
_COMMENT = re.compile(r"\([^()]*\)")
_SPECIAL = re.compile(r"[\s@<>()\[\],;:\\\"]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)+"')
_LONGEST_LABEL = 63
_PLAIN = re.compile(r"[a-z0-9._=/-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\Z")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A never-log entry's pattern: kind is address, domain or subdomain; text is how it is shown."""

    kind: str
    text: str


def parse_pattern(typed: str) -> Pattern:
    """What a person typed, as a pattern.

    `name@domain`, `*@domain` (that domain exactly), `*@*.domain` (its subdomains); a bare domain is read as `*@domain`.
    Raises ValueError with a sentence for the person.
    """
    text = typed.strip()
    if "@" not in text:
        text = f"*@{text.removeprefix('*.') if not text.startswith('*.') else text}"
    local, _, domain = text.rpartition("@")
    below = domain.startswith("*.")
    name = domain.removeprefix("*.")
    if not _is_local(local) or not _is_domain(name) or "*" in name or (local != "*" and (below or "*" in local)):
        raise ValueError(f"{typed!r} is not name@domain, *@domain or *@*.domain")
    kind = "subdomain" if below else "domain" if local == "*" else "address"
    return Pattern(kind, f"{local}@{domain.lower()}")


def entry_keys(pattern: Pattern) -> frozenset[str]:
    """The keys under which an entry is stored. An address entry keeps its subaddress."""
    local, _, domain = pattern.text.rpartition("@")
    if pattern.kind == "address":
        return frozenset(f"a:{_local(local)}@{form}" for form in domain_forms(domain))
    letter = "s" if pattern.kind == "subdomain" else "d"
    return frozenset(f"{letter}:{form}" for form in domain_forms(domain.removeprefix("*.")))


def token_keys(token: str) -> frozenset[str]:
    """The keys of an address-like token: the address with and without subaddress, its domain, each domain above."""
    lower = token.lower()
    if _PLAIN.match(lower) and "xn--" not in lower:
        local, _, domain = lower.partition("@")
        locals_, forms = {local}, frozenset((domain,))
    else:
        written, _, domain = token.rpartition("@")
        local = _local(written)
        locals_, forms = {local, local.partition("+")[0] or local}, domain_forms(domain)
    keys = {f"a:{name}@{form}" for name in locals_ for form in forms}
    for form in forms:
        keys.add(f"d:{form}")
        rest = form
        while "." in rest:
            rest = rest.partition(".")[2]
            keys.add(f"s:{rest}")
    return frozenset(keys)


def domain_forms(domain: str) -> frozenset[str]:
    """Every spelling of a domain that counts as the same: its IDNA2008 and IDNA2003 A-labels, or itself if it has none.

    The two differ where case folding changes a letter (ß and ss, final sigma), so both foldings are encoded.
    """
    text = unicodedata.normalize("NFKC", _COMMENT.sub("", domain).translate(_DOTS))
    text = _UNSEEN.sub("", text).strip(".").lower()
    if "xn--" in text:
        text = ".".join(map(_u_label, text.split(".")))
    if text.isascii():
        return frozenset((text,))
    return frozenset(".".join(map(_a_label, form.split("."))) for form in (text, text.casefold()))


def _local(written: str) -> str:
    text = _COMMENT.sub("", unicodedata.normalize("NFKC", written)).strip()
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    text = _UNSEEN.sub("", text.replace('"', "").replace("\\", ""))
    return unicodedata.normalize("NFKC", text.casefold())


def _u_label(label: str) -> str:
    """What an A-label stands for, whether or not a registry would give it out."""
    if not label.startswith("xn--") or len(label) > _LONGEST_LABEL:
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").lower()
    except UnicodeError:
        return label


def _a_label(label: str) -> str:
    if label.isascii() or len(label) > _LONGEST_LABEL:
        return label
    try:
        return idna.encode(label, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        pass
    try:
        return f"xn--{label.encode('punycode').decode()}"
    except UnicodeError:
        return label


def _is_local(local: str) -> bool:
    """One name: of two addresses typed together, or one in angle brackets, neither would be found in any message."""
    return _QUOTED.fullmatch(local) is not None or (local != "" and not _SPECIAL.search(local))


def _is_domain(name: str) -> bool:
    return not _SPECIAL.search(name) and all("." in form and ".." not in form for form in domain_forms(name))
