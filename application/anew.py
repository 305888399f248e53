"""Work that others were faster with is done anew, and then sees what they did."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from application.errors import ConflictError
from application.ports.errors import ContendedError, TransientPortError
from application.ports.transaction import Transaction

TRIES: Final = 5  # whoever is faster has finished by then, and who comes after that long has a queue before the door


async def anew[T](
    transaction: Transaction,
    work: Callable[[], Awaitable[T]],
    *,
    undone_by: tuple[type[Exception], ...] = (ConflictError, ContendedError),
) -> T:
    """What the work comes to when nobody interferes.

    Each try is the transaction once more, which a conflict undoes, or a circle of such that wait for each other.
    Where a conflict is what somebody is to be told, only the circle is a reason to try again.

    Raises:
        TransientPortError: somebody was faster each time.
    """
    for _ in range(TRIES):
        with suppress(*undone_by):
            async with transaction:
                return await work()
    raise TransientPortError("others changed the same alerts or incidents")
