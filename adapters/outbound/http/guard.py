"""Which addresses a request of ours may reach, so that no URL of a user's leads into the network we stand in.

OWASP API7:2023, server-side request forgery. The judgement is on the address that is about to be connected to, after
the resolver, so neither a name that resolves to a private address nor one that changes between two look-ups gets past.
"""

import errno
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

# Where clouds hand out credentials and configuration. Never reachable, whatever is on the allow list.
_METADATA: Final = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # AWS, Azure, Google, OpenStack
            "169.254.170.2",  # AWS ECS task credentials
            "169.254.170.23",  # AWS EKS pod identity
            "168.63.129.16",  # Azure host, though a public address
            "100.100.100.200",  # Alibaba
            "192.0.0.192",  # Oracle
            "fd00:ec2::254",  # AWS
            "fd00:ec2::23",  # AWS EKS pod identity
        ),
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # RFC 4291 2.4: all that IANA has handed out
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052 2.1: the last 32 bits are an IPv4 address


class BlockedAddressError(OSError):
    """The address is not one that requests may reach. An `OSError`, so that connectors treat it as a failed connect."""

    def __init__(self, address: str, port: int, reason: str) -> None:
        super().__init__(errno.EACCES, f"connecting to {address} port {port} is not allowed: {reason}")
        self.address = address
        self.port = port
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingGuard:
    """Public addresses on the named ports, and the private networks that the operator has listed."""

    allowed_private: tuple[Network, ...] = ()
    ports: frozenset[int] = frozenset({443})
    allows_public: bool = True  # false: the listed networks alone

    def check(self, address: str, port: int) -> None:
        """Raises `BlockedAddressError`."""
        reason = self._reason_against(address, port)
        if reason is not None:
            raise BlockedAddressError(address, port, reason)

    def _reason_against(self, address: str, port: int) -> str | None:
        if port not in self.ports:
            return "the port is not on the list"
        try:
            target = _target(ip_address(address))
        except ValueError:
            return "it is not an IP address"
        if target in _METADATA:
            return "it is a cloud's metadata service"
        if any(target in network for network in self.allowed_private if network.version == target.version):
            return None
        if not self.allows_public:
            return "it is not in a listed network"
        return None if _is_public(target) else "it is not a public address"


def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """The networks of an allow list. Raises `ValueError` for what is none."""
    return tuple(map(ip_network, texts))


def _target(address: Address) -> Address:
    """The address that packets end at: an IPv4 one may be wrapped in an IPv6 one, and an IPv6 one may name its link."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    unscoped = IPv6Address(int(address))
    if unscoped in _NAT64:
        return IPv4Address(int(unscoped) & 0xFFFF_FFFF)
    return unscoped


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_UNICAST or address.teredo is not None):
        return False
    return address.is_global and not address.is_multicast
