"""What becomes of each event of a batch, while it is being decided."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from application.alert.routed import ReceivedEvent, RoutedEvent
from application.alert.tally import Outcomes
from application.alert.verdict import Verdict, VerdictOutcome
from application.ports.intake import RawEvent
from domain.alert.alert import Alert
from domain.incident.incident import Followed
from domain.incident.mute import Mute
from domain.shared.ids import AlertId, IncidentId


class Ledger:
    """What became of each event of a batch: counted, and for the raw bodies that they came in."""

    def __init__(self, batch: Sequence[ReceivedEvent]) -> None:
        self._batch = batch
        self._verdicts: dict[int, Verdict] = {}
        self._is_kept = any(each.raw is not None for each in batch)
        self.outcomes: Outcomes = Counter()

    def note(
        self,
        routed: RoutedEvent,
        outcome: VerdictOutcome,
        *,
        alert_id: AlertId | None = None,
        incident_id: IncidentId | None = None,
        muted: Mute | None = None,
        follows: Followed | None = None,
    ) -> None:
        """Once for each event; what counts others is none."""
        if routed.counts_others:
            return
        self.outcomes[routed.received.target.integration.kind, outcome] += 1
        if self._is_kept:
            self._verdicts[routed.place] = routed.verdict(
                outcome, alert_id=alert_id, incident_id=incident_id, muted=muted, follows=follows
            )

    def note_new(
        self,
        first: RoutedEvent,
        repeats: Sequence[RoutedEvent],
        alert: Alert,
        outcome: VerdictOutcome,
        at: datetime,
        *,
        follows: Followed | None = None,
    ) -> None:
        """An alert began with the first of its reports."""
        muted = first.muted(at)
        self.note(first, outcome, alert_id=alert.id, incident_id=alert.incident_id, muted=muted, follows=follows)
        for repeat in repeats:
            self.note(repeat, VerdictOutcome.REPEATED, alert_id=alert.id, incident_id=alert.incident_id)

    def raw_events(self) -> list[RawEvent]:
        """Each with the verdicts on the events in it, in their order."""
        if not self._is_kept:
            return []
        of_event: dict[UUID, list[Verdict]] = {}
        for place, received in enumerate(self._batch):
            if received.event_id is not None and place in self._verdicts:
                of_event.setdefault(received.event_id, []).append(self._verdicts[place])
        raw = (each.raw for each in self._batch)
        return [replace(each, verdicts=tuple(of_event.get(each.id, ()))) for each in raw if each is not None]
