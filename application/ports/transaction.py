from abc import abstractmethod
from types import TracebackType
from typing import Protocol


class Transaction(Protocol):
    """All or nothing: commits when left normally, undoes everything when left by an exception.

    Repositories work inside one. Leaving raises `TransientPortError` when the commit did not reach storage for sure.
    """

    @abstractmethod
    async def __aenter__(self) -> None: ...

    @abstractmethod
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
