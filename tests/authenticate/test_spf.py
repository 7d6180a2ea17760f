"""SPF (RFC 7208) of the envelope sender, and what it is worth for the author."""

from __future__ import annotations

import asyncio

import pytest
from fakes.dns_server import ZONES, FaultServer
from fakes.effort import bounded
from fakes.lookups import FakeLookups
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.authenticate import spf
from gateway.authenticate.dmarc import Alignment
from gateway.authenticate.dns import DnsUnavailable, Resolver
from gateway.core.claims import Claim
from gateway.core.limits import DnsLimits
from gateway.core.message import read
from gateway.core.model import Evidence, Proof

ALICE = "alice@corp.example"
PROOF = (Proof("spf", "corp.example"),)
RELAXED = {"_dmarc.corp.example TXT": ("v=DMARC1; p=none",)}

Zone = dict[str, tuple[str, ...] | None]


def claim() -> Claim:
    raw = f"From: {ALICE}\r\n\r\n".encode()
    message = read(raw)
    return Claim(message, raw, "from", message.from_[0])


async def check(mail_from: str, zone: Zone, ip: str = "192.0.2.1") -> tuple[Evidence, list[str]]:
    """The evidence, and what was asked."""
    asked = FakeLookups(zone)
    aligned = Alignment("corp.example", asked)
    return await spf.check(ip, mail_from, "mx.corp.example", claim(), aligned, asked), asked.asked


async def evaluate(record: str, zone: Zone | None = None, ip: str = "192.0.2.1", local: str = "alice") -> str:
    """The result of one record of corp.example."""
    asked = FakeLookups({"corp.example TXT": (record,), **(zone or {})})
    return await spf.evaluate(ip, local, "corp.example", "mx.corp.example", asked)


@pytest.mark.parametrize(
    ("record", "slug"),
    [
        (("v=spf1 ip4:192.0.2.0/24 -all",), "spf.pass"),
        (("v=spf1 +all",), "spf.pass"),
        (("v=spf1 ip4:198.51.100.0/24 -all",), "spf.fail"),
        (("v=spf1 ~all",), "spf.fail"),
        (("v=spf1 ?all",), "spf.fail"),
        (("v=spf1",), "spf.fail"),
        ((), "spf.none"),
        (("something else",), "spf.none"),
        (("v=spf1 -all", "v=spf1 +all"), "spf.error"),
        (("v=spf1 what:ever -all",), "spf.error"),
        (("v=spf1 ip4:192.0.2.1 \udcff",), "spf.error"),
    ],
)
async def test_only_a_pass_speaks_for_the_author(record: tuple[str, ...], slug: str) -> None:
    found, _ = await check(ALICE, {"corp.example TXT": record})
    assert found == Evidence(PROOF if slug == "spf.pass" else (), seen=((slug, "corp.example"),))


async def test_a_null_sender_has_no_identity() -> None:
    assert await check("", {"corp.example TXT": ("v=spf1 +all",)}) == (Evidence(), [])


async def test_nobody_is_asked_about_a_sender_of_elsewhere() -> None:
    """S05."""
    found, asked = await check("x@evil.example", {"evil.example TXT": ("v=spf1 +all",)})
    assert (found, asked) == (Evidence(seen=(("spf.not_aligned", "evil.example"),)), [])


async def test_a_sender_below_the_authors_domain_speaks_for_him_if_alignment_is_relaxed() -> None:
    passes: Zone = {"bounces.corp.example TXT": ("v=spf1 +all",)}
    found, _ = await check("b+1@bounces.corp.example", passes | RELAXED)
    assert found == Evidence(PROOF, seen=(("spf.pass", "bounces.corp.example"),))
    strict: Zone = {"_dmarc.corp.example TXT": ("v=DMARC1; p=none; aspf=s",)}
    for zone in (passes, passes | strict):
        found, _ = await check("b+1@bounces.corp.example", zone)
        assert found == Evidence(seen=(("spf.not_aligned", "bounces.corp.example"),))


async def test_alignment_is_asked_for_only_after_a_pass() -> None:
    _, asked = await check("x@bounces.corp.example", {"bounces.corp.example TXT": ("v=spf1 -all",)} | RELAXED)
    assert asked == ["bounces.corp.example TXT"]


@pytest.mark.parametrize(
    ("mail_from", "zone"),
    [
        (ALICE, {"corp.example TXT": None}),
        (ALICE, {"corp.example TXT": ("v=spf1 a -all",), "corp.example A": None}),
        ("x@b.corp.example", {"b.corp.example TXT": ("v=spf1 +all",), "_dmarc.corp.example TXT": None}),
    ],
)
async def test_what_might_have_passed_is_pending(mail_from: str, zone: Zone) -> None:
    found, _ = await check(mail_from, zone)
    domain = mail_from.partition("@")[2]
    assert found == Evidence(pending=PROOF, seen=(("dns.unavailable", domain),))


@pytest.mark.parametrize(
    ("mail_from", "asked"),
    [
        ('"a@evil.example"@corp.example', ["corp.example TXT"]),
        ('"alice@corp.example"@evil.example', []),
        ("alice@CORP.Example.", ["corp.example TXT"]),
        ("alice@corp.example\udcff", []),
    ],
)
async def test_the_domain_follows_the_last_at_sign(mail_from: str, asked: list[str]) -> None:
    assert (await check(mail_from, {}))[1] == asked


@pytest.mark.parametrize(
    ("ip", "record"),
    [
        ("2001:db8::1", "v=spf1 ip6:2001:db8::/32 -all"),
        ("::ffff:192.0.2.1", "v=spf1 ip4:192.0.2.1 -all"),
        ("2001:db8::1", "v=spf1 a -all"),
        ("2001:db8::1", "v=spf1 mx//64 -all"),
        ("192.0.2.1", "v=spf1 mx -all"),
        ("192.0.2.77", "v=spf1 a/24 -all"),
        ("192.0.2.1", "v=spf1 ptr -all"),
        ("192.0.2.1", "v=spf1 exists:%{ir}.%{l}.ok.example -all"),
        ("192.0.2.1", "v=spf1 include:other.example -all"),
        ("192.0.2.1", "v=spf1 redirect=other.example"),
    ],
)
async def test_each_mechanism_finds_the_client(ip: str, record: str) -> None:
    zone: Zone = {
        "corp.example A": ("192.0.2.1",),
        "corp.example AAAA": ("2001:db8::1",),
        "corp.example MX": ("10 mail.corp.example", "20 .", "30 other.example"),
        "mail.corp.example A": ("192.0.2.1",),
        "mail.corp.example AAAA": ("2001:db8::2",),
        "1.2.0.192.in-addr.arpa PTR": ("mail.corp.example",),
        "1.2.0.192.alice.ok.example A": ("127.0.0.2",),
        "other.example TXT": ("v=spf1 ip4:192.0.2.1 -all",),
    }
    assert await evaluate(record, zone, ip) == "pass"
    assert await evaluate(record, zone, "203.0.113.9" if "." in ip else "2001:ff::9") in ("fail", "neutral")


async def test_there_are_ten_look_ups_and_two_without_a_record() -> None:
    def chain(length: int) -> Zone:
        zone: Zone = {f"e{n}.example TXT": (f"v=spf1 include:e{n + 1}.example -all",) for n in range(1, length)}
        return zone | {f"e{length}.example TXT": ("v=spf1 +all",)}

    assert await evaluate("v=spf1 include:e1.example -all", chain(10)) == "pass"
    assert await evaluate("v=spf1 include:e1.example -all", chain(11)) == "permerror"
    assert await evaluate("v=spf1 a:n1.example a:n2.example +all") == "pass"
    assert await evaluate("v=spf1 a:n1.example a:n2.example a:n3.example +all") == "permerror"
    assert await evaluate("v=spf1 a:n1..example a:n2..example a:n3..example +all") == "pass"


async def test_a_term_has_a_length() -> None:
    assert await evaluate(f"v=spf1 x={'a' * 510} +all") == "pass"
    assert await evaluate(f"v=spf1 x={'a' * 511} +all") == "permerror"


async def test_no_question_is_put_twice() -> None:
    asked = FakeLookups(
        {
            "corp.example TXT": ("v=spf1 include:one.example include:two.example mx:one.example -all",),
            "one.example TXT": ("v=spf1 a:SHARED.example. -all",),
            "two.example TXT": ("v=spf1 a:shared.example -all",),
            "one.example MX": ("10 shared.example", "20 shared.example"),
            "shared.example A": ("198.51.100.1",),
        }
    )
    assert await spf.evaluate("192.0.2.1", "alice", "corp.example", "", asked) == "fail"
    assert len(asked.asked) == len(set(asked.asked)) == 5


async def test_an_explanation_is_not_fetched() -> None:
    asked = FakeLookups({"corp.example TXT": ("v=spf1 exp=why.example -all",)})
    assert await spf.evaluate("192.0.2.1", "alice", "corp.example", "", asked) == "fail"
    assert asked.asked == ["corp.example TXT"]


@pytest.mark.parametrize(
    "terms",
    [
        "a:" + "." + "a" * 4000 + "!",
        "exists:" + "%{s}" * 900 + ".example",
        " ".join("a:%{p}" for _ in range(500)),
        " ".join(f"ip4:192.0.2.{n % 256}" for n in range(250)),
        "%" * 4000,
        "ip6:" + "1:" * 1900,
        "include:corp.example",
        "redirect=corp.example",
    ],
    ids=lambda terms: terms[:20],
)
async def test_a_record_of_any_shape_is_read_in_time(terms: str) -> None:
    with bounded():
        assert await evaluate(f"v=spf1 {terms} -all", local="x" * 64) in ("permerror", "fail", "pass")


async def test_many_addresses_cost_little() -> None:
    zone: Zone = {f"e{n}.example MX": tuple(f"{m} m{m}.e{n}.example" for m in range(10)) for n in range(3)}
    many = tuple(f"198.51.{n}.{m}" for n in range(2) for m in range(250))
    zone |= {f"m{m}.e{n}.example A": many for n in range(3) for m in range(10)}
    with bounded():
        assert await evaluate("v=spf1 mx:e0.example mx:e1.example mx:e2.example -all", zone) == "fail"


@settings(max_examples=200)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["a", "mx", "ptr", "all", "include:", "exists:", "redirect=", "exp=", "ip4:", "ip6:", "%{"]
            ),
            st.text(max_size=8),
        ),
        max_size=12,
    ),
    st.text(max_size=6),
    st.sampled_from(["192.0.2.1", "2001:db8::1", "fe80::1%eth0", "", "what"]),
)
async def test_whatever_a_record_holds_there_is_a_result(parts: list[str], local: str, ip: str) -> None:
    record = "v=spf1 " + "".join(parts)
    text = record.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    results = {"pass", "fail", "softfail", "neutral", "none", "permerror"}
    assert await evaluate(text, ip=ip, local=local) in results


async def test_checks_of_slow_domains_do_not_hold_up_another() -> None:
    server = FaultServer([ZONES / "faults.example.zone"], {"silent.faults.example": "silent"})
    await server.start()
    resolver = Resolver([server.address], DnsLimits(query=1))

    async def result(domain: str) -> str:
        try:
            return await spf.evaluate("192.0.2.1", "alice", domain, "", resolver.lookups())
        except DnsUnavailable:
            return "unavailable"

    slow = [asyncio.create_task(result(f"n{n}.silent.faults.example")) for n in range(100)]
    await asyncio.sleep(0)
    assert await result("good.faults.example") == "fail"
    assert not any(task.done() for task in slow)
    assert set(await asyncio.gather(*slow)) == {"unavailable"}
    await resolver.close()
    await server.close()
