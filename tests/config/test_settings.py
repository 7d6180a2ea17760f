"""Settings: their types, their defaults, and which of them disagree."""

from dataclasses import asdict, fields
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.contradictions import AT_MOST, contradictions
from config.settings import ReadingSection, Section, Settings, SmtpLimitsSection, value_at
from config.values import host_and_port, host_name, listen_addresses, listener, name_servers, seconds, whole_number
from gateway.core.limits import ReadingLimits
from gateway.smtp.limits import SmtpLimits
from gateway.smtp.listener import Listener, Tls

PAIR = {"certificate": "a.pem", "private_key": "b.pem"}
MAY_BE_ZERO = {
    "reserved_for_sources",
    "data_rate",
    "data_grace",
    "unknown_recipients_delay",
    "data_in_memory_for_sources",
    "free_disk",
    "drain",
    "linger",
}


def settings(**sections: object) -> Settings:
    return Settings.model_validate({"domain": "log.example", **sections})


def nested(values: dict[str, object]) -> dict[str, object]:
    """Dotted paths, at most three names deep, as tables."""
    tree: dict[str, object] = {}
    for path, value in values.items():
        for name in reversed(path.split(".")[1:]):
            value = {name: value}  # noqa: PLW2901  # grows outwards
        first = path.split(".")[0]
        tree[first] = merged(tree.get(first), value)
    return tree


def merged(left: object, right: object) -> object:
    if isinstance(left, dict) and isinstance(right, dict):
        return {name: merged(left.get(name), right.get(name, left.get(name))) for name in left | right}
    return right


@pytest.mark.parametrize(("limits", "section"), [(SmtpLimits, SmtpLimitsSection), (ReadingLimits, ReadingSection)])
def test_every_limit_is_a_setting_with_the_same_default(
    limits: type[SmtpLimits] | type[ReadingLimits], section: type[Section]
) -> None:
    assert list(section.model_fields) == [limit.name for limit in fields(limits)]
    assert section().model_dump() == asdict(limits())


def test_the_limits_come_back_as_the_products_own_values() -> None:
    changed = settings(smtp={"limits": {"message_size": "1 MiB", "drain": 5}}, reading={"depth": 7})
    assert changed.smtp_limits() == SmtpLimits(message_size=1024 * 1024, drain=5)
    assert changed.reading_limits() == ReadingLimits(depth=7)
    assert (settings().smtp_limits(), settings().reading_limits()) == (SmtpLimits(), ReadingLimits())


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        settings().store.busy_timeout = 3


def sections() -> list[type[Section]]:
    return [Section, *Section.__subclasses__()]


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_section_is_frozen_refuses_unknown_names_and_hides_values(section: type[Section]) -> None:
    assert section.model_config.get("frozen") is True
    assert section.model_config.get("extra") == "forbid"
    assert section.model_config.get("hide_input_in_errors") is True


@given(st.integers(0, 10**12), st.sampled_from([("", 1), ("KiB", 1024), ("MiB", 1024**2), ("GiB", 1024**3)]))
def test_a_size_is_a_number_with_or_without_a_unit(number: int, unit: tuple[str, int]) -> None:
    assert whole_number(f"{number} {unit[0]}") == whole_number(f"{number}{unit[0]}") == number * unit[1]
    assert whole_number(number) == number


@pytest.mark.parametrize("value", ["", "1 KB", "1.5 MiB", "-1", "1 2", "٣", True, 1.5, None, [], "1" * 5000])
def test_what_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="whole number"):
        whole_number(value)


@pytest.mark.parametrize("value", [-1, "inf", "nan", float("inf"), 10**400, True, "", "soon", None, []])
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="number of seconds"):
        seconds(value)


@pytest.mark.parametrize("name", ["", ".", "a..b", "-a.example", "a_b.example", "bücher.example", "a." * 130 + "a", 3])
def test_what_is_no_host_name_is_refused(name: object) -> None:
    with pytest.raises(ValueError, match="domain name"):
        host_name(name)


def test_host_names_are_lower_case() -> None:
    assert settings(hostname="MX.Example").hostname == "mx.example"


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [("127.0.0.1:25", "127.0.0.1", 25), ("[::1]:2525", "::1", 2525), ("localhost:0", "localhost", 0)],
)
def test_a_listen_address_is_host_and_port(address: str, host: str, port: int) -> None:
    assert host_and_port(address) == (host, port)


@pytest.mark.parametrize("address", ["", ":25", "a", "a:", "a:65536", "a:-1", "::1:25", "[::1]", "[a]:25", "a b:25"])
def test_what_is_no_listen_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        host_and_port(address)


def test_listen_addresses_are_a_list_or_text_with_commas() -> None:
    assert listen_addresses(["a:1", "b:2"]) == listen_addresses("a:1, b:2") == ("a:1", "b:2")


@pytest.mark.parametrize("value", [[], "", "a:1,", [1], 3, ["a:1", "a:1"], "a:1,a:1"])
def test_lists_of_listen_addresses_are_sound_or_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must"):
        listen_addresses(value)


def test_words_behind_an_address_are_its_mode() -> None:
    words = "[::1]:25 tls=required auth  client-certificates proxy=192.0.2.0/24 proxy=2001:db8::1"
    proxies = (ip_network("192.0.2.0/24"), ip_network("2001:db8::1/128"))
    assert listener(words) == ("[::1]:25", Listener(Tls.REQUIRED, True, True, proxies))  # noqa: FBT003 - its fields
    assert listener("a:1") == ("a:1", Listener())
    assert settings(smtp={"listen": ["a:1 tls=implicit"]}).listeners() == [("a:1", Listener(Tls.IMPLICIT))]
    assert listen_addresses("a:1  auth , b:2") == ("a:1 auth", "b:2")


@pytest.mark.parametrize(
    "text",
    [
        *("a:1 tls", "a:1 tls=none", "a:1 Auth", "a:1 auth auth", "a:1 tls=implicit tls=required", "a:1 proxy="),
        *("a:1 b:2", "a:1 proxy=192.0.2.1/24", "a:1 proxy=0.0.0.0/0", "a:1 tls=implicit proxy=192.0.2.1"),
    ],
)
def test_what_is_no_mode_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must") as raised:
        listener(text)
    assert text not in str(raised.value)


def test_an_address_is_named_once_whatever_its_mode() -> None:
    with pytest.raises(ValueError, match="twice"):
        listen_addresses(["a:1 auth", "a:1"])


def test_name_servers_are_a_list_or_text_with_commas_or_none_at_all() -> None:
    given = ("192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353")
    assert name_servers(list(given)) == name_servers(", ".join(given)) == given
    assert name_servers([]) == name_servers("") == ()
    assert settings(dns={"nameservers": given}).dns.nameservers == given


@pytest.mark.parametrize("value", ["ns.example", "192.0.2.53:", "192.0.2.53:65536", "192.0.2", "[192.0.2.53", [1], 3])
def test_what_names_no_server_by_address_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must"):
        name_servers(value)


@pytest.mark.parametrize("path", ["", "a\0b", 3])
def test_what_is_no_path_is_refused(path: object) -> None:
    with pytest.raises(ValidationError, match="path of a file"):
        settings(store={"path": path})


@pytest.mark.parametrize("name", sorted(MAY_BE_ZERO))
def test_a_reserve_a_rate_and_a_courtesy_may_be_none_at_all(name: str) -> None:
    assert getattr(settings(smtp={"limits": {name: 0}}).smtp_limits(), name) == 0
    with pytest.raises(ValidationError):
        settings(smtp={"limits": {name: -1}})


@pytest.mark.parametrize("name", sorted({limit.name for limit in fields(SmtpLimits)} - MAY_BE_ZERO))
def test_other_limits_are_above_zero(name: str) -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        settings(smtp={"limits": {name: 0}})


def test_the_defaults_agree() -> None:
    assert list(contradictions(settings())) == []


@pytest.mark.parametrize(("smaller", "larger"), [pair[:2] for pair in AT_MOST])
def test_what_must_not_be_above_another_is_refused_above_and_taken_at_it(smaller: str, larger: str) -> None:
    limit = int(str(value_at(settings(), larger)).removesuffix(".0"))
    above = settings(**nested({smaller: limit + 1, larger: limit}))
    assert (smaller, larger) in [found[:2] for found in contradictions(above)]
    equal = settings(**nested({smaller: limit, larger: limit}))
    assert (smaller, larger) not in [found[:2] for found in contradictions(equal)]


@pytest.mark.parametrize(
    ("sections", "at_fault"),
    [
        ({"smtp": {"limits": {"reserved_for_sources": 500}}}, "smtp.limits.reserved_for_sources"),
        ({"smtp": {"certificate": "a.pem"}}, "smtp.certificate"),
        ({"smtp": {"private_key": "a.pem"}}, "smtp.private_key"),
        *(({"smtp": {"listen": [f"a:1 {m}"]}}, "smtp.listen") for m in ("tls=implicit", "tls=required", "auth")),
        ({"smtp": {**PAIR, "listen": ["a:1 client-certificates"]}}, "smtp.listen"),
        ({"smtp": {**PAIR, "client_ca": "c.pem"}}, "smtp.client_ca"),
        ({"smtp": {"sources_need_tls": True}}, "smtp.sources_need_tls"),
        ({"parser": {"memory": "463 MiB"}}, "parser.memory"),
        ({"store": {"key_file": "data/gateway.db"}}, "store.key_file"),
        *(({"console": {"listen": f"{a}:80"}}, "console.listen") for a in ("0.0.0.0", "[::]", "log.example")),  # noqa: S104 — refused
        ({"console": {"listen": "0.0.0.0:80", "url": "http://log.example"}}, "console.listen"),
    ],
)
def test_contradictions_are_found(sections: dict[str, object], at_fault: str) -> None:
    assert [found[0] for found in contradictions(settings(**sections))] == [at_fault]


def test_tls_takes_a_certificate_and_a_key() -> None:
    both = settings(smtp={"certificate": "a.pem", "private_key": "b.pem"})
    assert list(contradictions(both)) == []
    assert both.smtp.certificate == Path("a.pem")


@pytest.mark.parametrize(
    ("listen", "url"),
    [("", ""), ("127.0.0.1:8025", ""), ("[::1]:8025", ""), ("localhost:1", "http://x"), ("0.0.0.0:80", "https://x")],
)
def test_a_console_is_on_loopback_or_behind_tls(listen: str, url: str) -> None:
    assert list(contradictions(settings(console={"listen": listen, "url": url}))) == []


@pytest.mark.parametrize(
    "url", ["log.example", "ftp://x", "https://", "https://x/path", "https://a@x", "https://x?y", 1]
)
def test_what_no_browser_finds_is_refused(url: object) -> None:
    with pytest.raises(ValidationError, match="must be an address"):
        settings(console={"url": url})


@pytest.mark.parametrize("listen", ["8025", "a:", "a:70000", "a b:1", 8025])
def test_where_no_console_can_listen_is_refused(listen: object) -> None:
    with pytest.raises(ValidationError, match="must be given as"):
        settings(console={"listen": listen})
