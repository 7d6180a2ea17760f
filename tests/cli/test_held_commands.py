"""`held`: what the list shows and each command says, on mail that a running gateway held."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fakes.deliveries import BCC, KEYED, NOON, Delivery, cases, keeper, mail
from fakes.scan import breaches, found
from fakes.world import load_world, seed

from gateway.cli import main
from gateway.clock import new_id
from gateway.core.decide import decide
from gateway.core.model import Proof
from storage.content import compressed
from storage.migrate import migrate
from storage.open import open_store
from storage.plan import insert

KEY = bytes(range(32))
ANA, OTHER, BOB = "ana@us.example", "ana@home-office.example", "bob@client.example"
US = load_world()
SIGNED = (Proof("dkim", "home-office.example"),)
STRANGER = Delivery(
    mail(f"Ana <{OTHER}>", f"{ANA}, {BCC}", "An =?utf-8?q?=1b=5b2J?= offer", text="See \x1b[31mbelow."),
    [BCC],
    OTHER,
    "hosted",
    trace_id="stranger",
    proofs=SIGNED,
)
SPF_ONLY = Delivery(
    mail(ANA, BOB, message_id="two"), [BCC], ANA, "hosted", trace_id="spf", proofs=(Proof("spf", "us.example"),)
)
LINE = 'On 4 March 2025, "Bob" <bob@client.example> wrote:\r\n\r\nYes please.'
CANDIDATE = Delivery(
    mail(ANA, "passkey@forward.log.example", "FW: Offer", message_id="three", text=LINE),
    ["passkey@forward.log.example"],
    ANA,
    trace_id="candidate",
)


class Program:
    """The command line on a database in which mail is held."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        store = f'[store]\npath = "{folder}/gateway.db"\nkey_file = "{folder}/installation.key"\n'
        (folder / "gateway.toml").write_text(f'domain = "log.example"\n{store}', encoding="utf-8")
        (folder / "installation.key").write_text(KEY.hex(), encoding="ascii")
        (folder / "installation.key").chmod(0o600)
        migrate(folder / "gateway.db", NOON)

    async def _fill(self, deliveries: tuple[Delivery, ...]) -> None:
        store = await open_store(self.folder / "gateway.db", KEY, new_id)
        try:
            await store.change(seed(US, KEYED))
            for delivery in deliveries:
                await store.settle(cases(US, delivery), decide, keeper(delivery, US))
        finally:
            await store.close()

    def holding(self, *deliveries: Delivery) -> Program:
        asyncio.run(self._fill(deliveries))
        return self

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, env={"GATEWAY_CONFIG": str(self.folder / "gateway.toml")})

    def good(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.good(*arguments, "--json").splitlines()]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        database = sqlite3.connect(self.folder / "gateway.db")
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_the_list_tells_what_is_held_and_why(program: Program) -> None:
    program.holding(STRANGER, SPF_ONLY)
    [first, second] = program.lines("held", "list")
    assert (first["trace_id"], first["reason"], first["sender"]) == ("stranger", "sender.unknown", OTHER)
    assert (first["account"], first["channel"], first["at"]) == ("us", "bcc", "2025-03-04T12:00:00.000+00:00")
    assert first["expires_at"] == "2025-04-03T12:00:00.000+00:00"
    assert second["trace_id"] == "spf"
    assert [h["trace_id"] for h in program.lines("held", "list", "--reason", "sender.spf_only")] == ["spf"]
    table = program.good("held", "list", "--account", "us")
    assert "sender.spf_only" in table
    assert "\x1b" not in table
    assert program.run("held", "list", "--reason", "no.such").exit_code == 2
    program.good("account", "create", "them", "--domain", "them.example")
    assert program.good("held", "list", "--account", "them") == ""


def test_an_account_that_is_not_there_is_told(program: Program) -> None:
    program.holding(SPF_ONLY)
    done = program.run("held", "list", "--account", "nobody")
    assert (done.exit_code, done.output) == (1, "bcc-gateway: There is no account 'nobody'; the accounts are us.\n")


def test_what_is_shown_can_not_steer_the_terminal_and_hides_the_capture_address(program: Program) -> None:
    program.holding(STRANGER)
    shown = program.good("held", "show", "stranger")
    assert "\x1b" not in shown
    assert r"\u001b[31mbelow" in shown
    assert "***@bcc.log.example" in shown
    assert BCC not in shown
    assert BCC not in json.dumps(program.lines("held", "show", "stranger"))
    assert "--alias-of USER" in shown
    assert "Its author is nobody's user." in shown


def test_show_json_has_every_part(program: Program) -> None:
    program.holding(CANDIDATE)
    [shown] = program.lines("held", "show", "candidate")
    assert shown["head"]["reason"] == "forward.ambiguous"
    assert shown["head"]["came_at"] == "2025-03-04T12:00:00.000+00:00"
    assert shown["found"]["from_"] == f"Bob <{BOB}>"
    assert "Yes please." in shown["found"]["text"]
    text = program.good("held", "show", "candidate")
    assert "Found inside" in text
    assert f"From: Bob <{BOB}>" in text


def test_raw_is_what_was_kept_byte_for_byte(program: Program) -> None:
    program.holding(SPF_ONLY)
    assert program.run("held", "show", "spf", "--raw").stdout_bytes == SPF_ONLY.raw


def test_approve_says_what_it_became(program: Program) -> None:
    program.holding(STRANGER, SPF_ONLY, CANDIDATE)
    assert "stranger: logged sender.approved." in program.good("held", "approve", "stranger", "--contact")
    said = program.good("held", "approve", "spf", "candidate")
    first, second = said.splitlines()
    assert first.startswith("spf: logged explicit.bcc.")
    assert second.startswith("candidate: logged explicit.forward.")
    assert program.lines("held", "list") == []
    assert breaches(program.folder / "gateway.db") == []


def test_one_that_can_not_be_approved_doesnt_keep_the_others_from_it(program: Program) -> None:
    program.holding(STRANGER, SPF_ONLY)
    done = program.run("held", "approve", "stranger", "nothing", "spf")
    assert done.exit_code == 1
    assert "stranger: It must be said who sent it." in done.stderr
    assert "nothing: Nothing is held under 'nothing'" in done.stderr
    assert "spf: logged" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_sender_is_one_or_the_other(program: Program) -> None:
    done = program.holding(STRANGER).run("held", "approve", "stranger", "--contact", "--alias-of", ANA)
    assert done.exit_code == 2


def test_discard_leaves_nothing_of_it(program: Program, tmp_path: Path) -> None:
    program.holding(replace(STRANGER, raw=mail(OTHER, ANA, "Zephyrine plans", text="vermilion")))
    assert found(tmp_path, "zephyrine", "vermilion") == {"zephyrine", "vermilion"}
    assert program.good("held", "discard", "stranger") == "stranger was discarded.\n"
    assert found(tmp_path, "zephyrine", "vermilion", OTHER) == set()
    assert breaches(tmp_path / "gateway.db") == []
    told = program.good("trace", "stranger")
    assert "skipped held.discarded" in told
    assert program.run("held", "discard", "stranger").exit_code == 1


def test_decide_tells_what_changed_and_what_is_still_held(program: Program) -> None:
    program.holding(STRANGER, SPF_ONLY)
    assert "spf: still held, sender.spf_only." in program.good("held", "decide", "spf")
    program.good("account", "set", "sender_proof", "spf_is_enough")
    logged, counted = program.good("held", "decide", "--all").splitlines()
    assert "logged explicit.bcc." in logged
    assert counted == "Decided again: 2, of which 1 are still held."
    assert [h["trace_id"] for h in program.lines("held", "list")] == ["stranger"]
    assert program.run("held", "decide").exit_code == 2
    assert program.run("held", "decide", "spf", "--all").exit_code == 2


def test_trace_says_what_can_be_done(program: Program) -> None:
    program.holding(SPF_ONLY)
    told = program.good("trace", "spf")
    assert "held show" in told
    assert "approve it: that holds for this message alone" in told
    program.good("held", "approve", "spf")
    both = program.good("trace", "spf")
    assert "(decided again later)" in both
    assert "nothing more; it was decided again" in both
    assert "held show" not in both


def test_explain_says_what_could_be_done(program: Program) -> None:
    program.holding()
    program.good("account", "set", "sender_proof", "off")
    (program.folder / "offer.eml").write_bytes(CANDIDATE.raw)
    told = program.good("explain", str(program.folder / "offer.eml"), "--to", CANDIDATE.to[0])
    assert told.startswith("held forward.ambiguous\n")
    assert "It would wait for a person. If the message that was found inside is the right one, approve it." in told


def test_tail_shows_that_it_was_decided_again(program: Program) -> None:
    program.holding(SPF_ONLY)
    program.good("held", "approve", "spf")
    first, second = program.good("tail").splitlines()
    assert "(decided again later)" in first
    assert "explicit.bcc" in second


def test_mail_to_the_operator_is_listed_shown_and_discarded_apart(program: Program) -> None:
    program.holding()
    content = compressed(mail("someone@else.example", "postmaster@log.example", "Trouble", text="Your mail bounces."))

    async def keep() -> None:
        store = await open_store(program.folder / "gateway.db", KEY, new_id)
        row = {"id": "o1", "trace_id": "op", "at": NOON, "recipient": "postmaster@log.example"}
        more = {"mail_from": "someone@else.example", "peer": "192.0.2.1", "size": 9, "retry_hash": "x"}
        await store.change(insert("operator_mail", **row, **more, encoding="zstd", content=content.data))
        await store.close()

    asyncio.run(keep())
    assert program.lines("held", "list") == []
    [listed] = program.lines("held", "list", "--operator")
    assert (listed["id"], listed["recipient"]) == ("o1", "postmaster@log.example")
    shown = program.good("held", "show", "o1", "--operator")
    assert "Your mail bounces." in shown
    assert "o1" in shown
    program.good("held", "discard", "o1", "--operator")
    assert program.lines("held", "list", "--operator") == []


def test_help_names_it(program: Program) -> None:
    assert re.search(r"\n  held +Look at held mail", program.good("--help"))
