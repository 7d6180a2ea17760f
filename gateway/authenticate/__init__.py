"""What speaks for the sender of a message, as evidence for the decision. The only user of DNS."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from gateway.authenticate import arc, dkim, dmarc, results, session, spf
from gateway.authenticate.dns import Lookups
from gateway.core.claims import Claim, claim
from gateway.core.facts import AccountSettings
from gateway.core.limits import DkimLimits
from gateway.core.model import Evidence
from gateway.core.questions import Case

_SUFFICIENT = frozenset({"dkim", "arc", "results"})


class Authenticator:
    """Finds out whether somebody stands behind what he seems to have written."""

    def __init__(self, lookups: Callable[[], Lookups] | None, limits: DkimLimits) -> None:
        """`lookups`: those of one message; without, only the session speaks for a sender."""
        self._lookups = lookups
        self._limits = limits

    async def evidence(
        self, cases: Sequence[Case], account: Callable[[str], Awaitable[AccountSettings]]
    ) -> list[Evidence]:
        """That of each case of one message. `account`: the settings of one, by id, asked where something is looked up.

        Raises only what `account` raises: what DNS can't tell now is pending.
        """
        lookups = self._lookups() if self._lookups else None
        found: dict[tuple[object, ...], Evidence] = {}
        everything = []
        for case in cases:
            evidence = session.check(case.envelope, case.recipient)
            claimed, account_id = claim(case), case.recipient.account_id
            if lookups and claimed and not satisfied(case):
                same = (account_id, case.recipient.channel.explicit, claimed.field, id(claimed.message))
                if same not in found:
                    found[same] = await self._looked_up(case, claimed, await account(account_id), lookups)
                evidence += found[same]
            everything.append(evidence)
        return everything

    async def _looked_up(self, case: Case, claimed: Claim, settings: AccountSettings, lookups: Lookups) -> Evidence:
        """One method after the other until one of them is proof enough."""
        if settings.sender_proof == "off":
            return Evidence()
        envelope, alignment = case.envelope, dmarc.Alignment(claimed.domain, lookups)
        found = await results.check(envelope, case.recipient, claimed, alignment)
        if not _proven(found):
            found += await dkim.check(claimed, alignment, lookups, envelope.received_at, self._limits)
        if not _proven(found):
            sealers = settings.arc_sealers
            found += await arc.check(claimed, sealers, alignment, lookups, envelope.received_at, self._limits)
        # Behind a mail server that copies, the address says nothing of who sent the mail to it.
        if case.recipient.channel.explicit:
            found += await spf.check(envelope.peer.ip, envelope.mail_from, "", claimed, alignment, lookups)
            found += await dmarc.verdict(claimed, found.proofs, alignment)
        return found


def _proven(evidence: Evidence) -> bool:
    return any(proof.method in _SUFFICIENT for proof in evidence.proofs)


def satisfied(case: Case) -> bool:
    """The session proves enough, so that nothing need be looked up.

    A report's source doesn't vouch for what came from outside, and a login speaks for one person.
    """
    if case.unwrapped and case.unwrapped.journal:
        return False
    claimed = claim(case)
    proofs = session.check(case.envelope, case.recipient).proofs
    return any(p.method == "source" or (claimed and p.name == claimed.mailbox.canonical) for p in proofs)
