"""docs/reasons.md: the catalogue, with an example from the golden cases."""

from __future__ import annotations

import tomllib
from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

from docs.generate.common import ROOT
from gateway.core.reasons import ATTRIBUTION, FINDINGS, FLAGS, REASONS
from gateway.smtp import replies

CASES = ROOT / "fixtures" / "messages"

ABOUT_EXAMPLES = """\
For each reason that reading a message can give, one of the messages with which it is tested: what it shows, and what
`bcc-gateway explain` says of it, with the last of its stages. [The world](../fixtures/world.toml) in which they are
decided has the users, contacts, never-log entries and mail servers; where an example is logged by another rule than
`replies_only`, its folder says so. The reasons without an example are given in the SMTP dialogue, by a person, or when
something was erased or its time was over.
"""


class Case(NamedTuple):
    """A golden case of fixtures/messages."""

    folder: Path
    why: str
    explanation: list[str]
    """Of the message, or of the first original in it."""


def cases() -> dict[str, Case]:
    """Of each reason that a golden case ends with the plainest one: which needs least and has least to say."""
    found: dict[str, tuple[tuple[int, int], Case]] = {}
    for path in sorted(CASES.glob("*/*/case.toml")):
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        lines = (path.parent / "expected.txt").read_text(encoding="utf-8").splitlines()
        reason, needs = lines[0].split()[1], (len(set(told) - {"why", "to"}), len(lines))
        if reason not in found or needs < found[reason][0]:
            found[reason] = needs, Case(path.parent, told["why"], lines)
    return {reason: case for reason, (_, case) in found.items()}


def reasons() -> str:
    examples = cases()
    lines = [
        "# Reasons",
        "",
        "Every decision names a reason, flags and what each stage found. This page lists them all.",
    ]
    lines += _catalogue("Reasons", "The one reason of a decision, behind its outcome.", REASONS, examples)
    lines += _catalogue("Flags", "What is remarkable besides, whatever the outcome.", FLAGS)
    lines += _catalogue("Attribution", "By which rule a user was named.", ATTRIBUTION)
    lines += _catalogue("Findings", "What the stages say besides the slugs above.", FINDINGS)
    lines += ["", "## Examples", "", ABOUT_EXAMPLES.rstrip()]
    for slug in REASONS:
        if slug in examples:
            lines += ["", *_example(slug, examples[slug])]
    return "\n".join(lines) + "\n"


def _catalogue(title: str, about: str, catalogue: dict[str, str], examples: Container[str] = ()) -> list[str]:
    lines = ["", f"## {title}", "", about, "", "| slug | means |", "|---|---|"]
    for slug, sentence in catalogue.items():
        shown = f"[`{slug}`](#{slug.replace('.', '')})" if slug in examples else f"`{slug}`"
        answer = replies.refusal(slug)
        told = f" Answered `{answer.code} {answer.status} {answer.text}`." if slug.startswith("smtp.") else ""
        lines.append(f"| {shown} | {sentence}{told} |")
    return lines


def _example(slug: str, case: Case) -> list[str]:
    folder = f"../{case.folder.relative_to(ROOT).as_posix()}"
    end = next((n for n, line in enumerate(case.explanation) if n and not line.startswith(" ")), len(case.explanation))
    stages = case.explanation.index("  stages:")
    last = max(n for n in range(stages + 1, end) if case.explanation[n][4] != " ")
    shown = [*case.explanation[:stages], "  …" if last > stages + 1 else "", *case.explanation[last:end]]
    links = f"[message]({folder}/message.eml), [the whole explanation]({folder}/expected.txt)"
    return [f"### {slug}", "", f"{case.why} ({links})", "", *(f"    {line}" for line in shown if line)]
