"""A person is erased while the gateway serves: its files have nothing of them, and nothing brings them back."""

from __future__ import annotations

import smtplib

from click.testing import CliRunner
from fakes.deliveries import mail
from fakes.scan import breaches, found

from gateway.cli import main
from tests.running_gateway import Gateway

ANN, NAME, SUBJECT, TEXT, IDENT = (
    "ottoline@lead.example",
    "Ottoline Marrow",
    "Zephyrine plans",
    "vermilion lighthouse",
    "obsidian-heron",
)
MARKERS = (ANN, NAME, SUBJECT, TEXT, IDENT)
RAW = mail("ana@us.example", f"{NAME} <{ANN}>", SUBJECT, message_id=IDENT, text=TEXT)


def send(gateway: Gateway, raw: bytes, channel: str = "bcc") -> None:
    with smtplib.SMTP("127.0.0.1", gateway.port) as client:
        client.sendmail("ana@us.example", gateway.addresses[channel], raw)


def test_no_replay_through_smtp_brings_back_who_was_erased(gateway: Gateway) -> None:
    gateway.start()
    send(gateway, RAW)
    send(gateway, mail("ana@us.example", "kim@client.example", "Harmless", message_id="kim"))
    assert found(gateway.folder, *MARKERS) == set(MARKERS)
    erased = CliRunner().invoke(main, ["erase", ANN, "--yes"], env={"GATEWAY_CONFIG": str(gateway.config)})
    assert erased.exit_code == 0, erased.output
    assert ANN not in erased.output
    assert found(gateway.folder, *MARKERS) == set()
    send(gateway, RAW)
    send(gateway, b"X-Way: 2\r\n" + RAW)
    send(gateway, RAW, "relay")
    assert gateway.rows("SELECT outcome, reason, deliveries FROM decision ORDER BY id") == [
        ("logged", "explicit.bcc", 2),
        ("logged", "explicit.bcc", 1),
        ("skipped", "dedupe.erased", 1),
        ("skipped", "dedupe.erased", 1),
    ]
    gateway.stop()
    assert found(gateway.folder, *MARKERS) == set()
    assert found(gateway.folder, "Harmless") == {"Harmless"}
    assert breaches(gateway.folder / "gateway.db") == []
