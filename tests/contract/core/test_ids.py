"""The promises of `IdFactory`, kept by every adapter of it."""

from datetime import timedelta
from uuid import RFC_4122, UUID

import pytest

from adapters.outbound.system.clock import ManualClock
from adapters.outbound.system.ids import SeededIdFactory, UuidFactory
from adapters.outbound.system.randomness import SeededRandomness
from application.ports.ids import IdFactory
from tests.support.builders import NOON

MILLISECOND = timedelta(milliseconds=1)


def seeded(seed: int, clock: ManualClock | None = None) -> SeededIdFactory:
    return SeededIdFactory(clock or ManualClock(NOON), SeededRandomness(seed))


@pytest.fixture(params=["seeded", "system"])
def ids(request: pytest.FixtureRequest) -> IdFactory:
    return seeded(1) if request.param == "seeded" else UuidFactory()


def test_an_id_is_a_uuid_of_version_7(ids: IdFactory) -> None:
    made = ids.new()

    assert (made.version, made.variant) == (7, RFC_4122)


def test_each_comes_after_every_one_before(ids: IdFactory) -> None:
    made = [ids.new() for _ in range(5000)]

    assert made == sorted(set(made))


def test_a_seeded_id_begins_with_the_time_in_milliseconds() -> None:
    clock = ManualClock(NOON)
    factory = seeded(1, clock)
    first = factory.new()
    clock.move_to(NOON + 999 * MILLISECOND / 1000)
    same = factory.new()
    clock.move_to(NOON + MILLISECOND)
    later = factory.new()

    stamp = round(NOON.timestamp() * 1000)
    assert [each.int >> 80 for each in (first, same, later)] == [stamp, stamp, stamp + 1]
    assert first < same < later


def test_one_seed_gives_one_sequence_and_another_gives_another() -> None:
    def sequence(seed: int) -> list[UUID]:
        factory = seeded(seed)
        return [factory.new() for _ in range(10)]

    assert sequence(1) == sequence(1)
    assert not set(sequence(1)) & set(sequence(2))
