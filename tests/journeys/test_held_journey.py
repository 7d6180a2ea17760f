"""From a mail server's door to a record by way of a person: real SMTP, DNS that is a dictionary, real disk."""

from __future__ import annotations

from pathlib import Path

from fakes.admin import HOUR, Admin, standing
from fakes.deliveries import ANA, BCC, BOB, KIM, NOON, Delivery, mail
from fakes.gateway import counting_ids, gateway
from fakes.lookups import FakeLookups
from fakes.scan import breaches, found
from fakes.seen import seen
from fakes.signing import Signer
from fakes.world import load_world

from gateway.core.approval import Way
from gateway.core.keyed_hash import KeyedHash
from storage import reads
from storage.administration.act import Act
from storage.reads import Filter

WORLD = load_world()
OTHER = "ana@home-office.example"
SIGNER = Signer("home-office.example")
ZONE = SIGNER.zone()


def signed(raw: bytes, at: int = NOON) -> Delivery:
    """From a server that is nobody's source for this, signed by the author's own domain."""
    return Delivery(SIGNER.sign(raw, t=str(at // 1000)), [BCC], OTHER, "hosted", at=at)


async def test_a_colleagues_other_address_is_held_approved_and_passes_from_then_on(
    tmp_path: Path, template: Path
) -> None:
    path = tmp_path / "gateway.db"
    async with gateway(path, template, WORLD, lookups=lambda: FakeLookups(ZONE)) as running:
        act = Act("cli:tester", NOON, counting_ids(lambda: NOON + HOUR), KeyedHash(bytes(range(32))))
        admin = Admin(running.store, act, WORLD)
        first = signed(mail(OTHER, BOB))
        assert (await running.send(first))[0] == 250
        [held] = await admin.waiting()
        assert (held.reason, held.sender) == ("sender.unknown", OTHER)

        await admin.approve(held.id, Way.ALIAS, ANA)
        assert (await running.send(first))[0] == 250
        assert (await running.send(signed(mail(OTHER, KIM, "Another", message_id="later"), NOON + 2 * HOUR)))[0] == 250
        assert await admin.waiting() == []
        forged = Delivery(mail(OTHER, KIM, "Forged", message_id="forged"), [BCC], OTHER, "hosted")
        code, text = await running.send(forged)
        assert (code, text[:6]) == (550, "5.7.26")

        decided = standing(await running.store.read(reads.latest(10, Filter())))
        assert decided == [("logged", "explicit.bcc")] * 2
        assert [(a.user, a.contacts) for a in await running.store.read(seen("us"))] == [
            ("us/ana", (KIM,)),
            ("us/ana", (BOB,)),
        ]
    assert breaches(path) == []


async def test_of_a_strangers_mail_that_nobody_wants_nothing_stays(tmp_path: Path, template: Path) -> None:
    path = tmp_path / "gateway.db"
    async with gateway(path, template, WORLD, lookups=lambda: FakeLookups(ZONE)) as running:
        act = Act("gateway", NOON, counting_ids(lambda: NOON + HOUR), KeyedHash(bytes(range(32))))
        secret = mail(OTHER, "someone@quillfeather.example", "Zephyrine plans", text="vermilion lighthouse")
        for name in ("one", "two"):
            await running.send(signed(secret.replace(b"<one@", f"<{name}@".encode())))
        first, second = await Admin(running.store, act, WORLD).waiting()
        assert found(tmp_path, "quillfeather", "zephyrine", "vermilion", OTHER) != set()
        await Admin(running.store, act, WORLD).discard(first.id)
        assert await Admin(running.store, act, WORLD, second.expires_at).expire() == 1
        assert found(tmp_path, "quillfeather", "zephyrine", "vermilion", OTHER) == set()
    assert breaches(path) == []
