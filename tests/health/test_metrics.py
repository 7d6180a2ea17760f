"""/metrics of a real gateway: the numbers are what happened, and no label says anything about anybody."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.core.reasons import REASONS
from tests.health.test_probes import started, until
from tests.proofs.talk import Refused, Talk, wire
from tests.running_gateway import Gateway

SECRETS = ("zora", "quill", "vexing", "ombre", "jaguar", "plinth", "fjord")
"""Words that stand in no code: in addresses, a subject, a body, a name, a HELO, a login and a password."""


def page(made: Gateway) -> str:
    answer = httpx.get(f"http://{made.health}/metrics", timeout=20)
    assert answer.status_code == 200
    return answer.text


def values(made: Gateway) -> dict[str, float]:
    """Name and labels, with blanks between, to the value."""
    samples = (each for family in text_string_to_metric_families(page(made)) for each in family.samples)
    return {" ".join((each.name.removeprefix("bcc_gateway_"), *each.labels.values())): each.value for each in samples}


def mail(ident: str, author: str = "ana@us.example", more: str = "") -> bytes:
    return (
        f"From: {author}\r\nTo: bob@client.example\r\nSubject: {ident} vexing\r\nMessage-ID: <{ident}@us.example>\r\n"
        f"Date: Mon, 02 Mar 2026 09:12:04 +0000\r\n{more}\r\n{ident} ombre\r\n"
    ).encode()


def deliver(made: Gateway, raw: bytes, to: str = "bcc", mail_from: str = "ana@us.example") -> str:
    """One message on a connection of its own, left without QUIT; the last reply."""
    with Talk(made.port) as talk:
        talk.greet()
        try:
            talk.open(mail_from, [made.addresses.get(to, to)])
        except Refused as refused:
            return str(refused)
        talk.socket.sendall(wire(raw))
        return talk.reply()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    made = started(tmp_path_factory.mktemp("gateway"))
    yield made
    assert made.stop() == 0


def test_the_numbers_are_what_happened(served: Gateway) -> None:
    before = values(served)
    assert [deliver(served, mail(f"m{number}"))[:3] for number in range(3)] == ["250"] * 3
    assert deliver(served, mail("m0"))[:3] == "250"  # the same again
    assert deliver(served, mail("x"), to="nobody@bcc.log.example")[:3] == "550"
    assert deliver(served, mail("y"), to="zora@elsewhere.example")[:3] == "550"
    assert deliver(served, b"no\x00mail\r\n")[:3] == "550"
    assert deliver(served, mail("z"), to="postmaster@gateway.log.example")[:3] == "250"
    after = values(served)

    def more(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert more("connections_opened_total") == 8
    assert more("decisions_total bcc logged explicit.bcc") == 3
    assert more("decisions_total bcc merged dedupe.retry") == 1
    assert more("decisions_total operator held operator.mail") == 1
    assert more("replies_total 250 2.0.0") == 5
    assert more("replies_total 550 5.6.0") == 1
    assert more("replies_total 354 ") == 6
    assert more("refusals_total recipient smtp.unknown_recipient") == 1
    assert more("refusals_total recipient smtp.peer_denied") == 1
    assert more("refusals_total message smtp.malformed") == 1
    assert more("message_size_bytes_count") == more("message_seconds_count") == 6
    assert {more(f"stage_seconds_count {stage}") for stage in ("read", "authenticate", "settle")} == {4}
    assert more("stage_seconds_count receive") == 6
    assert more("store_batch_size_sum") >= 5
    assert after["workers"] == after["ready"] == after["parser_processes"] == 1
    until(lambda: values(served)["event_loop_lag_seconds_count"] > before["event_loop_lag_seconds_count"], "measured")


def test_connections_are_counted_while_they_are_open(served: Gateway) -> None:
    until(lambda: values(served)["connections"] == 0, "quiet")
    with Talk(served.port) as one, Talk(served.port) as two:
        one.greet()
        two.greet()
        assert values(served)["connections"] == 2
    until(lambda: values(served)["connections"] == 0, "quiet again")


def test_what_a_source_last_sent_stands_by_its_id(served: Gateway) -> None:
    assert deliver(served, mail("relayed"), to="relay")[:3] == "250"
    [(source,)] = served.rows("SELECT id FROM source")
    name = f"source_last_seen_timestamp_seconds {source}"
    until(lambda: name in values(served), "seen")
    [(seen_at,)] = served.rows("SELECT seen_at FROM source")
    assert isinstance(seen_at, int)
    assert values(served)[name] == seen_at / 1000


def test_a_held_message_is_counted_with_its_age(served: Gateway) -> None:
    assert deliver(served, mail("held", author="zora@client.example", more="Sender: zora@client.example\r\n"))
    assert (
        deliver(served, b"From: ana@us.example\r\nSubject: Fwd: x\r\n\r\nnothing here\r\n", to="forward")[:3] == "250"
    )
    counted = served.rows("SELECT count(*), min(at) FROM held")
    told = values(served)
    assert [(told["held_messages"], told["held_oldest_timestamp_seconds"] * 1000)] == counted
    assert counted[0][0]


def test_no_label_tells_anything_about_anybody(served: Gateway) -> None:
    """Everything a client can say holds a word that stands nowhere else, and none of them comes back."""
    deliver(served, mail("canary", author="Jaguar <zora@quill.example>"), mail_from="zora@quill.example")
    deliver(served, mail("canary"), to="zora.jaguar@bcc.log.example")
    deliver(served, mail("canary"), to="relay", mail_from="quill@fjord.example")
    for line in ("EHLO plinth.example", "AUTH PLAIN fjord", "fjord plinth", "MAIL FROM:<zora@quill", "VRFY jaguar"):
        with socket.create_connection(("127.0.0.1", served.port), 20) as client, suppress(ConnectionError):
            client.recv(1000)
            client.sendall(b"EHLO plinth.example\r\n" + line.encode() + b"\r\nQUIT\r\n")
            while client.recv(1000):
                pass
    text = page(served)
    forbidden = [*SECRETS, "@", "log.example", "us.example", "client.example", "127.0.0.1", *served.addresses.values()]
    assert [word for word in forbidden if word in text] == []
    keys = [address.partition("@")[0] for address in served.addresses.values()]
    assert [key for key in keys if key in text] == []


def test_every_label_is_a_word_of_the_code_or_an_id_of_a_source(served: Gateway) -> None:
    families = {f.name: f for f in text_string_to_metric_families(page(served))}
    labels = {label for family in families.values() for sample in family.samples for label in sample.labels}
    known = {"code", "status", "reason", "part", "stage", "channel", "outcome", "source", "result", "error", "version"}
    assert labels <= known | {"check", "event", "le"}
    reasons = {s.labels["reason"] for s in families["bcc_gateway_decisions"].samples}
    assert reasons <= set(REASONS)
    codes = {s.labels["code"] for s in families["bcc_gateway_replies"].samples}
    assert all(re.fullmatch("[245][0-9][0-9]|3[35]4", code) for code in codes)


def test_workers_are_counted_together_and_what_a_killed_one_told_remains(tmp_path: Path) -> None:
    made = started(tmp_path, workers=2)
    until(lambda: values(made)["workers"] == 2, "both")
    for number in range(20):
        assert deliver(made, mail(f"w{number}"))[:3] == "250"
    told = values(made)
    assert told["decisions_total bcc logged explicit.bcc"] == 20
    assert told["message_seconds_count"] == told["stage_seconds_count settle"] == 20
    assert told["store_batch_size_sum"] >= 20  # made by the one that writes
    opened = told["connections_opened_total"]
    children = Path(f"/proc/{made.pid}/task/{made.pid}/children").read_text(encoding="ascii").split()

    os.kill(int(children[0]), signal.SIGKILL)
    until(lambda: values(made)["log_events_total worker.replaced"] == 1, "replaced")
    now = values(made)
    assert now["decisions_total bcc logged explicit.bcc"] == 20
    assert now["connections_opened_total"] >= opened
    assert deliver(made, mail("after"))[:3] == "250"
    assert values(made)["decisions_total bcc logged explicit.bcc"] == 21
    assert made.stop() == 0
