"""Every rule there is at one moment, made ready to be asked: what a process keeps in its memory."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from domain.routing.decision import CompiledRouting, Decision, decide
from domain.routing.route import ORGANISATION
from domain.shared.ids import IntegrationId, TeamId


class Rulebook:
    """Immutable, so that whoever is at work with it is not disturbed by the next one."""

    def __init__(self, routings: Iterable[CompiledRouting] = ()) -> None:
        self._routings = {each.routing.owner_id: each for each in routings}

    @property
    def has_routes(self) -> bool:
        return bool(self._routings)

    def decide(
        self, labels: Mapping[str, str], *, integration_id: IntegrationId, team_id: TeamId, at: datetime
    ) -> Decision:
        """What the rules say: first those of the integration, then its team's, then the organisation's."""
        asked = (self._routings.get(owner) for owner in (integration_id, team_id, ORGANISATION))
        return decide([each for each in asked if each is not None], labels, at=at)
