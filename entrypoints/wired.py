"""Use cases that are called again and again: wired once for each call that is under way, not for each call.

To wire one takes 170 µs where it was measured, as long as a tick that finds nothing to do. Nothing of a use case ends
with its scope, and none remembers anything of a call, so one that has ended serves the next.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, cast

from dishka import AsyncContainer


class UseCase[**P, R](Protocol):
    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...


def wired[**P, R](container: AsyncContainer, kind: type[UseCase[P, R]]) -> Callable[P, Awaitable[R]]:
    """A call of the use case, each by itself also when several are under way."""
    idle: list[UseCase[P, R]] = []

    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        use_case = idle.pop() if idle else await made(container, kind)
        try:
            return await use_case(*args, **kwargs)
        finally:
            idle.append(use_case)

    return call


class WithDeadlines[**P](Protocol):
    async def earliest_deadline(self, *args: P.args, **kwargs: P.kwargs) -> datetime | None: ...


def earliest_deadline[**P](
    container: AsyncContainer, kind: Callable[..., WithDeadlines[P]]
) -> Callable[P, Awaitable[datetime | None]]:
    """Of a repository. It is asked outside of any transaction, so that one serves every time."""
    repositories: list[WithDeadlines[P]] = []

    async def earliest(*args: P.args, **kwargs: P.kwargs) -> datetime | None:
        if not repositories:
            repositories.append(await made(container, kind))
        return await repositories[0].earliest_deadline(*args, **kwargs)

    return earliest


async def made[T](container: AsyncContainer, kind: Callable[..., T]) -> T:
    """Of that class, which may be a port, in a scope of its own, which it outlives."""
    async with container() as scope:
        return cast(T, await scope.get(cast(type[T], kind)))
