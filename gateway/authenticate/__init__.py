"""What speaks for the sender of a message, as evidence for the decision. The only user of DNS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.authenticate import session
from gateway.core.claims import Claim, claim
from gateway.core.facts import AccountSettings
from gateway.core.model import Evidence
from gateway.core.questions import Case


class Authenticator:
    """Finds out whether somebody stands behind what he seems to have written."""

    async def evidence(self, cases: Sequence[Case], accounts: Mapping[str, AccountSettings]) -> list[Evidence]:
        """That of each case of one message. `accounts`: by id, of those whose cases aren't `satisfied`.

        Never raises: what DNS can't tell now is pending.
        """
        found: dict[tuple[object, ...], Evidence] = {}
        everything = []
        for case in cases:
            at_hand = session.check(case.envelope, case.recipient)
            claimed = claim(case)
            settings = accounts.get(case.recipient.account_id)
            if claimed and settings and settings.sender_proof != "off" and not satisfied(case):
                same = (case.recipient.account_id, case.recipient.channel.explicit, claimed.field, id(claimed.message))
                if same not in found:
                    found[same] = await self._looked_up(case, claimed, settings)
                at_hand += found[same]
            everything.append(at_hand)
        return everything

    async def _looked_up(self, case: Case, claimed: Claim, settings: AccountSettings) -> Evidence:
        return Evidence()


def satisfied(case: Case) -> bool:
    """The session proves enough, so that nothing need be looked up.

    A report's source doesn't vouch for what came from outside, and a login speaks for one person.
    """
    if case.unwrapped and case.unwrapped.journal:
        return False
    claimed = claim(case)
    proofs = session.check(case.envelope, case.recipient).proofs
    return any(p.method == "source" or (claimed and p.name == claimed.mailbox.canonical) for p in proofs)
