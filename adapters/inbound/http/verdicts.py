"""What became of events, as a series for each kind of integration and outcome."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from application.alert.tally import VerdictTally
from application.alert.verdict import VerdictOutcome
from domain.service.integration import IntegrationKind

NAME: Final = "tocsin_intake_verdicts"


@dataclass(frozen=True, eq=False)  # a registry files it by its identity; without slots, as its base class has none
class VerdictCollector(Collector):
    """Reads the tally whenever somebody asks for the metrics, so that no event waits for a lock of theirs.

    Every series is there from the start, at zero: the first increase of one that begins with it is never seen.
    """

    tally: VerdictTally

    def collect(self) -> Iterator[CounterMetricFamily]:
        counted = self.tally.counted
        family = CounterMetricFamily(NAME, "Events, by what became of them", labels=("kind", "outcome"))
        for kind, outcome in product(IntegrationKind, VerdictOutcome):
            family.add_metric([kind, outcome], counted.get((kind, outcome), 0))
        yield family
