"""A DMARC policy record: its tags (RFC 9989 §4.7, §4.8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

_TAG = re.compile(r"[ \t]*+([A-Za-z]++)[ \t]*+=([\t -~]*+)")
_POLICIES = frozenset({"none", "quarantine", "reject"})
_ENFORCED = frozenset({"quarantine", "reject"})


@dataclass(frozen=True, slots=True)
class PolicyRecord:
    tags: Mapping[str, str]
    """Names and values in lower case; of a value that isn't one of its tag's, the default."""

    @property
    def psd(self) -> str:
        """ "y" for a public suffix, "n" for an organization, "" for neither said."""
        return self.tags.get("psd", "")

    def strict(self, method: Literal["dkim", "spf"]) -> bool:
        """Only the same domain is aligned, for this kind of identifier."""
        return self.tags.get("adkim" if method == "dkim" else "aspf") == "s"

    def enforced(self, tag: Literal["p", "sp", "np"]) -> bool:
        """It asks for quarantine or rejection, and not for a test only; sp stands in for np, and p for both."""
        if self.tags.get("t") == "y" or not self._sound():
            return False
        order = {"p": ("p",), "sp": ("sp", "p"), "np": ("np", "sp", "p")}[tag]
        return next((self.tags[name] for name in order if name in self.tags), "") in _ENFORCED

    def of_public_suffix(self) -> PolicyRecord:
        return replace(self, tags={**self.tags, "psd": "y"})

    def _sound(self) -> bool:
        """A record without a valid policy counts as one that asks for reports only (RFC 9989 §4.10.1)."""
        return "p" in self.tags and all(self.tags.get(name, "none") in _POLICIES for name in ("p", "sp", "np"))


def read_record(texts: Iterable[bytes]) -> PolicyRecord | None:
    """The policy record among the TXT records of a _dmarc name; None for none, or for several."""
    records = [tags for text in texts if (tags := _tags(text))]
    return PolicyRecord(records[0]) if len(records) == 1 else None


def _tags(text: bytes) -> dict[str, str]:
    """{} for what is no DMARC record. A piece that is no tag is passed over; of a tag twice, the first counts."""
    version, *rest = text.decode("latin-1").split(";")
    match = _TAG.fullmatch(version)
    if not match or match[1].lower() != "v" or match[2].strip() != "DMARC1":
        return {}
    tags = {"v": "DMARC1"}
    for part in rest:
        if match := _TAG.fullmatch(part):
            tags.setdefault(match[1].lower(), match[2].strip().lower())
    if tags.get("psd") not in ("y", "n"):
        tags.pop("psd", None)
    return tags
