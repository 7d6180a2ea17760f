"""The example file says what the settings are."""

import json
import re
import tomllib
from pathlib import Path

from config.load import VARIABLES, effective
from config.settings import Settings, plain_value
from docs.generate.settings import EXAMPLE, example

ASKING = "127.0.0.1:2525 client-certificates"
UNSET = {
    *("smtp.certificate", "smtp.private_key", "smtp.client_ca", "store.url", "store.mail_key_file"),
    "webhooks.ca_file",
}


def test_the_example_is_the_defaults() -> None:
    found = effective({}, EXAMPLE)
    assert found.settings == Settings(domain="log.example")


def test_the_example_gives_every_setting_that_has_a_default() -> None:
    found = effective({}, EXAMPLE)
    assert {path for path, origin in found.origins.items() if origin == "default"} == UNSET


def test_the_example_names_every_setting_in_order_with_a_comment() -> None:
    assert list(example()) == list(VARIABLES.values())
    for path, (comment, _) in example().items():
        assert re.fullmatch(r"[A-Za-z].{10,110}\.", comment), path


def test_settings_without_a_value_are_shown_as_they_could_be_set(tmp_path: Path) -> None:
    set_ = re.sub(r"(?m)^# (certificate|private_key|client_ca|url) =", r"\1 =", EXAMPLE.read_text())
    (tmp_path / "tls.toml").write_text(re.sub(r"(?m)^path = ", "# path = ", set_))  # url is in its place
    settings = effective({"GATEWAY_SMTP__LISTEN": ASKING}, tmp_path / "tls.toml").settings
    assert None not in (settings.smtp.certificate, settings.smtp.private_key, settings.smtp.client_ca)
    assert settings.store.url is not None


def test_what_is_shown_is_plain() -> None:
    settings = Settings(domain="log.example")
    values = {path: plain_value(settings, path) for path in VARIABLES.values()}
    assert json.loads(json.dumps(values)) == values
    assert values["smtp.listen"] == tomllib.loads(EXAMPLE.read_text())["smtp"]["listen"]
    assert (values["store.path"], values["smtp.limits.drain"], values["smtp.certificate"]) == (
        "data/gateway.db",
        25,
        None,
    )
