"""Two accounts of one gateway that know nothing of each other."""

from __future__ import annotations

from dataclasses import replace

from fakes.world import CaptureRow, ContactRow, EntryRow, SourceRow, UserRow, load_world

from gateway.core.model import Channel

US = load_world()
OLI, OLIS_BCC, OTHERS_RELAY = "oli@other.example", "olikey@bcc.log.example", "theirkey@relay.log.example"
OTHER = replace(
    US,
    account="other",
    domains=("other.example",),
    shared=(),
    users={"oli": UserRow((OLI,))},
    contacts={"bob": ContactRow(("bob@client.example",), "oli")},
    never_log=(EntryRow("kim@client.example"),),
    captures={"olikey": CaptureRow(Channel.BCC, "oli"), "theirkey": CaptureRow(Channel.RELAY)},
    sources={"theirs": SourceRow("127.0.0.7/32", vouches=True)},
)
"""Bob is known to both; Kim is listed here alone."""
