"""What an admin does with held mail: approves it, or has it decided again by today's rules; each in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.core.approval import WHAT_TO_DO, Way, approved, objection, sender
from gateway.core.cases import Setting
from gateway.core.decide import decide
from gateway.core.decision import Decision
from gateway.core.model import Mailbox, Outcome
from gateway.core.questions import Case
from gateway.core.reasons import sentence
from gateway.keeping import Keeping
from storage import held
from storage.administration import contacts, users
from storage.administration.act import Act, audit
from storage.administration.holders import holder
from storage.administration.sources import sources
from storage.errors import Refused
from storage.held import HeldMail
from storage.interface import Recorder
from storage.plan import Plan
from storage.sealing import Sealing
from storage.settle import Considered


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became of a held message."""

    held: HeldMail
    decision: Decision

    @property
    def still_held(self) -> bool:
        """Nothing was changed."""
        return _again(self.held, self.decision)


class Resolving:
    """The acts of one admin at one moment."""

    def __init__(self, act: Act, setting: Setting, sealing: Sealing) -> None:
        self._act = act
        self._setting = setting
        self._keeping = Keeping(setting, sealing)
        self._recorder = Recorder(act.new_id, act.keyed, self._keeping)

    def opened(self, mail: HeldMail) -> Plan[Case]:
        """The message as a case, from a peer that is believed as it is now. Raises Refused, StoreBroken."""
        case = self._keeping.open((yield from held.copy(mail)), (yield from sources()))
        return replace(case, may_refuse=False)

    def considered(self, mail: HeldMail) -> Plan[Considered]:
        """What would be decided now; nothing is changed. Raises Refused, StoreBroken."""
        return (yield from held.decided_again((yield from self.opened(mail)), decide, self._recorder, self._act.at))

    def decide(self, held_id: str, account: str = "") -> Plan[Resolved]:
        """Decides a held message again, by today's rules, people and sources. Raises Refused."""
        mail = yield from held.find(held_id, account)
        considered = yield from self.considered(mail)
        if _again(mail, considered.decision):
            return Resolved(mail, considered.decision)
        decision = yield from held.supersede(mail, considered, decide, self._recorder)
        yield from self._audit("held.decide", mail, decision)
        return Resolved(mail, decision)

    def approve(self, held_id: str, account: str = "", way: Way = Way.AS_IT_IS, user: str = "") -> Plan[Resolved]:
        """Approves a held message; `user` is whose other address its sender is, for an alias.

        The never-log list is asked first: what it keeps out by now is skipped, and nobody becomes anything by it.
        Otherwise it is logged, or held for another reason. Raises Refused where it can't be approved so, or would be
        skipped by a rule even then; nothing is changed then.
        """
        mail = yield from held.find(held_id, account)
        case = yield from self.opened(mail)
        considered = yield from held.decided_again(case, decide, self._recorder, self._act.at)
        if not considered.decision.reason.startswith("never_log."):
            unfit = objection(case, mail.reason, way)
            if unfit:
                raise Refused(*unfit)
            yield from self._introduce(mail, sender(case), way, user)
            case = approved(case, mail.reason, self._setting)
            considered = yield from held.decided_again(case, decide, self._recorder, self._act.at)
            _must_help(mail, considered.decision)
        decision = yield from held.supersede(mail, considered, decide, self._recorder)
        yield from self._audit("held.approve", mail, decision, way=way.value)
        return Resolved(mail, decision)

    def _introduce(self, mail: HeldMail, person: Mailbox | None, way: Way, user: str) -> Plan[None]:
        """Makes the sender known, for this message and the later ones."""
        if person is None or way is Way.AS_IT_IS:
            return
        if way is Way.CONTACT:
            yield from contacts.approve(self._act, mail.account_id, person.canonical, person.name)
            return
        user_id = yield from users.find(self._act, mail.account_id, user)
        known = yield from holder(self._act.keyed, mail.account_id, person.canonical)
        if known and (known.kind, known.id) == ("user", user_id):
            return
        if known and known.kind == "contact":
            raise Refused(
                "{address} is {known}.",
                "If it is the user's all the same, `user add-address` takes it from the contact; then `held decide`"
                " decides this again.",
                address=person.canonical,
                known=known,
            )
        yield from users.add_address(self._act, mail.account_id, user, person.canonical, "alias")

    def _audit(self, action: str, mail: HeldMail, decision: Decision, **detail: str) -> Plan[None]:
        yield from audit(
            self._act,
            mail.account_id,
            action,
            held=mail.id,
            before=mail.reason,
            outcome=decision.outcome.value,
            reason=decision.reason,
            **detail,
        )


def _again(mail: HeldMail, decision: Decision) -> bool:
    return decision.outcome is Outcome.HELD and decision.reason == mail.reason


def _must_help(mail: HeldMail, decision: Decision) -> None:
    """Whoever approves wants it logged: where that wouldn't come of it, nothing is changed."""
    if decision.outcome is Outcome.SKIPPED and not decision.reason.startswith("never_log."):
        raise Refused(
            "Even so it would be skipped, {reason}: {because} It is held as before: change that and approve it again,"
            " or discard it.",
            reason=decision.reason,
            because=sentence(decision.reason),
        )
    if _again(mail, decision):
        raise Refused(
            "Even so it would be held, {reason}. {what_to_do}",
            reason=decision.reason,
            what_to_do=WHAT_TO_DO[decision.reason],
        )
