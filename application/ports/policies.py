from abc import abstractmethod
from typing import Protocol

from application.ports.page import Page, PageRequest
from domain.escalation.policy import EscalationPolicy
from domain.shared.ids import PolicyId, TeamId


class PolicyRepository(Protocol):
    """Escalation policies in their newest version; writes are inside the current transaction."""

    @abstractmethod
    async def get(self, policy_id: PolicyId) -> EscalationPolicy:
        """The policy, held until the transaction ends. Raises `NotFoundError`."""

    @abstractmethod
    async def look_up(self, policy_id: PolicyId) -> EscalationPolicy:
        """The policy, not held. Needs no transaction. Raises `NotFoundError`."""

    @abstractmethod
    async def save(self, policy: EscalationPolicy) -> EscalationPolicy:
        """Store it as its next version, keep every version before, and return it as stored; version 0 is a new one.

        Raises `ConflictError` when it was saved since it was read, or when another policy has its name.
        """

    @abstractmethod
    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[EscalationPolicy]:
        """By name and id, of one team or of all. Needs no transaction."""
