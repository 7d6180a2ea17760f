"""What people and programs are shown of mail can't steer a terminal, forge a line or run in a spreadsheet.

The operator log's own property over every event is in test_operator_log, that of CSV text in storage/test_csv_text.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import main
from gateway.cli.common import cell
from gateway.operator_log import escape

UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""What a terminal would obey, or show elsewhere than where it stands; the line feed ends our own lines."""
ATTACKS = (
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b31m",
    "a\r\nlevel=info event=login",
    "a\u2028b\u2029c\x85d",
    "a.pdf\u202efdp.exe",
    "\u2066x\u200f\u061c",
    '"},{"x":"',
    "\x00\x7f\x08\x0b\x0c",
    "\ufeff\ud800",
)


def encoded(text: str) -> str:
    """As an encoded word, which hides any character on its way."""
    return f"=?utf-8?b?{base64.b64encode(text.encode('utf-8', 'surrogatepass')).decode()}?="


def hostile_mail(number: int, attack: str, author: str = "bob@client.example", to: str = "ana@us.example") -> bytes:
    name = encoded(attack)
    raw = re.sub(r"[\r\n\x00]", " ", attack).encode("utf-8", "replace").decode("latin-1")
    file = f"filename*=utf-8''{''.join(f'%{b:02X}' for b in attack.encode('utf-8', 'replace'))}"
    return (
        f"From: {name} <{author}>\r\nTo: {name} <{to}>\r\nCc: {raw} <kim@client.example>\r\nSubject: {name} {raw}\r\n"
        f"Message-ID: <{number}{raw.replace(' ', '')}@mail.example>\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\n"
        f"X-{number}: {raw}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello {raw}\r\n"
        f'--b\r\nContent-Type: application/pdf; name="{raw}"\r\n'
        f"Content-Disposition: attachment; {file}\r\n\r\nx\r\n--b--\r\n"
    ).encode("latin-1")


@dataclass(frozen=True)
class Shop:
    """A store full of hostile mail and names, and the commands that work on it. No umask guards new files."""

    folder: Path
    captures: dict[str, str]

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, env={"GATEWAY_CONFIG": str(self.folder / "gateway.toml")})

    def good(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 0, (arguments, result.output, result.exception)
        return result.stdout

    def ids(self, *arguments: str) -> list[str]:
        """The ids in a list."""
        return [str(json.loads(line)["id"]) for line in self.good(*arguments, "--json").splitlines()]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("shop"), {})
    before = os.umask(0)
    try:
        _fill(made)
        yield made
    finally:
        os.umask(before)


def _fill(shop: Shop) -> None:
    files = f'[store]\npath = "{shop.folder}/gateway.db"\nkey_file = "{shop.folder}/installation.key"\n'
    (shop.folder / "gateway.toml").write_text(f'domain = "log.example"\n{files}', encoding="utf-8")
    shop.good("db", "migrate")
    shop.good("account", "create", "us", "--domain", "us.example")
    shop.good("rule", "set", "log_all_and_create")
    shop.good("user", "add", "ana@us.example", "Ana \u202e\u200f")
    shop.good("contact", "add", "old@client.example", "--name", "Old \u2067\u200e", "--owner", "ana@us.example")
    shop.good("never-log", "add", "x\u202e@rival.example")
    shop.good("source", "add", "office \u202e", "127.0.0.1/32", "--channel", "relay", "--vouches")
    shop.good("webhook", "add", "crm \u202e", "https://crm.example/hook")
    with closing(sqlite3.connect(shop.folder / "gateway.db")) as db:
        db.execute("INSERT INTO delivery SELECT id, 'event', 0, 1, 0, 'http.500', 1 FROM webhook")
        db.commit()
    for channel in ("bcc", "relay"):
        shop.captures[channel] = shop.good("address", "create", channel).split()[0]
    mail = shop.folder / "mail"
    mail.mkdir()
    for number, attack in enumerate(ATTACKS):
        (mail / f"in-{number}.eml").write_bytes(hostile_mail(number, attack))
        (mail / f"held-{number}.eml").write_bytes(hostile_mail(100 + number, attack, to="kim@client.example"))
    shop.good("replay", "--to", shop.captures["relay"], *map(str, sorted(mail.glob("in-*"))))
    shop.good("replay", "--to", shop.captures["bcc"], *map(str, sorted(mail.glob("held-*"))))


# Every command, and how it is made to show what mail and people have brought.
SHOWS: dict[str, Callable[[Shop], list[list[str]]]] = {
    "account audit": lambda _: [["--count", "1000"]],
    "account list": lambda _: [[]],
    "account show": lambda _: [[]],
    "address list": lambda _: [[]],
    "config show": lambda _: [[]],
    "contact list": lambda _: [[]],
    "contact show": lambda shop: [[one] for one in shop.ids("contact", "list")],
    "db mail-key list": lambda _: [[]],
    "db status": lambda _: [[]],
    "erase": lambda _: [["bob@client.example", "--dry-run"]],
    "explain": lambda shop: [[str(path), "--to", shop.captures["relay"]] for path in _mail(shop)],
    "held list": lambda _: [[]],
    "held show": lambda shop: [[one] for one in shop.ids("held", "list")],
    "inspect": lambda shop: [[str(shop.folder / "mail")], [str(shop.folder / "mail"), "--channel", "bcc"]],
    "never-log list": lambda _: [[]],
    "never-log purge": lambda _: [["x\u202e@rival.example", "--dry-run"]],
    "never-log test": lambda _: [["x\u202e@rival.example"]],
    "purge": lambda _: [["--dry-run"]],
    "replay": lambda shop: [[str(shop.folder / "mail"), "--dry-run", "--verbose", "--to", shop.captures["relay"]]],
    "rule show": lambda _: [[]],
    "source list": lambda _: [[]],
    "tail": lambda _: [["-n", "100"]],
    "trace": lambda _: [["bob@client.example"], ["ana@us.example"]],
    "user list": lambda _: [[]],
    "user setup-link": lambda _: [["ana@us.example"]],
    "user show": lambda _: [["ana@us.example"]],
    "webhook failed": lambda _: [["crm \u202e"]],
    "webhook list": lambda _: [[]],
    "webhook show": lambda _: [["crm \u202e"]],
}
CHANGES = {
    *("account add-domain", "account add-mailbox", "account create", "account remove-domain", "account remove-mailbox"),
    *("account rename", "account set", "address create", "address retire", "address rotate", "config check"),
    *("contact add", "contact add-address", "contact disapprove", "contact export", "contact import", "contact merge"),
    *("contact remove", "contact remove-address", "contact rename", "contact set-owner", "db backup", "db copy"),
    *("db mail-key apply", "db mail-key new", "db mail-key off", "db migrate", "db restore", "db verify"),
    *("demo", "doctor", "held approve", "held decide", "held discard", "healthcheck", "init"),
    *("export account", "export contact", "export user"),
    *("never-log add", "never-log import", "never-log keep-for", "never-log promote", "never-log remove"),
    *("rule set", "serve", "source add", "source password"),
    *("source remove", "source set", "user add", "user add-address", "user deactivate", "user password"),
    *("user reactivate", "user remove-address", "user rename", "user set-permissions", "webhook add"),
    *("webhook disable", "webhook enable", "webhook remove", "webhook replay", "webhook rotate", "webhook test"),
}


def _mail(shop: Shop) -> list[Path]:
    return sorted((shop.folder / "mail").iterdir())


def _commands(group: click.Command, name: str = "") -> Iterator[str]:
    if not isinstance(group, click.Group):
        yield name.strip()
        return
    for one in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), one)
        assert found
        yield from _commands(found, f"{name} {one}")


def test_every_command_that_shows_something_is_tried() -> None:
    assert set(_commands(main)) == SHOWS.keys() | CHANGES
    assert not SHOWS.keys() & CHANGES


@pytest.mark.parametrize("name", SHOWS)
def test_a_listing_cannot_steer_the_terminal(shop: Shop, name: str) -> None:
    """O04: nothing that came by mail, and no name, does more than be read."""
    for arguments in SHOWS[name](shop):
        result = shop.run(*name.split(), *arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), (arguments, result.exception)
        assert result.output, arguments
        assert UNSAFE.findall(result.output) == [], (arguments, result.output)


@pytest.mark.parametrize("name", ["account list", "contact list", "held list", "tail", "inspect", "trace"])
def test_json_lines_are_no_more_lines_than_records(shop: Shop, name: str) -> None:
    for arguments in SHOWS[name](shop):
        shown = shop.good(*name.split(), *arguments, "--json")
        assert UNSAFE.findall(shown) == []
        assert all(isinstance(json.loads(line), dict) for line in shown.splitlines())


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if "\x00" not in attack and "\ud800" not in attack])
def test_an_error_cannot_steer_the_terminal(shop: Shop, attack: str) -> None:
    file = shop.folder / "errors" / attack.replace("/", "")
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"email\n" + attack.replace("\n", "").encode() + b"\n")
    tries = [
        ["trace", attack],
        ["user", "show", attack],
        ["contact", "show", attack],
        ["held", "show", attack],
        ["held", "list", "--reason", attack],
        ["never-log", "add", attack],
        ["never-log", "remove", attack],
        ["account", "set", attack, "1"],
        ["contact", "add", f"{attack}@x.example"],
        ["contact", "import", str(file)],
        ["contact", "export", str(file)],
        ["contact", "list", "--account", attack],
        ["explain", str(file), "--to", attack],
        ["db", "status", "--config", str(file)],
        ["inspect", str(file), str(file) + "not there"],
    ]
    for arguments in tries:
        result = shop.run(*arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), (arguments, result.exception)
        assert UNSAFE.findall(result.output) == [], (arguments, result.output)


@given(st.text())
def test_any_text_is_harmless_once_escaped(text: str) -> None:
    assert UNSAFE.findall(escape(text).replace("\n", "")) == []
    assert "\n" not in escape(text)
    assert UNSAFE.findall(cell([text, {"name": text}])) == []


# --- files and secrets ---


def test_an_export_holds_no_formula_whoever_wrote_the_name(shop: Shop) -> None:
    """O02: names come from mail (but none with an @). What is exported can be imported again and changes nothing."""
    formulas = ['=HYPERLINK("http://e","x")', "+1+1", "-2", "＝1", "＋1", " =1", "'=1"]
    for number, name in enumerate(formulas):
        raw = hostile_mail(500 + number, name, author=f"f{number}@client.example")
        path = shop.folder / "mail" / "formula.eml"
        path.write_bytes(raw)
        shop.good("replay", "--to", shop.captures["relay"], str(path))
        path.unlink()
    shop.good("contact", "add", "sum@client.example", "--name", "@SUM(1)")
    file = shop.folder / "contacts.csv"
    shop.good("contact", "export", str(file))
    text = file.read_text(encoding="utf-8")
    assert all(re.fullmatch(r'"(?:[^"]|"")*"(?:,"(?:[^"]|"")*")*', line) for line in text.splitlines())
    cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
    assert sum(cell.startswith("'") for cell in cells) == len(formulas) + 1
    assert not [cell for cell in cells if re.match(r"[\s'\"]*[=+@＝＋－＠-]", cell) and not cell.startswith("'")]
    assert "0 created, 0 updated" in shop.good("contact", "import", str(file))


def test_files_are_their_owners_alone(shop: Shop) -> None:
    shop.good("db", "backup", str(shop.folder / "backup.db"))
    shop.good("contact", "export", str(shop.folder / "export.csv"))
    made = [p for p in shop.folder.iterdir() if p.is_file() and p.suffix != ".toml"]
    assert {"gateway.db", "installation.key", "backup.db", "export.csv"} <= {p.name for p in made}
    assert [p.name for p in made if stat.S_IMODE(p.stat().st_mode) != 0o600] == []


def test_a_password_is_told_once(shop: Shop) -> None:
    """Neither the store nor any listing has it afterwards."""
    password = shop.good("user", "password", "ana@us.example", "--generate").split()[-1]
    assert len(password) >= 16
    everywhere = b"".join(p.read_bytes() for p in shop.folder.rglob("*") if p.is_file())
    assert password.encode() not in everywhere
    for name in ("account audit", "user list", "user show"):
        for arguments in SHOWS[name](shop):
            assert password not in shop.good(*name.split(), *arguments, "--json")
