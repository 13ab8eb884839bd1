"""Nothing inside the network is an address for webhooks, in whatever form it is written."""

import ipaddress

import pytest

from server.runtime.errors import WebhookTargetRefused
from server.webhooks.addresses import TargetRules

PRIVATE = [
    str(ipaddress.IPv4Address(0)),
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00:ec2::254",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "ff02::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(WebhookTargetRefused):
        TargetRules().check_address("name.example", ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8"])
def test_a_public_address_is_allowed(address: str) -> None:
    TargetRules().check_address("name.example", ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["10.1.2.3", "169.254.169.254", "::ffff:10.0.0.1", "fe80::1"])
def test_a_developer_may_call_loopback_alone(address: str) -> None:
    rules = TargetRules(allow_loopback=True)
    rules.check_address("localhost", ipaddress.ip_address("127.0.0.1"))
    with pytest.raises(WebhookTargetRefused):
        rules.check_address("name.example", ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "ftp://example.com/", "https://localhost/", "https://[::1]/", "https://a:b@example.com/",
     "https://example.com:0/", "https:///path", "https://[bad/"],
)  # fmt: skip
def test_a_url_that_leads_nowhere_good_is_refused(url: str) -> None:
    with pytest.raises(WebhookTargetRefused):
        TargetRules().check_url(url)
