"""Where settings are looked for, which wins, and how faults are told."""

from pathlib import Path

import pytest

from config.load import ConfigurationError, Fault, effective, load

DOMAIN = {"GATEWAY_DOMAIN": "log.example"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gateway.toml"


def faults(
    environ: dict[str, str], config_file: Path | None = None, overrides: dict[str, object] | None = None
) -> tuple[Fault, ...]:
    with pytest.raises(ConfigurationError) as raised:
        load(environ, config_file, overrides)
    assert str(raised.value) == "\n".join(map(str, raised.value.faults))
    return raised.value.faults


def test_flags_win_over_environment_over_file_over_defaults(file: Path) -> None:
    file.write_text('domain = "file.example"\n[log]\nlevel = "debug"\nformat = "json"\n[smtp.limits]\nerrors = 3\n')
    environ = {"GATEWAY_CONFIG": str(file), "GATEWAY_DOMAIN": "env.example", "GATEWAY_LOG__LEVEL": "error"}
    found = effective(environ, overrides={"domain": "flag.example", "log.format": None})
    assert found.file == file
    assert found.settings.domain == "flag.example"
    assert found.settings.log.level == "error"
    assert found.settings.log.format == "json"
    assert found.settings.smtp_limits().errors == 3
    assert found.settings.store.busy_timeout == 5
    assert found.origins["domain"] == "flag"
    assert found.origins["log.level"] == "environment GATEWAY_LOG__LEVEL"
    assert found.origins["log.format"] == f"file {file}"
    assert found.origins["store.busy_timeout"] == "default"


def test_a_file_named_by_flag_wins_over_the_one_in_the_environment(file: Path) -> None:
    file.write_text('domain = "file.example"')
    assert load({"GATEWAY_CONFIG": "/nowhere.toml"}, file).domain == "file.example"


def test_two_underscores_nest_and_lists_take_commas() -> None:
    environ = {
        **DOMAIN,
        "GATEWAY_SMTP__LISTEN": "127.0.0.1:25, [::1]:25",
        "GATEWAY_SMTP__LIMITS__MESSAGE_SIZE": "30 MiB",
        "GATEWAY_STORE__BUSY_TIMEOUT": "0.5",
        "PATH": "/bin",
    }
    settings = load(environ)
    assert settings.smtp.listen == ("127.0.0.1:25", "[::1]:25")
    assert settings.smtp_limits().message_size == 30 * 1024 * 1024
    assert settings.store.busy_timeout == 0.5


def test_a_variable_may_name_a_file_that_holds_the_value(tmp_path: Path) -> None:
    (tmp_path / "domain").write_text("log.example\n")
    found = effective({"GATEWAY_DOMAIN_FILE": str(tmp_path / "domain")})
    assert found.settings.domain == "log.example"
    assert found.origins["domain"] == "environment GATEWAY_DOMAIN_FILE"


def test_a_setting_whose_name_ends_in_file_is_taken_as_it_stands() -> None:
    assert load({**DOMAIN, "GATEWAY_STORE__KEY_FILE": "k"}).store.key_file == Path("k")


def test_a_value_and_a_file_for_it_contradict(tmp_path: Path) -> None:
    (fault,) = faults({**DOMAIN, "GATEWAY_DOMAIN_FILE": str(tmp_path / "domain")})
    assert fault == Fault("domain", "environment GATEWAY_DOMAIN_FILE", "is given twice: GATEWAY_DOMAIN is set too")


def test_a_file_for_a_value_must_be_readable_text(tmp_path: Path) -> None:
    (fault,) = faults({"GATEWAY_DOMAIN_FILE": str(tmp_path / "missing")})
    assert (fault.path, fault.sentence) == ("domain", "stands in a file that can't be read: No such file or directory")
    (tmp_path / "binary").write_bytes(b"\xff")
    (fault,) = faults({"GATEWAY_DOMAIN_FILE": str(tmp_path / "binary")})
    assert fault.sentence == "stands in a file that is not UTF-8"


def test_a_missing_domain_is_a_clear_fault() -> None:
    assert faults({}) == (Fault("domain", "not given", "is required"),)


def test_a_named_file_that_is_missing_is_a_fault_and_nothing_is_said_of_what_may_stand_in_it(tmp_path: Path) -> None:
    named = tmp_path / "missing.toml"
    (fault,) = faults({"GATEWAY_CONFIG": str(named)})
    assert fault == Fault("configuration file", f"file {named}", "can't be read: No such file or directory")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"domain = ", "is not TOML"), (b"domain = '\xff'", "is not UTF-8"), (b"a = 1\na = 2", "is not TOML")],
)
def test_a_file_that_cannot_be_read_as_toml_is_a_fault(file: Path, content: bytes, sentence: str) -> None:
    file.write_bytes(content)
    (fault,) = faults({}, file)
    assert fault.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("toml", "path", "nearest"),
    [
        ("[smpt]\nlisten = ['a:1']", "smpt", "smtp"),
        ("[smtp.limits]\nconections = 3", "smtp.limits.conections", "smtp.limits.connections"),
        ("[smtp]\nconnections = 3", "smtp.connections", "smtp.limits.connections"),
        ("[store]\nbusy_time_out = 3", "store.busy_time_out", "store.busy_timeout"),
    ],
)
def test_an_unknown_name_in_the_file_is_a_fault_that_names_the_nearest(
    file: Path, toml: str, path: str, nearest: str
) -> None:
    file.write_text(toml)
    assert faults(DOMAIN, file) == (Fault(path, f"file {file}", f"is no setting; did you mean {nearest}?"),)


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("GATEWAY_DOMIAN", "GATEWAY_DOMAIN"),
        ("GATEWAY_SMPT__LISTEN", "GATEWAY_SMTP__LISTEN"),
        ("GATEWAY_SMTP_LISTEN", "GATEWAY_SMTP__LISTEN"),
        ("GATEWAY_ERRORS", "GATEWAY_SMTP__LIMITS__ERRORS"),
        ("GATEWAY_Log__Level", "GATEWAY_LOG__LEVEL"),
    ],
)
def test_a_variable_that_no_setting_claims_is_a_fault_that_names_the_nearest(variable: str, nearest: str) -> None:
    (fault,) = faults({**DOMAIN, variable: "1"})
    assert (fault.path, fault.origin) == (variable, "environment")
    assert fault.sentence in (f"is no setting; did you mean {nearest}?", "is no setting")
    assert nearest in fault.sentence or variable == "GATEWAY_Log__Level"


def test_an_unknown_name_like_no_other_gets_no_suggestion() -> None:
    (fault,) = faults({**DOMAIN, "GATEWAY_XYZZY": "1"})
    assert fault.sentence == "is no setting"


def test_a_flag_for_no_setting_is_a_fault() -> None:
    (fault,) = faults(DOMAIN, overrides={"smtp": {"listen": "a:1"}})
    assert (fault.path, fault.origin) == ("smtp", "flag")


def test_a_section_needs_names(file: Path) -> None:
    file.write_text("smtp = 3")
    (fault,) = faults(DOMAIN, file)
    assert fault == Fault("smtp", f"file {file}", "is a section, so it needs names and values of its own")


def test_all_faults_are_told_at_once_and_no_value_is_repeated(file: Path) -> None:
    file.write_text(
        "hostname = 'hunter2!'\nlog = 'hunter2'\nsmpt = 'hunter2'\n[smtp]\nlisten = ['hunter2']\n"
        "limits = {errors = 0, message_size = '1 GiB', commands_base = 'hunter2'}\n[store]\nkey_file = ['hunter2']\n"
    )
    environ = {
        "GATEWAY_SMTP__CERTIFICATE": "hunter2",
        "GATEWAY_LOG__LEVEL": "hunter2",
        "GATEWAY_STORE__BUSY_TIMEOUT": "hunter2",
        "GATEWAY_SECRET": "hunter2",
    }
    found = faults(environ, file)
    assert "hunter2" not in "".join(map(str, found))
    assert {(fault.path, fault.origin.split()[0]) for fault in found} == {
        ("hostname", "file"),
        ("domain", "not"),
        ("log", "file"),
        ("log.level", "environment"),
        ("smpt", "file"),
        ("smtp.listen", "file"),
        ("smtp.certificate", "environment"),
        ("smtp.limits.errors", "file"),
        ("smtp.limits.message_size", "file"),
        ("smtp.limits.commands_base", "file"),
        ("store.key_file", "file"),
        ("store.busy_timeout", "environment"),
        ("GATEWAY_SECRET", "environment"),
    }


def test_a_contradiction_with_a_value_that_is_itself_at_fault_is_not_told() -> None:
    environ = {
        **DOMAIN,
        "GATEWAY_SMTP__LIMITS__CONNECTIONS": "many",
        "GATEWAY_SMTP__LIMITS__RESERVED_FOR_SOURCES": "600",
    }
    assert [fault.path for fault in faults(environ)] == ["smtp.limits.connections"]


def test_a_contradiction_with_a_default_names_where_the_other_value_was_given() -> None:
    (fault,) = faults({**DOMAIN, "GATEWAY_SMTP__LIMITS__CONNECTIONS_PER_SOURCE": "501"})
    assert str(fault) == (
        "smtp.limits.connections_per_source must not be above smtp.limits.connections: it could never be reached"
        " (environment GATEWAY_SMTP__LIMITS__CONNECTIONS_PER_SOURCE)"
    )
    (fault,) = faults({**DOMAIN, "GATEWAY_SMTP__LIMITS__CONNECTIONS": "100", "GATEWAY_SMTP__LIMITS__ERRORS": "1"})
    assert (fault.path, fault.origin) == (
        "smtp.limits.reserved_for_sources",
        "environment GATEWAY_SMTP__LIMITS__CONNECTIONS",
    )


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("GATEWAY_LOG__LEVEL", "loud", "must be 'debug', 'info', 'warning' or 'error'"),
        ("GATEWAY_SMTP__LIMITS__ERRORS", "0", "must be above 0"),
        (
            "GATEWAY_SMTP__LIMITS__ERRORS",
            "9" * 16,
            'must be a whole number; a size may be written like "25 MiB" (KiB, MiB, GiB)',
        ),
        ("GATEWAY_SMTP__LIMITS__DRAIN", "", "must be a number of seconds"),
        ("GATEWAY_STORE__BUSY_TIMEOUT", "0", "must be above 0"),
        (
            "GATEWAY_SMTP__LIMITS__DATA_RATE",
            "-1",
            'must be a whole number; a size may be written like "25 MiB" (KiB, MiB, GiB)',
        ),
        ("GATEWAY_STORE__PATH", "", "must be the path of a file"),
    ],
)
def test_a_fault_is_a_plain_sentence(variable: str, value: str, sentence: str) -> None:
    (fault,) = faults({**DOMAIN, variable: value})
    assert (fault.origin, fault.sentence) == (f"environment {variable}", sentence)


@pytest.mark.parametrize(
    ("path", "url", "at_fault"),
    [
        *(("file", "file", ["store.path"]), ("file", "environment", ["store.path"])),
        *(("environment", "environment", []), ("file", "", [])),
    ],
)
def test_a_file_that_was_given_up_for_a_server_must_not_stay_in_the_configuration(
    tmp_path: Path, path: str, url: str, at_fault: list[str]
) -> None:
    """Whoever isn't given the environment, such as root's shell, would go on with the old database."""
    told = {"path": (path, "old.db"), "url": (url, "postgresql://gateway@db.example/gateway")}
    lines = [f'{name} = "{value}"' for name, (where, value) in told.items() if where == "file"]
    environ = {f"GATEWAY_STORE__{n.upper()}": value for n, (where, value) in told.items() if where == "environment"}
    file = tmp_path / "gateway.toml"
    file.write_text('domain = "log.example"\n[store]\n' + "\n".join(lines), encoding="utf-8")
    if not at_fault:
        assert load(environ, file).store.path == Path("old.db")
        return
    found = faults(environ, file)
    assert [(fault.path, fault.origin) for fault in found] == [(name, f"file {file}") for name in at_fault]
