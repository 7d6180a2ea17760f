"""What every route works with: the store, the caller's act, and the settings that matter here."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.console.access import Caller
from gateway.console.news import News
from gateway.core.cases import Setting
from gateway.core.keyed_hash import KeyedHash
from gateway.ingest import Ingest
from gateway.webhooks.post import Post
from storage.administration.act import Act
from storage.interface import Store
from storage.sealing import Sealing


@dataclass(frozen=True, slots=True)
class Office:
    """The console's share of a running gateway."""

    store: Store
    sealing: Sealing
    new_id: Callable[[], str]
    now: Callable[[], int]
    """Epoch milliseconds."""
    ingest: Ingest
    news: News
    post: Post
    """What webhooks are tried out by."""
    url: str
    """Where browsers find it, without a slash at the end."""
    hosts: frozenset[str]
    """Names under which it is asked, in lower case, with their ports."""
    proxied: bool = False
    """Whether browsers come through a proxy on this machine, which tells their addresses."""
    secret: Callable[[], str] = field(default=lambda: secrets.token_urlsafe(32))
    entrances: dict[str, str] = field(default_factory=dict)
    """Ids of users by the secrets of links that sign them in once."""

    def setup_link(self, secret: str) -> str:
        """Where whoever has this secret chooses a password."""
        return f"{self.url}/setup/{secret}"

    @property
    def setting(self) -> Setting:
        """That by which mail is read now."""
        return self.ingest.setting

    @property
    def keyed(self) -> KeyedHash:
        return self.setting.keyed

    def act(self, caller: Caller) -> Act:
        """An act of this caller, now."""
        return self.act_of(caller.who)

    def act_of(self, who: str) -> Act:
        """The same of whoever isn't signed in yet."""
        return Act(who, self.now(), self.new_id, self.keyed)
