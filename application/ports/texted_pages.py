from abc import abstractmethod
from typing import NamedTuple, Protocol

from domain.shared.ids import IncidentId, UserId


class TextedPage(NamedTuple):
    """What a text message from a telephone can be an answer to."""

    user_id: UserId
    incident_id: IncidentId
    number: int


class TextedPages(Protocol):
    """Pages by text message, from the number that they went to. No method needs a transaction.

    Only verified contacts are looked at: who owns any other number is not known.
    """

    @abstractmethod
    async def newest(self, address: str, *, number: int | None = None) -> TextedPage | None:
        """The newest incident that this address was paged about and that nobody has; or the one of that number, however
        it stands."""

    @abstractmethod
    async def owners(self, address: str) -> tuple[UserId, ...]:
        """Whose contact it is, active or not, by id."""
