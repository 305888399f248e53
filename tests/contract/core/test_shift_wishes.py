"""The promises of `ShiftWishesRepository`, kept by every adapter of it."""

from domain.notification.shift_wishes import ShiftWishes
from tests.support.builders import ADA, BEN, CAT
from tests.support.world import Ports


async def test_whoever_said_nothing_is_left_out_and_the_last_word_counts(ports: Ports) -> None:
    assert await ports.shift_wishes.of(()) == {}
    assert await ports.shift_wishes.of({ADA, BEN}) == {}
    async with ports.transaction:
        await ports.shift_wishes.save(ADA, ShiftWishes(ahead=False, started=False, ended=False))
        await ports.shift_wishes.save(BEN, ShiftWishes(started=False))
        await ports.shift_wishes.save(ADA, ShiftWishes(ended=False))

    assert await ports.shift_wishes.of({ADA, BEN, CAT}) == {
        ADA: ShiftWishes(ahead=True, started=True, ended=False),
        BEN: ShiftWishes(ahead=True, started=False, ended=True),
    }
    assert (await ports.shift_wishes.of({BEN})).keys() == {BEN}
