"""How many events became what, since this process began."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from application.alert.verdict import VerdictOutcome
from domain.service.integration import IntegrationKind

# By the kind of the integration and not by its id: of kinds and outcomes there are few, and never more with use.
type Outcomes = Counter[tuple[IntegrationKind, VerdictOutcome]]


@dataclass(slots=True)
class VerdictTally:
    """One for each process. Rules themselves count for good what they drop, in storage; this is for a graph of it."""

    _counted: Outcomes = field(default_factory=Counter)

    def add(self, outcomes: Outcomes) -> None:
        self._counted.update(outcomes)

    @property
    def counted(self) -> Mapping[tuple[IntegrationKind, VerdictOutcome], int]:
        return dict(self._counted)
