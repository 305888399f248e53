from abc import abstractmethod
from typing import Final, NamedTuple, Protocol

from application.ports.page import Page, PageRequest
from domain.escalation.policy import EscalationPolicy
from domain.shared.ids import PolicyId, TeamId

USES_NAMED: Final = 5  # what a refusal names: who has to mend more asks for the list


class PolicyUses(NamedTuple):
    """What is paged by a policy now."""

    services: tuple[str, ...]  # the names of the first ones
    more_services: int
    open_incidents: int  # that were reassigned to it

    @property
    def is_used(self) -> bool:
        return bool(self.services) or self.open_incidents > 0


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
    async def uses_of(self, policy_id: PolicyId) -> PolicyUses:
        """Whatever would have no policy without it."""

    @abstractmethod
    async def delete(self, policy_id: PolicyId) -> None:
        """Let it be no more: its name is free again, and its versions stay.

        Raises `ConflictError` while a service has it, `NotFoundError`.
        """

    @abstractmethod
    async def list(self, page: PageRequest, *, team_id: TeamId | None = None) -> Page[EscalationPolicy]:
        """By name and id, of one team or of all. Needs no transaction."""
