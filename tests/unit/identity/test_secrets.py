import re
from uuid import UUID

import pytest

from adapters.outbound.security.secrets import (
    HmacRefreshTokens,
    RandomSecretFactory,
    base62,
    derived_key,
    from_base62,
    is_api_key,
)
from adapters.outbound.system.randomness import SeededRandomness, SystemRandomness
from application.errors import UnauthenticatedError
from application.identity.authenticate import API_KEY_PREFIX
from domain.identity.password import PASSWORD_CHARACTERS_MIN
from domain.shared.ids import SessionId
from tests.support.identity import NEXT_SECRET, SECRET

FACTORY = RandomSecretFactory(SystemRandomness())
SESSION = SessionId(UUID("01939f3a-0000-7000-8000-00000000abcd"))


def test_an_api_key_has_a_prefix_at_least_128_bits_and_a_checksum() -> None:
    key = FACTORY.api_key()
    assert re.fullmatch(r"tsk_[0-9A-Za-z]{27}[0-9A-Za-z]{6}", key)
    assert 62**27 > 2**128
    assert key.startswith(API_KEY_PREFIX)
    assert is_api_key(key)


@pytest.mark.parametrize("place", range(4, 37))
def test_an_api_key_with_one_wrong_character_is_known_at_sight(place: int) -> None:
    key = RandomSecretFactory(SeededRandomness(3)).api_key()
    wrong = "0" if key[place] != "0" else "1"
    assert not is_api_key(key[:place] + wrong + key[place + 1 :])
    assert not is_api_key(key[4:])
    assert not is_api_key(key + "0")


def test_an_integration_key_has_exactly_32_hexadecimal_digits() -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", FACTORY.integration_key())


def test_a_generated_password_is_long_enough_and_readable() -> None:
    password = FACTORY.password()
    assert re.fullmatch(r"([2-9a-hjkmnp-z]{5}-){5}[2-9a-hjkmnp-z]{5}", password)
    assert len(password) > PASSWORD_CHARACTERS_MIN


def test_no_two_secrets_are_the_same() -> None:
    secrets = [
        make() for make in (FACTORY.api_key, FACTORY.integration_key, FACTORY.setup_secret, FACTORY.password) * 50
    ]
    assert len(set(secrets)) == 200


@pytest.mark.parametrize("value", [bytes(20), bytes([255] * 20), bytes(range(20))])
def test_base_62_goes_there_and_back(value: bytes) -> None:
    text = base62(value)
    assert len(text) == 27
    assert from_base62(text, 20) == value


@pytest.mark.parametrize("text", ["", "0" * 26, "z" * 27, "-" * 27, "é" * 27])
def test_what_is_not_base_62_of_that_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not (as|found)|more than|substring"):
        from_base62(text, 20)


def test_keys_for_different_labels_have_nothing_in_common() -> None:
    assert derived_key(SECRET, "a") != derived_key(SECRET, "b")
    assert derived_key(SECRET, "a") == derived_key(SECRET, "a")
    assert SECRET not in derived_key(SECRET, "a")


def test_a_refresh_token_has_one_successor_and_names_its_session() -> None:
    tokens = HmacRefreshTokens(SECRET, SeededRandomness(1))
    first, other = tokens.first(SESSION), tokens.first(SESSION)
    assert first != other
    chain = [first]
    for _ in range(5):
        chain += tokens.successors(chain[-1])
        assert tokens.successors(chain[-2]) == (chain[-1],)
        assert tokens.session_of(chain[-1]) == SESSION
    assert len(set(chain)) == 6


def test_a_made_up_or_changed_refresh_token_is_refused() -> None:
    tokens = HmacRefreshTokens(SECRET, SeededRandomness(1))
    stranger = HmacRefreshTokens(bytes(32), SeededRandomness(1))
    good = tokens.first(SESSION)
    turned = good[:-1] + ("0" if good[-1] != "0" else "1")
    no_prefix = good.removeprefix("tsr_")
    for token in ("", "tsr_", turned, no_prefix, good + "0", stranger.first(SESSION), "tsr_" + "é" * 86):
        with pytest.raises(UnauthenticatedError):
            tokens.session_of(token)
        with pytest.raises(UnauthenticatedError):
            tokens.successors(token)


def test_a_refresh_token_of_before_is_exchanged_for_one_by_the_new_secret() -> None:
    before = HmacRefreshTokens(SECRET, SeededRandomness(1))
    after = HmacRefreshTokens(NEXT_SECRET, SeededRandomness(1), previous=SECRET)
    token = before.first(SESSION)
    assert after.session_of(token) == SESSION

    by_new, by_old = after.successors(token)
    assert before.successors(token) == (by_old,)
    assert HmacRefreshTokens(NEXT_SECRET, SeededRandomness(1)).session_of(by_new) == SESSION
    with pytest.raises(UnauthenticatedError):
        HmacRefreshTokens(NEXT_SECRET, SeededRandomness(1)).session_of(token)


def test_processes_that_have_the_secrets_in_either_order_give_the_same_successors() -> None:
    one = HmacRefreshTokens(SECRET, SeededRandomness(1), previous=NEXT_SECRET)
    other = HmacRefreshTokens(NEXT_SECRET, SeededRandomness(1), previous=SECRET)
    for token in (one.first(SESSION), other.first(SESSION)):
        assert one.successors(token) == tuple(reversed(other.successors(token)))
