import time
from statistics import median

import pytest

from adapters.outbound.security.passwords import ArgonPasswordHasher
from domain.identity.password import require_password
from domain.shared.errors import InvalidValueError
from tests.support.identity import CHEAP


async def test_the_right_password_and_no_other_matches() -> None:
    password_hash = await CHEAP.hash("correct horse")
    assert await CHEAP.check("correct horse", password_hash) == (True, None)
    assert await CHEAP.check("correct horsE", password_hash) == (False, None)
    assert await CHEAP.check("", password_hash) == (False, None)


async def test_two_hashes_of_one_password_differ() -> None:
    assert await CHEAP.hash("correct horse") != await CHEAP.hash("correct horse")


async def test_the_cost_is_that_of_the_owasp_sheet() -> None:
    assert (await ArgonPasswordHasher().hash("x")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_hash_of_another_cost_is_replaced_when_its_password_is_seen() -> None:
    dearer = ArgonPasswordHasher(memory_kib=128, rounds=2)
    old = await CHEAP.hash("correct horse")
    is_right, new = await dearer.check("correct horse", old)
    assert is_right
    assert new is not None
    assert "m=128,t=2" in new
    assert await dearer.check("correct horse", new) == (True, None)
    assert await dearer.check("wrong", old) == (False, None)


@pytest.mark.parametrize("broken", ["", "plain", "$argon2id$v=19$m=64", "$2b$12$abc", "\ud800"])
async def test_a_hash_that_cannot_be_read_matches_nothing(broken: str) -> None:
    assert not (await CHEAP.check("plain", broken)).is_right


async def test_half_a_character_is_a_wrong_password() -> None:
    assert not (await CHEAP.check("\ud800", await CHEAP.hash("x"))).is_right


async def test_nobody_costs_as_much_as_somebody() -> None:
    hasher = ArgonPasswordHasher(memory_kib=4096, rounds=1)
    password_hash = await hasher.hash("correct horse")
    known, unknown = [], []
    for _ in range(30):
        began = time.process_time()
        await hasher.check("wrong", password_hash)
        between = time.process_time()
        await hasher.check_nobody()
        known.append(between - began)
        unknown.append(time.process_time() - between)
    assert 0.5 < median(known) / median(unknown) < 2


@pytest.mark.parametrize(
    "password", ["", "elevenchars", "x" * 257, "ada@example.test", "ADA@example.test", "\ud800" * 12]
)
def test_a_poor_password_is_refused(password: str) -> None:
    with pytest.raises(InvalidValueError):
        require_password(password, email="ada@example.test")


@pytest.mark.parametrize("password", ["twelve chars", "x" * 256, "пароль пароль", "👩‍🚀👩‍🚀👩‍🚀👩‍🚀"])
def test_any_long_password_will_do(password: str) -> None:
    require_password(password, email="ada@example.test")
