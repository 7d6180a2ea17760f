"""Several works at once are right if one after the other, in the order in which a store took them, each would have been
told the same and all had ended the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fakes.ends import End, differences
from fakes.one_by_one import OneByOne
from fakes.works import FAILED, LEFT, Told, Work


@dataclass(frozen=True)
class Answered:
    """A work, and what the store told whoever asked."""

    work: Work
    told: Told


def compare(oracle: OneByOne, answered: Sequence[Answered], ends: Mapping[str, End]) -> None:
    """Brings the oracle where the store is. Raises AssertionError, which tells a person where they part."""
    lines = ["One after the other these would have said or left something else:"]
    for one in answered:
        lines.append(f"- {one.work}")
        if one.told is FAILED:  # it has left nothing, which is seen in the end
            continue
        said = one.work.alone(oracle)
        same = one.told is LEFT or list(said) == list(one.told)
        assert same, "\n".join([*lines, *_unlike(one.told, said)])
    unlike = [f"{name}:\n{told}" for name, end in ends.items() if (told := differences(end, oracle.end(name)))]
    assert not unlike, "\n".join([*lines, "Each was told the same, but it ends otherwise.", *unlike])


def _unlike(store: Told, alone: Told) -> Iterable[str]:
    yield f"    at once: {_brief(store)}"
    yield f"    alone:   {_brief(alone)}"
    for ours, theirs in zip(store, alone, strict=False):
        if ours != theirs and isinstance(ours, tuple) and isinstance(theirs, tuple):
            yield f"    at once only: {[x for x in ours[3] if x not in theirs[3]]} {ours[4]}"
            yield f"    alone only:   {[x for x in theirs[3] if x not in ours[3]]} {theirs[4]}"


def _brief(told: Told) -> str:
    return ", ".join(" ".join(map(str, t[:3])) if isinstance(t, tuple) else str(t) for t in told)
