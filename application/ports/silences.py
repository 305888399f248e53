from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from application.ports.ending import EndingQuery
from application.ports.page import Page
from domain.routing.silence import Silence
from domain.shared.ids import SilenceId


class SilenceRepository(Protocol):
    """Silences, those that are over too. Writes are inside the current transaction."""

    @abstractmethod
    async def get(self, silence_id: SilenceId) -> Silence:
        """The silence, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, silence_id: SilenceId) -> Silence:
        """The same, not held. Needs no transaction."""

    @abstractmethod
    async def save(self, silence: Silence) -> Silence:
        """Store it and return it as stored, one version on; version 0 is a new one.

        Raises `ConflictError` when it was saved since it was read.
        """

    @abstractmethod
    async def count(self, *, at: datetime) -> int:
        """How many are not over."""

    @abstractmethod
    async def list(self, query: EndingQuery) -> Page[Silence]:
        """By when they end. Needs no transaction."""
