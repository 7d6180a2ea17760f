"""Many gateways keep the promise of one: two behind HAProxy on one PostgreSQL server, while each goes and comes."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from fakes.postgres import PostgresServer

from tests.proofs import parameters
from tests.proofs.launched import Launched
from tests.proofs.load import CLIENTS, IMPATIENT, Ledger, under_load, wait_for_more
from tests.proofs.talk import Refused, Talk, wire
from tests.proofs.topology import MISSING, Tail, Topology, one_by_each, topology
from tests.proofs.verdict import asked, faults, repeats, tally

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
DECIDED = '"message.decided"'
STRANGER = "127.0.0.3"


@dataclass(frozen=True)
class Figures:
    """Of a run."""

    kills: int
    restarts: int
    acknowledged: int
    unanswered: int
    repeats: int
    shown: int
    """Decisions that `tail -f` was to show."""
    by_gateway: tuple[int, ...]
    """Decisions in the log of each."""
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.restarts} restarts of the server, {self.acknowledged} acknowledged"
            f" ({' and '.join(map(str, self.by_gateway))} decided by each gateway), {self.unanswered} unanswered,"
            f" {self.repeats} repeats: {tally(self.faults)};"
            f" {self.shown} shown by tail"
        )


def shaken(at: Topology, rounds: int, seed: int) -> Figures:
    """In each round each gateway is killed and comes back, then the server restarts: all under load."""
    chance, shown = random.Random(seed), 0
    with under_load(at.front, seed, IMPATIENT, at.other_account) as ledger:
        for _ in range(rounds):
            wait_for_more(ledger)
            with Tail(at.gateways[0]) as tail:
                for gateway in chance.sample(at.gateways, 2):
                    kill_and_start(gateway, ledger)
                shown += tail.shown()
            at.server.restart("immediate")
        wait_for_more(ledger)
    found = [f"exit code {code}" for gateway in at.gateways if (code := gateway.stop())]
    found += faults(at.front, ledger)
    decided = tuple(gateway.log().count(DECIDED) for gateway in at.gateways)
    counts = ledger.acknowledged.total(), ledger.unanswered, repeats(at.front)
    return Figures(2 * rounds, rounds, *counts, shown, decided, tuple(found))


def kill_and_start(gateway: Launched, ledger: Ledger) -> None:
    """The other one serves alone, until this one serves again."""
    gateway.kill()
    wait_for_more(ledger)
    before = gateway.log().count(DECIDED)
    gateway.start()
    gateway.wait_for_log(DECIDED, before + 5)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as made:
        yield made


@pytest.fixture
def both(server: PostgresServer, tmp_path: Path) -> Iterator[Topology]:
    with topology(server, tmp_path) as made:
        yield made


def test_nothing_is_lost_or_doubled_while_gateways_are_killed_and_the_server_restarts(both: Topology) -> None:
    figures = shaken(both, 1, 20260302)
    print(figures)
    assert figures.faults == ()


def test_a_rolling_restart_costs_each_client_no_more_than_its_session(both: Topology) -> None:
    """Who is in a session with a gateway that stops must connect once more; nobody else notices."""
    with under_load(both.front, 20260302, impatient=0) as ledger:
        for gateway in both.gateways:
            wait_for_more(ledger)
            assert gateway.stop() == 0
            gateway.start()
        wait_for_more(ledger)
    assert faults(both.front, ledger) == []
    assert ledger.unanswered <= len(both.gateways) * CLIENTS


@pytest.mark.parametrize(("build", "fault"), [("answers early", "lost"), ("forgets retries", "doubled")])
def test_gateways_that_break_the_promise_are_found_out(
    server: PostgresServer, tmp_path: Path, build: str, fault: str
) -> None:
    """Controls. Without the key of a repeat neither the look-up nor the unique index finds it."""
    with topology(server, tmp_path, build) as at:
        with under_load(at.front, 20260302) as ledger:
            wait_for_more(ledger, 100)
            for gateway in at.gateways:
                gateway.kill()
        found = faults(at.front, ledger)
    print(f"{build}: {len(found)} faults among {ledger.acknowledged.total()} acknowledged")
    assert any(each.startswith(fault) for each in found)


def mail(ident: str, *fields: str) -> bytes:
    head = ("From: ana@us.example", "To: bob@client.example", f"Subject: {ident}", f"Message-ID: <{ident}@us.example>")
    return wire("\r\n".join((*head, *fields, "", ident, "")).encode())


def deliver_at_once(at: Topology, *deliveries: tuple[Talk, str, bytes]) -> list[str]:
    """All up to the last dot, then the replies. Each is a connection, a channel and a message."""
    for talk, channel, message in deliveries:
        talk.open("ana@us.example", [at.front.addresses[channel]])
        talk.socket.sendall(message)
    return [talk.reply()[:3] for talk, _, _ in deliveries]


def test_copies_and_threads_through_two_gateways_are_decided_as_on_one(both: Topology) -> None:
    with one_by_each(both) as (one, other):
        for number in range(10):
            ident = f"offer{number}"
            asked_for, answer = mail(ident), mail(f"re-{ident}", f"In-Reply-To: <{ident}@us.example>")
            assert deliver_at_once(both, (one, "bcc", asked_for), (other, "relay", asked_for)) == ["250", "250"]
            assert deliver_at_once(both, (other, "bcc", asked_for), (one, "bcc", answer)) == ["250", "250"]
    copies = "string_agg(d.channel || d.deliveries, ' ' ORDER BY d.channel)"
    rows = asked(
        both.front,
        f"SELECT a.thread_id, a.subject, {copies} FROM activity a JOIN decision d ON d.activity_id = a.id"  # noqa: S608 - above
        " GROUP BY a.id ORDER BY a.thread_id, a.subject",
    )
    threads = list(zip(rows[::2], rows[1::2], strict=True))
    assert [[(subject, made) for _, subject, made in thread] for thread in threads] == [
        [(f"offer{number}", "bcc2 relay1"), (f"re-offer{number}", "bcc1")] for number in range(10)
    ]
    assert all(offer[0] == answer[0] for offer, answer in threads)
    assert [gateway.log().count(DECIDED) for gateway in both.gateways] == [20, 20]


def a_stranger_relays(at: Topology) -> str:
    """What somebody is told who is no source, where HAProxy's own address is one."""
    with Talk(at.front.port, STRANGER) as talk:
        talk.greet()
        try:
            talk.open("ana@us.example", [at.front.addresses["relay"]])
        except Refused as reply:
            return str(reply)[:3]
        talk.socket.sendall(mail("strange"))
        return talk.reply()[:3]


def test_a_source_is_known_by_its_own_address_and_not_by_the_proxys(both: Topology) -> None:
    with one_by_each(both) as (one, other):
        assert deliver_at_once(both, (one, "relay", mail("first")), (other, "relay", mail("second"))) == ["250", "250"]
    assert {a_stranger_relays(both) for _ in both.gateways} == {"550"}


def test_without_the_header_everybody_would_be_the_proxy(server: PostgresServer, tmp_path: Path) -> None:
    """A control."""
    with topology(server, tmp_path, proxied=False) as at:
        assert a_stranger_relays(at) == "250"


def healthy(at: Topology) -> bool:
    """By the health check that compose.yaml has for HAProxy."""
    compose = yaml.safe_load((Path(__file__).parents[2] / "compose.yaml").read_text(encoding="utf-8"))
    _, *command = compose["services"]["haproxy"]["healthcheck"]["test"]
    command[-1] = command[-1].replace("2525", str(at.front.port)).replace("$$", "$")
    return subprocess.run(command, timeout=30, check=False, stderr=subprocess.DEVNULL).returncode == 0


def test_the_health_check_of_the_proxy_sees_whether_mail_is_taken(both: Topology) -> None:
    assert healthy(both)
    for gateway in both.gateways:
        gateway.kill()
    assert not healthy(both)


@pytest.mark.prove
def test_nothing_is_lost_or_doubled_in_many_rounds_of_kills_and_restarts(both: Topology) -> None:
    """PROOF_COUNT rounds."""
    began, seed = time.monotonic(), parameters.seed()
    figures = shaken(both, parameters.count(25), seed)
    print(f"{figures}; {time.monotonic() - began:.0f} s")
    assert figures.faults == ()


@pytest.mark.prove
def test_a_tail_that_does_not_wait_for_older_transactions_is_found_out(both: Topology) -> None:
    """A control. How soon depends on chance."""
    view = "CREATE OR REPLACE VIEW recorded (position, id) AS SELECT recorded_in, id FROM decision"
    asked(both.front, view)
    with pytest.raises(AssertionError, match="not what was recorded"):
        shaken(both, 60, 20260302)
