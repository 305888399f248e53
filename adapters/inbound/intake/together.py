"""What has gathered is written together, and each alone when that fails: one's fault is not its neighbours'."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from application.ports.errors import TransientPortError


class Asked[Work, Answer](NamedTuple):
    """What somebody wants written, and waits for."""

    work: Work
    answer: asyncio.Future[Answer]


async def write_together[Work, Answer](
    asked: Sequence[Asked[Work, Answer]], write: Callable[[Sequence[Work]], Awaitable[Sequence[Answer]]]
) -> None:
    """Answer each of them, with what `write` says of it or with what it raises.

    Raises only `CancelledError`: whoever waits is told then that storage is away.
    """
    try:
        answers = await write([each.work for each in asked])
    except TransientPortError as error:
        _fail(asked, error)
    except Exception as error:  # noqa: BLE001  # it is raised where the work came from
        if len(asked) == 1:
            _fail(asked, error)
        else:
            for each in asked:
                await write_together((each,), write)
    except asyncio.CancelledError:
        _fail(asked, TransientPortError("the service is stopping"))
        raise
    else:
        for each, answer in zip(asked, answers, strict=True):
            if not each.answer.done():  # whoever asked may have gone; it is written all the same
                each.answer.set_result(answer)


def _fail[Work, Answer](asked: Sequence[Asked[Work, Answer]], error: Exception) -> None:
    for each in asked:
        if not each.answer.done():
            each.answer.set_exception(error)
