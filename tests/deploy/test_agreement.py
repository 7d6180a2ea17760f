"""Ports, volumes, user, times and limits are the same in the image, compose.yaml, the unit and the settings."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from config.load import load
from config.settings import Settings
from config.values import host_and_port
from gateway.cli import COMMANDS
from gateway.console.limits import CONNECTIONS
from tests.deploy.read import (
    COMPOSE,
    ROOT,
    UNIT,
    UNITS,
    image_environment,
    last,
    seconds,
    stages,
    unit,
    unit_environment,
)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SERVICE: dict[str, Any] = COMPOSE["services"]["gateway"]
STATE = "/var/lib/bcc-gateway"


def of_image(**more: str) -> Settings:
    given = {name: value for name, value in image_environment().items() if name.startswith("GATEWAY_")}
    return load({"GATEWAY_DOMAIN": "log.example", **given, **more})


def port(address: str) -> str:
    return str(host_and_port(address)[1])


def test_the_image_serves_as_nobody_special_on_the_ports_that_it_exposes() -> None:
    assert last("USER").isdigit()
    assert int(last("USER")) > 0
    assert f"--uid {last('USER')} " in "\n".join(argument for name, argument in stages()[-1] if name == "RUN")
    assert json.loads(last("ENTRYPOINT")) == list(PROJECT["scripts"])
    assert json.loads(last("CMD")) == ["serve"]
    assert last("STOPSIGNAL") == "SIGTERM"
    console = SERVICE["environment"]["GATEWAY_CONSOLE__LISTEN"]
    assert last("EXPOSE").split() == [port(of_image().smtp.listen[0]), *re.findall(r":(\d+)\}", console)]
    assert image_environment()["PYTHONSAFEPATH"] == "1"


def test_compose_publishes_the_ports_that_the_image_exposes() -> None:
    assert [published.rpartition(":")[2] for published in SERVICE["ports"]] == last("EXPOSE").split()
    assert SERVICE["ports"][1].startswith("127.0.0.1:"), "the console has no TLS of its own"


def test_all_that_is_kept_is_in_one_folder() -> None:
    settings = of_image()
    assert settings.store.path.parent == settings.store.key_file.parent == Path(STATE)
    assert last("VOLUME") == last("WORKDIR") == STATE
    assert [mount.split(":")[1] for mount in SERVICE["volumes"]] == [STATE]
    assert [f"/var/lib/{folder}" for folder in unit()["StateDirectory"]] == unit()["WorkingDirectory"] == [STATE]


def test_whoever_stops_it_waits_until_messages_had_their_answers() -> None:
    limits = of_image().smtp_limits()
    waits = {SERVICE["stop_grace_period"], *unit()["TimeoutStopSec"]}
    assert {seconds(wait) for wait in waits} == {45}
    assert limits.drain + limits.linger < 45


def test_it_may_open_as_many_files_as_connections_need() -> None:
    needed = 2 * of_image().smtp_limits().connections + CONNECTIONS + 200
    assert SERVICE["ulimits"]["nofile"] == int(unit()["LimitNOFILE"][0]) > needed


def test_no_mail_gets_into_core_dumps_or_swap() -> None:
    assert SERVICE["ulimits"]["core"] == 0
    assert SERVICE["memswap_limit"] == SERVICE["mem_limit"]
    assert unit()["LimitCORE"] == unit()["MemorySwapMax"] == ["0"]


def test_memory_suffices_for_the_messages_in_flight_and_a_parser() -> None:
    settings = of_image()
    megabytes = int(SERVICE["mem_limit"].removesuffix("m"))
    floor = 150 * 1024**2 + 2 * settings.smtp_limits().data_in_memory
    assert megabytes * 1024**2 > floor + settings.parser_limits().memory


def test_the_image_and_compose_ask_by_a_command_that_there_is() -> None:
    command = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert command == ["bcc-gateway", "healthcheck"]
    assert SERVICE["healthcheck"]["test"] == ["CMD", *command, "--ready"]
    assert command[1] in COMMANDS
    assert host_and_port(of_image().health.listen)[0] == "127.0.0.1"


def test_the_unit_watches_more_patiently_than_any_message_takes() -> None:
    assert seconds(unit()["WatchdogSec"][0]) > of_image().smtp_limits().handler
    assert unit()["Type"] == ["notify"]


def test_the_label_names_the_version() -> None:
    labels = last("LABEL")
    assert f'version="{PROJECT["version"]}"' in labels
    assert f'licenses="{PROJECT["license"]}"' in labels
    assert PROJECT["description"] in labels


@pytest.mark.parametrize("drop_in", [None, *sorted(UNITS.glob("bcc-gateway.service.d/*.conf"))])
def test_what_the_unit_gives_are_settings_and_each_secret_comes_as_a_credential(
    drop_in: Path | None, tmp_path: Path
) -> None:
    files = (UNIT, drop_in) if drop_in else (UNIT,)
    given = unit_environment(*files, credentials=tmp_path)
    (tmp_path / "gateway.toml").write_text('domain = "log.example"\n', encoding="ascii")
    for credential in unit(*files)["LoadCredential"]:
        name, _, source = credential.partition(":")
        assert source == f"/etc/bcc-gateway/{name}"
        (tmp_path / name).write_text("postgresql://gateway@db.example/gateway\n", encoding="ascii")
    assert given["GATEWAY_CONFIG"] == "/etc/bcc-gateway/gateway.toml"
    settings = load({**given, "GATEWAY_CONFIG": str(tmp_path / "gateway.toml")})
    assert settings.store.key_file == tmp_path / "installation.key"
    assert (settings.store.url is not None) == (drop_in is not None)


def test_a_database_on_a_server_is_told_to_backups_as_to_the_gateway() -> None:
    drop_ins = [UNITS / f"{unit}.service.d" / "database-url.conf" for unit in ("bcc-gateway", "bcc-gateway-backup")]
    assert len({file.read_text(encoding="utf-8") for file in drop_ins}) == 1
