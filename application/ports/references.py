"""What a configuration names has to exist: asked for all names at once."""

from abc import abstractmethod
from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID


class ReferenceKind(StrEnum):
    USER = "user"  # an active one: nobody else may be paged
    TEAM = "team"
    POLICY = "policy"
    SCHEDULE = "schedule"
    CHANNEL = "channel"  # a destination that people watch
    WEBHOOK = "webhook"  # a destination that is a server


class Reference(NamedTuple):
    kind: ReferenceKind
    id: UUID


class References(Protocol):
    @abstractmethod
    async def missing(self, references: Collection[Reference]) -> frozenset[Reference]:
        """Those that name nothing. Needs no transaction."""
