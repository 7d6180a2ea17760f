"""compose.yaml: what its parts say of each other is true. Nothing here starts a container."""

from __future__ import annotations

import re
import shutil
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.postgres import _SETTINGS as ASKED_OF_POSTGRES

from config.load import load
from config.settings import Settings
from storage.open import installation_key
from storage.place import Server

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
HAPROXY = (ROOT / "deploy" / "scale" / "haproxy.cfg").read_text(encoding="utf-8")
ONCE = {"migrate", "migrate-scale"}
SCALED = ("gateway-1", "gateway-2", "migrate-scale")
GIVEN = {"GATEWAY_DOMAIN": "log.example"}
"""What the operator sets."""


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As deploy/scale/secrets.sh makes them."""
    folder = tmp_path_factory.mktemp("scale")
    shutil.copy(ROOT / "deploy" / "scale" / "secrets.sh", folder)
    for _ in range(2):
        subprocess.run(["sh", folder / "secrets.sh"], check=True, timeout=30)
    return folder / "secrets"


def filled_in(value: str) -> str:
    """As compose does it."""
    def value_of(match: re.Match[str]) -> str:
        name, kind, other = match.groups()
        given = GIVEN.get(name, "")
        return (given and other) if kind == "+" else (given or other)

    return re.sub(r"\$\{(\w+):([-?+])([^}]*)\}", value_of, value)


def settings(service: str, secrets: Path) -> Settings:
    """That the gateway of this service starts with: the image's, and over them those of the file."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    image = dict(re.findall(r"(GATEWAY_\w+)=(\S+)", text))
    own = {name: filled_in(value) for name, value in SERVICES[service]["environment"].items()}
    return load({name: value.replace("/run/secrets", str(secrets)) for name, value in (image | own).items()})


def seconds(text: str) -> float:
    return float(re.fullmatch(r"(\d+)s", text)[1])  # type: ignore[index]  # that it matches is the assertion


def test_without_a_profile_there_is_one_gateway_with_a_file_on_its_volume(secrets: Path) -> None:
    assert {name for name, service in SERVICES.items() if "profiles" not in service} == {"gateway", "migrate"}
    assert {tuple(service["profiles"]) for service in SERVICES.values() if "profiles" in service} == {("scale",)}
    [mount] = SERVICES["gateway"]["volumes"]
    for name in ("gateway", "migrate"):
        found = settings(name, secrets)
        assert found.store.place() == Path(mount.split(":")[1]) / "gateway.db"
        assert found.store.key_file.parent == Path(mount.split(":")[1])
        assert SERVICES[name]["volumes"] == [mount]


def test_names_that_are_used_are_defined_and_those_defined_are_used() -> None:
    for kind in ("secrets", "networks"):
        assert {name for service in SERVICES.values() for name in service.get(kind, [])} == set(COMPOSE[kind])
    mounts = [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])]
    assert {mount for mount in mounts if "/" not in mount} == set(COMPOSE["volumes"])
    assert all((ROOT / mount).exists() for mount in mounts if "/" in mount)


def test_a_service_waits_for_what_can_come_about_in_its_profile() -> None:
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            assert SERVICES[needed].get("profiles") == service.get("profiles")
            assert how["condition"] == ("service_completed_successfully" if needed in ONCE else "service_healthy")
            assert needed in ONCE or "healthcheck" in SERVICES[needed]


def test_what_serves_is_looked_after_and_has_time_to_end(secrets: Path) -> None:
    for name in set(SERVICES) - ONCE:
        service = SERVICES[name]
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
        assert seconds(service["stop_grace_period"]) >= 45
    for name in ("gateway", *SCALED):
        limits = settings(name, secrets).smtp_limits()
        assert seconds(SERVICES[name]["stop_grace_period"]) > limits.drain + limits.linger
    [longest] = re.findall(r"hard-stop-after (\w+)", HAPROXY)
    assert seconds(SERVICES["haproxy"]["stop_grace_period"]) > seconds(longest)


def test_migrations_run_once_before_the_gateways(secrets: Path) -> None:
    for gateway, migration in (("gateway", "migrate"), ("gateway-1", "migrate-scale"), ("gateway-2", "migrate-scale")):
        assert set(SERVICES[gateway]["depends_on"]) == {migration}
        assert SERVICES[migration]["command"] == ["db", "migrate"]
        assert SERVICES[migration]["restart"] == "no"
        assert settings(gateway, secrets).store == settings(migration, secrets).store


def test_no_secret_stands_in_the_file_or_in_the_repository(secrets: Path) -> None:
    assert "/deploy/scale/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"deploy/scale/secrets/{name}"}
        assert (secrets / name).exists()
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD|KEY|STORE__URL", name) or value.startswith("/run/secrets/")
            given = value.removeprefix("/run/secrets/")
            assert given == value or given in service["secrets"]


def test_secrets_are_made_once_and_only_their_owner_gets_to_them(secrets: Path) -> None:
    before = {path.name: path.read_text(encoding="ascii") for path in secrets.iterdir()}
    subprocess.run(["sh", secrets.parent / "secrets.sh"], check=True, timeout=30)
    assert {path.name: path.read_text(encoding="ascii") for path in secrets.iterdir()} == before
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o444}


def test_gateways_share_a_key_and_a_database_whose_password_is_the_servers(secrets: Path) -> None:
    for name in SCALED:
        found = settings(name, secrets)
        assert len(installation_key(found.store.key_file, create=False)) == 32
        place, database = found.store.place(), SERVICES["postgres"]["environment"]
        password = (secrets / "database_password").read_text(encoding="ascii").strip()
        assert isinstance(place, Server)
        assert place.url == f"postgresql://{database['POSTGRES_USER']}:{password}@postgres/{database['POSTGRES_DB']}"
        assert SERVICES[name]["networks"][-1] in SERVICES["postgres"]["networks"]


def test_postgresql_is_set_up_as_asked() -> None:
    command = SERVICES["postgres"]["command"]
    options = dict(option.split("=") for option in command[2::2])
    assert command[0] == "postgres"
    assert set(command[1::2]) == {"-c"}
    assert options.items() <= ASKED_OF_POSTGRES.items()
    assert {name for name in ASKED_OF_POSTGRES if name.startswith("log_")} == set(options)
    assert "--encoding=UTF8" in SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]


def test_gateways_believe_the_proxy_and_nobody_else(secrets: Path) -> None:
    address = SERVICES["haproxy"]["networks"]["smtp"]["ipv4_address"]
    [pool] = COMPOSE["networks"]["smtp"]["ipam"]["config"]
    assert ip_address(address) in ip_network(pool["subnet"])
    assert ip_address(address) not in ip_network(pool["ip_range"])
    for name in ("gateway-1", "gateway-2"):
        [(_, behind)] = settings(name, secrets).listeners()
        assert [str(network) for network in behind.proxies] == [f"{address}/32"]
        assert "ports" not in SERVICES[name]


def test_haproxy_leads_to_the_gateways_and_waits_longer_than_they_do(secrets: Path) -> None:
    servers = re.findall(r"(?m)^ +server (\S+) (\S+):(\d+)$", HAPROXY)
    assert servers == [(name, name, "2525") for name in ("gateway-1", "gateway-2")]
    assert "default-server send-proxy-v2 check" in HAPROXY
    limits = settings("gateway-1", secrets).smtp_limits()
    [most] = re.findall(r"maxconn (\d+)", HAPROXY)
    assert int(most) > len(servers) * limits.connections
    for minutes in re.findall(r"timeout (?:client|server) (\d+)m", HAPROXY):
        assert int(minutes) * 60 > max(limits.command_wait, limits.handler, limits.data_silence)
    [port] = re.findall(r"bind :(\d+)", HAPROXY)
    for name in ("haproxy", "gateway"):
        assert SERVICES[name]["ports"][0].rpartition(":")[2] == port
