from uuid import UUID

import pytest

from adapters.outbound.security.vault import SealedVault
from adapters.outbound.system.randomness import SystemRandomness
from application.ports.errors import PermanentPortError
from tests.support.identity import NEXT_SECRET, SECRET

OWNER, OTHER = UUID(int=1), UUID(int=2)
VAULT = SealedVault(SECRET, SystemRandomness())


def test_what_was_sealed_can_be_read_again() -> None:
    assert VAULT.open(VAULT.seal("héllo", owner=OWNER), owner=OWNER) == "héllo"


def test_what_is_stored_does_not_show_the_secret_or_that_two_are_the_same() -> None:
    first, second = (VAULT.seal("sentry-client-secret", owner=OWNER) for _ in range(2))
    assert b"sentry" not in first
    assert first != second


def test_it_cannot_be_passed_off_as_another_owners() -> None:
    with pytest.raises(PermanentPortError):
        VAULT.open(VAULT.seal("secret", owner=OWNER), owner=OTHER)


@pytest.mark.parametrize("place", [0, 12, -1])
def test_what_was_altered_is_not_read(place: int) -> None:
    sealed = bytearray(VAULT.seal("secret", owner=OWNER))
    sealed[place] ^= 1
    with pytest.raises(PermanentPortError):
        VAULT.open(bytes(sealed), owner=OWNER)


@pytest.mark.parametrize("stored", [b"", b"short"])
def test_what_was_never_sealed_is_not_read(stored: bytes) -> None:
    with pytest.raises(PermanentPortError):
        VAULT.open(stored, owner=OWNER)


def test_another_server_secret_reads_nothing() -> None:
    other = SealedVault(b"another secret of thirty-two bytes!", SystemRandomness())
    with pytest.raises(PermanentPortError):
        other.open(VAULT.seal("secret", owner=OWNER), owner=OWNER)


NEXT = SealedVault(NEXT_SECRET, SystemRandomness(), previous=SECRET)


def test_while_the_server_secret_is_replaced_what_either_sealed_is_read_and_the_new_one_seals() -> None:
    assert NEXT.open(VAULT.seal("old", owner=OWNER), owner=OWNER) == "old"
    sealed = NEXT.seal("new", owner=OWNER)
    assert NEXT.open(sealed, owner=OWNER) == "new"
    with pytest.raises(PermanentPortError):
        VAULT.open(sealed, owner=OWNER)
    with pytest.raises(PermanentPortError):
        NEXT.open(VAULT.seal("old", owner=OWNER), owner=OTHER)


def test_what_the_secret_before_sealed_is_renewed_once_and_needs_it_no_more() -> None:
    renewed = NEXT.renewed(VAULT.seal("old", owner=OWNER), owner=OWNER)
    assert renewed is not None
    assert NEXT.renewed(renewed, owner=OWNER) is None
    alone = SealedVault(NEXT_SECRET, SystemRandomness())
    assert alone.open(renewed, owner=OWNER) == "old"
    with pytest.raises(PermanentPortError):
        alone.renewed(VAULT.seal("old", owner=OWNER), owner=OWNER)
