"""C13: a webhook is at a public address, or where the operator allows it, however its address is written."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from gateway.webhooks.limits import WebhookLimits
from gateway.webhooks.where import allowed, fit
from storage.errors import Refused

USUAL = WebhookLimits()
LOOPBACK = WebhookLimits(loopback=True)
OFFICE = WebhookLimits(networks=(ip_network("10.1.0.0/16"), ip_network("fd12::/16")))

PUBLIC = ("8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8")
PRIVATE = (
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1"),  # noqa: S104 — refused
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1", "192.0.2.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
    *("::", "::1", "::10.0.0.1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:169.254.169.254"),
    *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1"),
    *("2001::1", "2001:0:7f00:1::", "2001:db8::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254"),
    *("ff02::1", "ff0e::1", "100::1"),
)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert allowed(address, USUAL, "https")


@pytest.mark.parametrize("address", PRIVATE)
def test_any_other_is_not(address: str) -> None:
    assert not allowed(address, USUAL, "https")


@pytest.mark.parametrize("address", ["10.1.2.3", "fd12::1", "::ffff:10.1.2.3"])
def test_the_operator_may_allow_a_network(address: str) -> None:
    assert allowed(address, OFFICE, "https")
    assert not allowed(address, OFFICE, "http")


@pytest.mark.parametrize("address", ["10.2.0.1", "127.0.0.1", "fd13::1"])
def test_others_stay_closed_beside_it(address: str) -> None:
    assert not allowed(address, OFFICE, "https")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "8.8.8.8"])
def test_plain_http_is_for_this_machine_only(address: str) -> None:
    assert allowed(address, LOOPBACK, "http") == (address in ("127.0.0.1", "::1"))
    assert not allowed(address, USUAL, "http")


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example/hook",
        "https://crm.example:8443/a/b?c=d&e=%20",
        "HTTPS://CRM.EXAMPLE",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]:444/",
        "https://xn--bcher-kva.example/",
        "https://crm_internal.example./",
    ],
)
def test_an_address_that_may_be_one_is_taken(url: str) -> None:
    assert fit(url, USUAL).scheme == "https"


@pytest.mark.parametrize(
    "url",
    [
        *("", "crm.example", "ftp://crm.example/", "http://crm.example/", "file:///etc/passwd", "javascript:x"),
        *("https://", "https:///x", "https://crm.example:0/", "https://crm.example:99999/", "https://crm.example:x/"),
        *("https://ana:secret@crm.example/", "https://ana@crm.example/", "https://crm.example/#part"),
        *("https://crm.example /", "https://crm.example\r\nHost: x/", "https://crm.example\\@evil.example/"),
        *("https://bücher.example/", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/"),
        *("https://169.254.169.254/latest/meta-data/", "https://[fe80::1%25eth0]/", "https://%31%32%37.0.0.1/"),
        *("https://10.1.2.3/", "https://a" + "b" * 3000),
    ],
)
def test_any_other_is_refused_before_it_is_kept(url: str) -> None:
    with pytest.raises(Refused):
        fit(url, USUAL)
