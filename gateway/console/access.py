"""Who asks, and what they may do: the one place that says so."""

from __future__ import annotations

from dataclasses import dataclass

from storage.administration.sessions import Viewer
from storage.administration.tokens import SCOPES, Bearer

ADMINS = frozenset({"super_admin", "account_access"})


class Forbidden(Exception):
    """Why the caller may not do that, as a sentence that is said in other languages, too."""

    def __init__(self, sentence: str, /, **values: object) -> None:
        self.sentence, self.values = sentence, values
        super().__init__(sentence.format(**values) if values else sentence)


@dataclass(frozen=True, slots=True)
class Caller:
    """A user who is signed in, or a program with a token. Everything it asks for is its account's."""

    who: str
    """For the audit: a user's id, or "token:" and the token's."""
    account_id: str
    account: str
    user_id: str | None
    """None for a program."""
    name: str
    address: str
    """A user's primary one."""
    scopes: frozenset[str]

    @property
    def admin(self) -> bool:
        """Sees and changes what is everybody's in the account."""
        return "admin" in self.scopes

    def must(self, scope: str) -> None:
        """Raises Forbidden unless the caller has this scope."""
        if scope in self.scopes:
            return
        if self.user_id is None:
            raise Forbidden("That takes a token with the scope {scope}.", scope=scope)
        if scope == "admin":
            raise Forbidden("That takes an admin of the account.")
        raise Forbidden("You may look at this account, and change nothing.")

    def must_own(self, user_id: str | None) -> None:
        """Raises Forbidden unless what is this user's is the caller's, or the caller is an admin. None: everybody's."""
        if not self.admin and (user_id is None or user_id != self.user_id):
            raise Forbidden("What is for all users, or another user's, is an admin's to change.")


def of_user(viewer: Viewer) -> Caller:
    """A user's scopes follow from their permissions."""
    admin = not ADMINS.isdisjoint(viewer.permissions)
    writes = admin or "personal_email_access" in viewer.permissions
    scopes = SCOPES if admin else ("read", "content", "write") if writes else ("read", "content")
    who = viewer.user_id
    return Caller(who, viewer.account_id, viewer.account, who, viewer.name, viewer.address, frozenset(scopes))


def of_program(bearer: Bearer) -> Caller:
    """A token has its own; that of an admin has all."""
    scopes = frozenset(SCOPES) if "admin" in bearer.scopes else bearer.scopes
    return Caller(f"token:{bearer.token_id}", bearer.account_id, bearer.account, None, "", "", scopes)
