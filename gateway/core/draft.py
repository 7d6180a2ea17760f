"""What the stages have said so far, and the decision it makes."""

from __future__ import annotations

import re
from dataclasses import replace

from gateway.core import reply_text, stored
from gateway.core.decision import Activity, Attribution, Decision, Remembered, Target
from gateway.core.facts import (
    Facts,
    FirstDecision,
    KnownActivity,
    KnownMessage,
    KnownThread,
    Rule,
    StoredParticipant,
)
from gateway.core.model import Finding, Outcome, Role
from gateway.core.participants import person_of
from gateway.core.questions import Case
from gateway.core.reasons import finding
from gateway.core.remember import remember
from gateway.core.results import Duplicate, Judgement, People, Person, Place, Standing, Stop

OPEN_FOR_MERGING = 15 * 60 * 1000
"""Ms in which another copy may still change an activity's attribution."""

_AT_ONCE = 10 * 60 * 1000
_BY_SENDER = ("attribution.author", "attribution.on_behalf")
"""A user whose own mail it is, before one who forwards it."""
_WORD = re.compile(r"[\w.-]+")


class Draft:
    """The decision in the making. The stages' results are put here in their order."""

    people: People
    named: tuple[Person, ...]
    """Whom this copy names, without those of earlier copies."""
    standing: Standing
    duplicate: Duplicate
    targets: tuple[Target, ...]
    attribution: Attribution

    def __init__(self, case: Case, facts: Facts) -> None:
        self.case = case
        self.facts = facts
        self.listed: Judgement | None = None
        self.found: Place | None = None
        """Set once the message may touch threads: neither reports nor unproven names do."""
        self.place: Place | None = None
        """The same, or what the activity's earlier copies make of it."""
        self.findings: list[Finding] = []
        self.flags: list[str] = []

    def stand(self, place: Place) -> None:
        """Takes the message's place among threads: that of its earlier copies, where its own ids lead nowhere."""
        self.found = self.place = place
        self.named = self.people.persons
        known = place.thread is None and self.earlier and self.earlier.thread_id
        self.say(finding("thread_policy", "thread.joined") if known else place.finding)

    def say(self, seen: Finding, flags: tuple[str, ...] = ()) -> None:
        """Adds what a stage saw."""
        self.findings.append(seen)
        self.flags += flags

    @property
    def left(self) -> People:
        """The people whom the never-log list leaves."""
        passed_over = self.listed.passed_over if self.listed else ()
        return self.people.without(passed_over) if passed_over else self.people

    @property
    def earlier(self) -> KnownActivity | None:
        """The activity that another copy of this mail has made."""
        return self.duplicate.same.activity if self.duplicate.same else None

    @property
    def explicit(self) -> bool:
        """A person asked for the message, by this copy or an earlier one."""
        return self.standing.explicit or (self.earlier is not None and self.earlier.explicit)

    @property
    def creates(self) -> frozenset[str]:
        """Who may become a contact: anybody by the rule, else whom an explicit copy names itself."""
        asked_for = self.named if self.standing.explicit else ()
        by_rule = self.facts.account.settings.rule is Rule.LOG_ALL_AND_CREATE
        return frozenset(p.canonical for p in (self.people.persons if by_rule else asked_for))

    @property
    def _in_logged_thread(self) -> bool:
        return self.place is not None and self.place.logged

    def own_list(self) -> bool:
        """The message came through a list or group in a domain of the account's own."""
        names = ("list-id", "list-post", "x-beenthere")
        words = (w.lower() for name in names for value in self.case.message.all(name) for w in _WORD.findall(value))
        return any(w == d or w.endswith(f".{d}") for w in words for d in self.facts.account.domains)

    def answers_ours(self) -> bool:
        """Its In-Reply-To names a message that came before."""
        threads = (self.facts.threads.get(h) for h in self.case.asked.parents.in_reply_to)
        return any(t is not None and t.seen for t in threads)

    def quick_answer(self) -> bool:
        """It came within minutes of the message that it answers, and quotes nothing."""
        answered = (self.facts.threads.get(h) for h in self.case.asked.parents.in_reply_to)
        ages = (self.case.envelope.received_at - t.seen_at for t in answered if t is not None and t.seen)
        text = self.case.message.text.strip()
        return any(0 <= age <= _AT_ONCE for age in ages) and reply_text.trim(text) == text

    def unite(self, earlier: KnownActivity, place: Place) -> Place:
        """Takes in what the earlier copies brought: any order of the same copies ends in the same activity.

        The thread is the activity's own by now, so it says nothing more about contacts and attribution than that.
        """
        known = [person_of(p, self.facts) for p in earlier.participants if p.canonical]
        passed_over = self.listed.passed_over.items() if self.listed else ()
        self.people = self.people.joined(known, {i for i, entry in passed_over if entry.user_id})
        thread = place.thread or KnownThread("", seen=False, seen_at=0, subject_hash="", messages=0, started_at=0)
        thread = replace(thread, logged=True, members=frozenset(), contacts=earlier.contacts)
        self.place = replace(place, thread=thread, counts=True, follows=True)
        return self.place

    def withheld_before(self) -> int:
        """Recipients whom this copy doesn't name and of whom only the never-log entry is known, from earlier copies or
        from before it was held.
        """
        passed_over = self.listed.passed_over.items() if self.listed else ()
        here = {(self.people.persons[i].role, entry.id) for i, entry in passed_over}
        before = {(p.role, p.entry_id) for p in self._placeholders()}
        return sum(role in (Role.TO, Role.CC) for role, _ in before - here)

    def _placeholders(self) -> list[StoredParticipant]:
        earlier = self.earlier.participants if self.earlier else ()
        return [p for p in (*earlier, *self.case.passed_over) if p.entry_id]

    def attribute(self, chosen: Attribution) -> Attribution:
        """What this copy says, or what the activity has: an older one keeps its user, and a thread's user was chosen by
        what the thread was before it.
        """
        earlier, standing = self.earlier, self.standing
        if earlier and not standing.writer:
            late = self.case.envelope.received_at - earlier.opened_at > OPEN_FOR_MERGING
            stays = not standing.forwarder and (late or earlier.attribution == "attribution.thread_user")
            if earlier.explicit or stays or earlier.attribution in _BY_SENDER:
                chosen = Attribution(earlier.attribution, earlier.user_id, earlier.candidates, earlier.owner_id)
        self.attribution = chosen
        return chosen

    def repeat(self, first: FirstDecision) -> Decision:
        """The same bytes and envelope again: the first decision stands."""
        return self._decision(Outcome.MERGED, "dedupe.retry", first=first)

    def end(self, stop: Stop, waits_until: int | None = None) -> Decision:
        """Skipped, held or refused."""
        return replace(self._decision(stop.outcome, stop.reason, stop=stop), waits_until=waits_until)

    def keep_out(self, stop: Stop, entries: tuple[str, ...], same: KnownMessage | None) -> Decision:
        """Skipped by these entries, with all copies that don't show whom they name: those that come, and what earlier
        ones made.
        """
        activity = same.activity if same else None
        if activity:
            self.say(finding("never_log", "never_log.withdrawn"))
        return replace(self.end(stop), keeps_out=entries, withdraws=activity.id if activity else None)

    def logged(self) -> Decision:
        """An activity: a new one, or an earlier one with what this copy adds."""
        reason, outcome = self._reason(), Outcome.MERGED if self.earlier else Outcome.LOGGED
        return self._decision(outcome, reason, activity=self._activity())

    def _activity(self) -> Activity:
        people = stored.participants(self.people, self.listed, self._placeholders())
        made = stored.activity(self.case, self.standing, people, self.targets, self.attribution, self._withheld())
        if self.earlier is None:
            return made
        better = made.richness > self.earlier.richness
        return replace(made, into=self.earlier.id, explicit=self.explicit, replaces_content=better)

    def _reason(self) -> str:
        if self.earlier:
            return "dedupe.merged"
        if self.standing.explicit:
            asked = "forward" if self.standing.forwarder else "bcc"
            return "dedupe.upgraded" if self.duplicate.same else f"explicit.{asked}"
        if self.standing.approved:
            return "sender.approved"
        created = any(t.contact_id is None for t in self.targets)
        if created:
            return "rule.log_all_and_create"
        return "thread.logged" if self._in_logged_thread else "rule.log_all"

    def _decision(
        self,
        outcome: Outcome,
        reason: str,
        *,
        stop: Stop | None = None,
        first: FirstDecision | None = None,
        activity: Activity | None = None,
    ) -> Decision:
        case, asked = self.case, self.case.asked
        return Decision(
            trace_id=case.envelope.trace_id,
            account_id=self.facts.account.id,
            account_name=self.facts.account.name,
            channel=case.recipient.channel,
            at=case.envelope.received_at,
            outcome=outcome,
            reason=reason,
            size=case.outer.size,
            retry_hash=asked.retry,
            number=asked.number,
            id_hash=asked.message_id,
            flags=self._flags(activity),
            findings=tuple(self.findings),
            entry_id=stop.entry_id if stop else None,
            first=first.id if first else None,
            activity=activity,
            remembered=self._remembered(logged=activity is not None),
            redact=self._withheld(),
            passed_over=self._passed_over(),
            failed=self._failed(reason),
        )

    def _flags(self, activity: Activity | None) -> tuple[str, ...]:
        flags = list(self.flags)
        if activity:
            flags += self.place.flags if self.place and self.place.logged else ()
            flags += ["date.assumed"] if self._date_assumed() else []
            flags += ["bcc.hidden"] if any(p.hidden for p in activity.participants) else []
            flags += ["participants.truncated"] if len(self.people.persons) > stored.MAX_PARTICIPANTS else []
            flags += ["attribution.none"] if activity.attribution.user_id is None else []
        return tuple(dict.fromkeys(flags))

    def _date_assumed(self) -> bool:
        return self.case.message.date is None or (self.case.original is not None and self.case.original.date_assumed)

    def _withheld(self) -> tuple[str, ...]:
        """The tokens of the passed-over participants."""
        passed_over = self.listed.passed_over if self.listed else ()
        return tuple(dict.fromkeys(t for i in passed_over for t in self.people.persons[i].tokens))

    def _passed_over(self) -> tuple[StoredParticipant, ...]:
        """Their placeholders, and those of whom the copy no longer names."""
        passed_over = self.listed.passed_over.items() if self.listed else ()
        here = [stored.placeholder(self.people.persons[i], entry) for i, entry in passed_over]
        return tuple(dict.fromkeys((*self.case.passed_over, *here)))

    def _remembered(self, *, logged: bool) -> Remembered | None:
        if self.found is None:
            return None
        return remember(self.case.asked, self.found, self.left, self.standing, self.duplicate, logged=logged)

    def _failed(self, reason: str) -> tuple[tuple[str, str], ...]:
        """Recipients of logged messages that a bounce names; a forger would have to know the message's id."""
        if reason not in ("automated.dsn", "automated.bounce"):
            return ()
        failed = self.case.message.failed_recipients
        return tuple(
            (activity.id, participant.canonical)
            for activity in self.facts.reported.values()
            for participant in activity.participants
            if participant.canonical in failed
        )
