"""Decisions as lines, for `tail` and `trace`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from gateway.core.explain import KEPT, WAITS, render
from gateway.core.model import Finding, Outcome
from gateway.core.reasons import finding
from gateway.operator_log import escape
from storage.reads import RecordedDecision

_COLOURS = {"logged": "green", "merged": "cyan", "skipped": "yellow", "held": "magenta", "refused": "red"}


def line(decision: RecordedDecision) -> str:
    """One decision on one line: time, outcome, reason, account, channel, user, trace id, flags."""
    when = datetime.fromtimestamp(decision.at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    words = [when, colour(decision.outcome), f"{decision.reason:<26}"]
    words += [f"{decision.account + '/' + decision.channel:<16}", f"{decision.user or '-':<28}"]
    words += [decision.trace_id, *decision.flags]
    words += ["(decided again later)"] if decision.superseded_by else []
    return escape_all_but_style(words)


def colour(outcome: str) -> str:
    """The outcome in its colour, padded."""
    return click.style(f"{outcome:<8}", fg=_COLOURS.get(outcome))


def escape_all_but_style(words: Sequence[str]) -> str:
    """Joins words; what comes from mail or people can't steer the terminal, our own colours can."""
    return "  ".join(word if word.startswith("\x1b[") else escape(word) for word in words)


def as_record(decision: RecordedDecision) -> dict[str, object]:
    """The decision for programs."""
    return {
        "trace_id": decision.trace_id,
        "at": datetime.fromtimestamp(decision.at / 1000, UTC).isoformat(timespec="milliseconds"),
        "account": decision.account,
        "channel": decision.channel,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "flags": list(decision.flags),
        "user": decision.user,
        "entry_id": decision.entry_id,
        "activity_id": decision.activity_id,
        "deliveries": decision.deliveries,
        "waits": bool(decision.waits),
        "superseded_by": decision.superseded_by,
        "size_class": decision.size_class,
    }


def findings_record(said: Sequence[Finding]) -> list[dict[str, str]]:
    """What the stages said, for programs."""
    return [{"stage": f.stage, "slug": f.slug, "evidence": f.evidence} for f in said]


def text(decision: RecordedDecision, said: Sequence[Finding]) -> str:
    """The explanation as it was recorded: of a skipped message the stages without evidence, of some nothing."""
    told = said or [finding(stage, slug) for stage, slug in decision.stages]
    kept = WAITS if decision.waits else KEPT[Outcome(decision.outcome)]
    if decision.outcome == "skipped" and not decision.stages:
        kept = "nothing of the message"
    if decision.outcome == "held" and decision.superseded_by:
        kept = "nothing more; it was decided again"
    return render(
        decision.outcome,
        decision.reason,
        decision.flags,
        told,
        account=decision.account,
        channel=decision.channel,
        kept=kept,
    )
