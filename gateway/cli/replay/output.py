"""What `replay` says: a line for each message, the summary, JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway import operator_log
from gateway.cli.listing import colour, escape_all_but_style, line
from gateway.cli.replay.batches import Before, Result
from gateway.core.decision import Decision
from gateway.core.reasons import sentence
from gateway.operator_log import escape
from storage.reads import RecordedDecision

_TOO_LARGE = ("refused", "smtp.too_large")


@dataclass(slots=True)
class Tally:
    """What became of all messages."""

    messages: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Decisions by outcome and reason."""
    created: dict[str, None] = field(default_factory=dict)
    """Addresses of the contacts that were created."""
    faults: int = 0
    """Messages that could not be decided, and files that could not be read."""

    def add(self, result: Result) -> None:
        """Counts a message."""
        self.messages += 1
        if result.too_large:
            self.outcomes[_TOO_LARGE] += 1
        for decision in result.decisions:
            self.outcomes[decision.outcome.value, decision.reason] += 1
            targets = decision.activity.targets if decision.activity else ()
            self.created |= {t.canonical: None for t in targets if t.contact_id is None}
        self.faults += not result.decisions

    @property
    def came_before(self) -> int:
        """Decisions that stood already."""
        return sum(count for (_, reason), count in self.outcomes.items() if reason == "dedupe.retry")


def summary(tally: Tally, seconds: float, *, dry_run: bool) -> list[str]:
    """Decisions by outcome and reason, most of them first, and what came of all."""
    lines = [
        escape_all_but_style([f"{count:>8}", colour(outcome), f"{reason:<26}", sentence(reason)])
        for (outcome, reason), count in tally.outcomes.most_common()
    ]
    rate = f"{seconds:.1f} s ({tally.messages / max(seconds, 0.001):.0f} a second)"
    lines.append(f"Messages: {tally.messages} in {rate}, of which {tally.came_before} came before")
    if tally.faults:
        lines.append(f"Files or messages that could not be read or decided: {tally.faults}")
    if dry_run:
        lines.append(f"Contacts that would be created: {len(tally.created)}")
        lines += [f"    {escape(address)}" for address in sorted(tally.created)]
        lines.append("Nothing was written.")
    else:
        lines.append(f"Contacts created: {len(tally.created)}")
    return lines


def lines(result: Result, users: Mapping[str, str]) -> list[str]:
    """The decisions about a message as `tail` shows them, with its file; `users` are addresses by id."""
    return [f"{line(_recorded(decision, users))}  {_place(result)}" for decision in result.decisions]


def differences(result: Result) -> list[str]:
    """What would become of a message, beside what was recorded of it."""
    return [
        f"{_place(result)}: {_difference(decision, before)}"
        for decision, before in zip(result.decisions, result.before, strict=True)
    ]


def fault(result: Result) -> str:
    """Why a message wasn't decided. The error's own text stays out, as in the log: it may hold content."""
    if result.error is None:
        return f"{_place(result)}: larger than the limit for messages, passed over"
    return f"{_place(result)}: {type(result.error).__name__} at {operator_log.raised_at(result.error)}; not decided"


def record(result: Result) -> dict[str, object]:
    """The message for programs. The thread of one that was decided is known at the end only."""
    decisions: list[dict[str, object]] = [
        {"outcome": d.outcome.value, "reason": d.reason, "flags": list(d.flags), "original": d.number}
        for d in result.decisions
    ]
    if result.too_large:
        decisions = [{"outcome": _TOO_LARGE[0], "reason": _TOO_LARGE[1], "flags": [], "original": 0}]
    for told, before in zip(decisions, result.before, strict=False):
        told["before"] = before and {"outcome": before[0], "reason": before[1]}
    return {
        "file": result.piece.file.encode("utf-8", "replace").decode(),
        "index": result.piece.index,
        "trace_id": result.trace_id,
        "decisions": decisions,
        "thread": None,
        "message_id": result.message_id,
    }


def _difference(decision: Decision, before: Before) -> str:
    now = f"{decision.outcome} {decision.reason}"
    if before is None:
        return now
    then = " ".join(before)
    return f"stays {then}" if decision.first or then == now else f"{then} → {now}"


def _place(result: Result) -> str:
    """The file, and the position of the message where there are several."""
    piece = result.piece
    return escape(f"{piece.file}[{piece.index}]" if piece.index else piece.file)


def _recorded(decision: Decision, users: Mapping[str, str]) -> RecordedDecision:
    user_id = decision.activity.attribution.user_id if decision.activity else None
    return RecordedDecision(
        id="",
        trace_id=decision.trace_id,
        account=decision.account_name,
        channel=decision.channel.value,
        at=decision.at,
        outcome=decision.outcome.value,
        reason=decision.reason,
        flags=decision.flags,
        stages=(),
        size_class=0,
        deliveries=1,
        entry_id=None,
        activity_id=None,
        user=users.get(user_id) if user_id else None,
    )
