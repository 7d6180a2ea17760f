"""The recipes of docs/connect in the servers that they are for: copies are logged, and nobody's mail suffers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.connect.company import PASSWORD, SERVERS, Company, company, no_change
from tests.connect.exim import Exim
from tests.connect.opensmtpd import OpenSmtpd
from tests.connect.postfix import Postfix
from tests.connect.recipe import Block, shown
from tests.connect.waiting import until
from tests.peers.secure_gateway import secured
from tests.running_gateway import Gateway, free_port

TOO_LARGE = {"postfix.md": "exceeds size limit", "exim.md": "552 5.3.4", "opensmtpd.md": "too large for peer"}
"""What a server's log says of it."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway for all; each mail has a subject of its own."""
    made = Gateway(tmp_path_factory.mktemp("gateway"), free_port())
    made.prepare('message_size = "300 KiB"\nmessage_size_from_source = "300 KiB"\n')
    say(made, "never-log", "add", "eve@rival.example")
    made.start()
    yield made
    assert made.stop() == 0


def name(server: type[Postfix | Exim | OpenSmtpd]) -> str:
    return server.page


some = pytest.mark.parametrize(
    "us", [Postfix, Exim, pytest.param(OpenSmtpd, marks=pytest.mark.prove)], ids=name, indirect=True, scope="module"
)
"""OpenSMTPD takes seconds for each of these, since it paces its connections."""


@pytest.fixture(scope="module", params=SERVERS, ids=name)
def us(request: pytest.FixtureRequest, running: Gateway) -> Iterator[Company]:
    """The company with this server, which at the end has written to nobody."""
    with company(request.param, running) as made:
        yield made
        assert made.told() == []


def say(gateway: Gateway, *words: str, stdin: str = "") -> str:
    """What a command of the gateway's says."""
    command = [sys.executable, "-P", "-m", "gateway", *words, "--config", str(gateway.config)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def decided(gateway: Gateway, subject: str, decisions: int = 1) -> list[tuple[object, ...]]:
    """The decisions about copies of this mail, once there are so many, by the activity that they ended in."""
    sql = (
        "SELECT d.outcome, d.reason, a.direction, u.address FROM decision d JOIN activity a ON a.id = d.activity_id"
        " JOIN account_user u ON u.id = a.user_id WHERE a.subject = ? ORDER BY d.outcome"
    )
    until(lambda: len(gateway.rows(sql, subject)) >= decisions, gateway.log)
    return gateway.rows(sql, subject)


def named(us: Company, subject: str) -> str:
    """A subject that no other company's mail has."""
    return f"{us.server.page.removesuffix('.md')}-{subject}"


def test_what_a_user_sends_is_logged_as_his(us: Company, running: Gateway) -> None:
    subject = named(us, "sent")
    us.send(subject, "ana@us.example", f"bob@{subject}.example")
    assert decided(running, subject) == [("logged", "rule.log_all_and_create", "outgoing", "ana@us.example")]


def test_what_a_user_gets_is_logged_though_the_header_hides_him(us: Company, running: Gateway) -> None:
    subject = named(us, "got")
    us.send(subject, f"cara@{subject}.example", "ana@us.example", to="undisclosed-recipients:;")
    assert decided(running, subject) == [("logged", "rule.log_all_and_create", "incoming", "ana@us.example")]


def test_two_copies_of_one_mail_are_one_activity_and_trace_tells_both(us: Company, running: Gateway) -> None:
    subject = named(us, "twice")
    us.send(subject, "ana@us.example", f"dora@{subject}.example", "dan@us.example")
    assert [row[:2] for row in decided(running, subject, 2)] == [
        ("logged", "rule.log_all_and_create"),
        ("merged", "dedupe.merged"),
    ]
    told = say(running, "trace", f"<{subject}@mail.example>")
    assert "rule.log_all_and_create" in told
    assert "dedupe.merged" in told


def test_what_the_list_suppresses_reaches_its_recipient_and_not_the_gateways_disk(
    us: Company, running: Gateway
) -> None:
    subject = named(us, "private")
    skipped = "SELECT count(*) FROM decision WHERE reason = 'never_log.address'"
    [(before,)] = running.rows(skipped)
    us.send(subject, "ana@us.example", "eve@rival.example")
    until(lambda: running.rows(skipped) > [(before,)], running.log)
    assert all(subject.encode() not in file.read_bytes() for file in running.folder.glob("gateway.db*"))


@some
def test_while_the_gateway_is_down_mail_goes_on_and_its_copy_comes_later(us: Company, running: Gateway) -> None:
    subject = named(us, "down")
    us.way.close()
    us.send(subject, "ana@us.example", "emil@client.example")
    us.wait_for("Connection refused")
    assert us.server.queue() != ""
    us.way.open()
    us.run_queue_until(lambda: us.server.queue() == "")
    assert [row[0] for row in decided(running, subject)] == ["logged"]


@some
def test_while_the_gateway_is_silent_mail_goes_on_and_its_copy_comes_later(us: Company, running: Gateway) -> None:
    subject = named(us, "silent")
    us.way.open(silent=True)
    us.send(subject, "ana@us.example", "lea@client.example")
    us.way.open()
    us.run_queue_until(lambda: us.server.queue() == "")
    assert [row[0] for row in decided(running, subject)] == ["logged"]


@some
def test_a_copy_whose_answer_is_lost_comes_twice_and_is_one_activity(us: Company, running: Gateway) -> None:
    subject = named(us, "again")
    us.way.open(cut=True)
    us.send(subject, "ana@us.example", "nora@client.example")
    sql = "SELECT d.deliveries FROM decision d JOIN activity a ON a.id = d.activity_id WHERE a.subject = ?"
    us.run_queue_until(lambda: running.rows(sql, subject) != [])
    us.way.open()
    us.run_queue_until(lambda: us.server.queue() == "")
    [(deliveries,)] = running.rows(sql, subject)
    assert deliveries != 1
    assert "delivered again" in say(running, "trace", f"<{subject}@mail.example>")


@some
def test_a_copy_that_is_put_off_waits_and_comes_again(us: Company, running: Gateway) -> None:
    subject = named(us, "later")
    us.way.open(data="451 4.3.0 Later")
    us.send(subject, "ana@us.example", "fay@client.example")
    us.wait_for("451 4.3.0 Later")
    us.way.open()
    us.run_queue_until(lambda: us.server.queue() == "")
    assert [row[0] for row in decided(running, subject)] == ["logged"]


@some
def test_nobody_is_told_of_a_copy_that_is_refused(us: Company, running: Gateway) -> None:
    subject = named(us, "refused")
    us.way.open(rcpt="550 5.1.1 No such recipient")
    us.send(subject, "ana@us.example", "gil@client.example")
    us.wait_for("550 5.1.1 No such recipient")
    us.way.open()
    us.run_queue_until(lambda: us.server.queue() == "")
    if isinstance(us.server, Postfix):  # which asks again until it is taken; the others give it up
        assert [row[0] for row in decided(running, subject)] == ["logged"]
    assert us.told() == []


@some
def test_nobody_is_told_of_a_copy_that_is_too_large(us: Company) -> None:
    us.send(named(us, "large"), "ana@us.example", "hal@client.example", size=400_000)
    us.wait_for(TOO_LARGE[us.server.page])
    assert us.told() == []


@some
def test_nobody_is_told_of_a_copy_that_could_not_be_delivered_in_all_its_time(us: Company) -> None:
    us.way.close()
    us.send(named(us, "never"), "ana@us.example", "ida@client.example")
    us.server.give_up()
    us.run_queue_until(lambda: us.server.queue() == "")
    assert us.told() == []
    us.way.open()


@pytest.mark.prove
@pytest.mark.parametrize("server", SERVERS, ids=name)
def test_an_original_that_must_wait_is_copied_once(running: Gateway, server: type[Postfix | Exim | OpenSmtpd]) -> None:
    with company(server, running) as us:
        subject = named(us, "slow")
        us.mailboxes.answers["slow@client.example"] = "450 4.2.0 Later"
        us.submit(subject, "ana@us.example", "slow@client.example")
        decided(running, subject)
        us.wait_for("450 4.2.0 Later")
        us.mailboxes.answers.clear()
        us.run_queue_until(lambda: us.server.queue() == "")
        assert len(us.mailboxes.of(subject)) == 1
        assert len(decided(running, subject)) == 1
        assert "delivered again" not in say(running, "trace", f"<{subject}@mail.example>")


@pytest.mark.prove
@pytest.mark.parametrize("server", SERVERS, ids=name)
def test_a_server_that_signs_in_under_tls_is_known_by_its_login(
    gateway: Gateway, server: type[Postfix | Exim | OpenSmtpd]
) -> None:
    secure = secured(gateway)
    say(gateway, "source", "remove", "mail server")
    say(gateway, "source", "add", "mx", "--login", "mx", "--channel", "relay", "--vouches")
    say(gateway, "source", "password", "mx", "--stdin", stdin=PASSWORD + "\n")
    gateway.start()
    with company(server, gateway, secure=secure) as us:
        us.send("secure", "ana@us.example", "bob@client.example")
        assert [row[0] for row in decided(gateway, "secure")] == ["logged"]


@pytest.mark.prove
@pytest.mark.parametrize("server", SERVERS, ids=name)
def test_the_page_shows_the_lines_that_are_in_the_log(
    running: Gateway, server: type[Postfix | Exim | OpenSmtpd]
) -> None:
    with company(server, running) as us:
        us.send(named(us, "first"), "ana@us.example", "bob@client.example")
        decided(running, named(us, "first"))
        us.way.close()
        us.send(named(us, "second"), "ana@us.example", "bob@client.example")
        us.wait_for("Connection refused")
        us.way.open(rcpt="550 5.1.1 No such recipient")
        us.wait_for("550 5.1.1 No such recipient")
        us.way.close()
        us.send(named(us, "third"), "ana@us.example", "bob@client.example")
        us.server.give_up()
        us.run_queue_until(lambda: us.server.queue() == "")
        key = running.addresses["relay"].partition("@")[0]
        for line in shown(server.page, {"KEY": key}):
            assert line.search(us.server.log()), line.pattern


def without(words: str) -> Callable[[list[Block]], list[Block]]:
    """What an admin would write who hasn't thought of what becomes of a copy that isn't taken."""

    def change(found: list[Block]) -> list[Block]:
        assert any(words in block.text for block in found)
        return [replace(block, text=block.text.replace(words, "")) for block in found]

    return change


@pytest.mark.parametrize(("server", "words"), [(Exim, "  errors_to =\n"), (OpenSmtpd, " NOTIFY=NEVER")])
def test_only_without_the_recipes_care_the_author_is_told(
    running: Gateway, server: type[Exim | OpenSmtpd], words: str
) -> None:
    for change in (no_change, without(words)):
        with company(server, running, change) as us:
            us.way.open(rcpt="550 5.1.1 No such recipient")
            us.send(named(us, "vain"), "ana@us.example", "kim@client.example")
            us.wait_for("550 5.1.1 No such recipient")
            if change is no_change:
                us.run_queue_until(lambda: us.server.queue() == "")
                assert us.told() == []
            else:
                until(lambda: us.mailboxes.told() != [], us.server.log)
                assert us.told()
                assert us.mailboxes.told()[0].recipients == ("ana@us.example",)


def test_without_the_recipes_care_postfix_loses_the_copy(running: Gateway) -> None:
    with company(Postfix, running, without("  -o soft_bounce=yes\n")) as us:
        us.way.open(rcpt="550 5.1.1 No such recipient")
        us.send(named(us, "careless"), "ana@us.example", "kim@client.example")
        us.wait_for("550 5.1.1 No such recipient")
        until(lambda: us.server.queue() == "", us.server.queue)
