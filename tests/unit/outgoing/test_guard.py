import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.outbound.http.guard import BlockedAddressError, OutgoingGuard, networks

GUARD = OutgoingGuard()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "0.0.0.0",  # noqa: S104 - an address to refuse, nothing listens
        "::",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",  # RFC 6598, carrier-grade NAT
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "168.63.129.16",
        "fd00:ec2::254",
        "fc00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "224.0.0.1",
        "224.0.1.1",
        "239.255.255.250",
        "ff02::1",
        "ff0e::1",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
        "64:ff9b::a9fe:a9fe",  # NAT64 of 169.254.169.254
        "64:ff9b:1::1",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "2002:a00:1::",  # 6to4 of 10.0.0.1
        "2001:0:53aa:64c:0:fbff:3fff:fdd2",  # Teredo
    ],
)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(BlockedAddressError, match="not allowed"):
        GUARD.check(address, 443)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "::ffff:1.1.1.1", "64:ff9b::101:101", "2606:4700::1111", "172.32.0.1"]
)
def test_a_public_address_is_allowed(address: str) -> None:
    GUARD.check(address, 443)


@pytest.mark.parametrize("port", [22, 25, 80, 5432, 6379, 8443])
def test_only_listed_ports_are_allowed(port: int) -> None:
    with pytest.raises(BlockedAddressError, match="port"):
        GUARD.check("1.1.1.1", port)
    OutgoingGuard(ports=frozenset({port})).check("1.1.1.1", port)


def test_a_listed_private_network_is_allowed_and_no_other_one() -> None:
    guard = OutgoingGuard(allowed_private=networks(("10.1.0.0/16", "fd12::/16")))
    guard.check("10.1.2.3", 443)
    guard.check("::ffff:10.1.2.3", 443)
    guard.check("fd12::5", 443)
    for address in ("10.2.0.1", "127.0.0.1", "fd13::1"):
        with pytest.raises(BlockedAddressError):
            guard.check(address, 443)


@pytest.mark.parametrize("address", ["169.254.169.254", "169.254.170.2", "fd00:ec2::254", "::ffff:169.254.169.254"])
def test_a_metadata_service_is_refused_even_when_its_network_is_listed(address: str) -> None:
    guard = OutgoingGuard(allowed_private=networks(("0.0.0.0/0", "::/0")))
    with pytest.raises(BlockedAddressError, match="metadata"):
        guard.check(address, 443)


@pytest.mark.parametrize("address", ["", "localhost", "127.1", "2130706433", "0x7f.1", "example.org", "1.1.1.1 "])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BlockedAddressError, match="not an IP address"):
        GUARD.check(address, 443)


def test_an_allow_list_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="example"):
        networks(("example.org",))


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_does_not_change_what_is_allowed(address: object) -> None:
    def is_allowed(text: str) -> bool:
        try:
            GUARD.check(text, 443)
        except BlockedAddressError:
            return False
        return True

    assert is_allowed(f"::ffff:{address}") == is_allowed(f"64:ff9b::{address}") == is_allowed(str(address))
