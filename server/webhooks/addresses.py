"""Where webhooks may go: nowhere inside the network, whatever a name resolves to. Pure."""

import ipaddress
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from server.runtime.errors import WebhookTargetRefused

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# Prefixes in which an IPv4 address is embedded: a network may translate them to it.
_TRANSLATED: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))


@dataclass(frozen=True, slots=True)
class TargetRules:
    """Where webhooks may go.

    Attributes:
        allow_loopback: Whether loopback addresses may be called, and over plain `http`: for development alone.
    """

    allow_loopback: bool = False

    def check_url(self, url: str) -> None:
        """Checks what a URL tells by itself; the addresses of its name are checked when it is called.

        Raises:
            WebhookTargetRefused: Its scheme, its user information or its address is not allowed.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise WebhookTargetRefused("", "the URL can't be read") from error
        if not host or port == 0:
            raise WebhookTargetRefused(host, "the URL names no host")
        if parts.username is not None or parts.password is not None:
            raise WebhookTargetRefused(host, "the URL carries a user name or password")
        if parts.scheme != "https" and not (parts.scheme == "http" and self.allow_loopback):
            raise WebhookTargetRefused(host, "the URL must begin with https://")
        address = _literal(host)
        if address is not None:
            self.check_address(host, address)
        elif not self.allow_loopback and (host == "localhost" or host.endswith(".localhost")):
            raise WebhookTargetRefused(host, "it is this machine")

    def check_address(self, host: str, address: Address) -> None:
        """Checks an address.

        Args:
            host: The name that led to it.
            address: The address.

        Raises:
            WebhookTargetRefused: It is not a public one.
        """
        inner = _embedded(address)
        if self.allow_loopback and inner.is_loopback:
            return
        if not inner.is_global or inner.is_multicast or inner.is_reserved:
            raise WebhookTargetRefused(host, "it leads to an address that is not public")


def _embedded(address: Address) -> Address:
    """Gives the IPv4 address that an IPv6 address stands for; else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
