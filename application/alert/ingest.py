"""Events in: the hot path. A batch of them becomes alerts, incidents, runs and facts in one transaction.

A batch is cut into waves, each with at most one kind of action per alert, in the order of arrival: so a resolve that
follows its trigger in one batch finds the alert that the trigger opened, and everything else is set-based. The rules
are asked in memory, before the first wave.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.alert.admit import AdmitAlerts
from application.alert.answer import AnswerAlerts
from application.alert.begin import BeginAlerts
from application.alert.judge import JudgeEvents
from application.alert.ledger import Ledger
from application.alert.mute_new import MuteNewAlerts
from application.alert.routed import ReceivedEvent, RoutedEvent, expiry_of
from application.alert.tally import Outcomes, VerdictTally
from application.alert.verdict import VerdictOutcome
from application.alert.waves import waves
from application.anew import anew
from application.ports.clock import Clock
from application.ports.intake import AlertKey, DropCount, IntakeStore
from application.ports.transaction import Transaction
from application.routing.rules import CurrentRules
from domain.alert.alert_event import AlertAction
from domain.routing.decision import Step, StepOutcome
from domain.routing.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class IngestEvents:
    """Stores events and what follows from them. When it returns, all of it is committed (P1)."""

    intake: IntakeStore
    current_rules: CurrentRules
    judge: JudgeEvents
    admit: AdmitAlerts
    mute: MuteNewAlerts
    begin: BeginAlerts
    answer: AnswerAlerts
    tally: VerdictTally
    transaction: Transaction
    clock: Clock

    async def __call__(self, batch: Sequence[ReceivedEvent]) -> None:
        """All of it, or nothing.

        Raises:
            TransientPortError: storage is away, or others change the same alerts and incidents again and again.
        """
        self.tally.add(await anew(self.transaction, lambda: self._apply(batch)))

    async def apply(self, batch: Sequence[ReceivedEvent]) -> Outcomes:
        """The same inside a transaction that is already open, for a consumer that has more to store with it.

        What became of the events, which is counted at once, also if the caller's commit fails then.

        Raises:
            ConflictError: another batch begins some of these alerts meanwhile; the transaction is to be done anew.
        """
        outcomes = await self._apply(batch)
        self.tally.add(outcomes)
        return outcomes

    async def _apply(self, batch: Sequence[ReceivedEvent]) -> Outcomes:
        at = self.clock.now()
        ledger = Ledger(batch)
        rules = await self.current_rules()  # the same for the whole batch
        routed = await self.judge(batch, rules, at)
        kept = [each for each in routed if not each.decision.effect.is_dropped]
        dropped = [each for each in routed if each.decision.effect.is_dropped]
        for each in dropped:
            ledger.note(each, VerdictOutcome.DROPPED)
        cut = list(waves(kept))
        ends_with_answers = not cut or cut[-1][0].event.action is not AlertAction.TRIGGER
        for number, wave in enumerate(cut, start=1):
            if wave[0].event.action is AlertAction.TRIGGER:
                await self._fire(wave, rules, ledger, at, is_last=number == len(cut))
            else:
                await self.answer(wave, ledger, at)
        if ends_with_answers and (raw := ledger.raw_events()):
            await self.intake.record(alerts=(), runs=(), events=(), raw_events=raw)
        if dropped:
            await self.intake.count_drops(_drop_counts(dropped), at=at)
        return ledger.outcomes

    async def _fire(
        self, wave: Sequence[RoutedEvent], rules: Rulebook, ledger: Ledger, at: datetime, *, is_last: bool
    ) -> None:
        """What fires already is counted; what is left begins."""
        reports: dict[AlertKey, list[RoutedEvent]] = {}
        for routed in wave:
            reports.setdefault(routed.key, []).append(routed)
        expires = {key: expiry for key, of_key in reports.items() if (expiry := expiry_of(of_key, at)) is not None}
        touched = await self.intake.touch({key: len(of_key) for key, of_key in reports.items()}, expires=expires, at=at)
        for key, found in touched.items():
            for repeat in reports.pop(key):
                ledger.note(repeat, VerdictOutcome.REPEATED, alert_id=found.alert_id, incident_id=found.incident_id)
        admitted = await self.admit(reports, ledger, at)
        new = await self.mute(admitted.new, rules, at)
        await self.begin(admitted._replace(new=new), rules.inhibiting, ledger, at, is_last=is_last)


def _drop_counts(dropped: Iterable[RoutedEvent]) -> list[DropCount]:
    counted: Counter[tuple[UUID, str]] = Counter()
    last: dict[tuple[UUID, str], UUID | None] = {}
    for each in dropped:
        step = _dropping_step(each)
        counted[step.owner_id, step.rule] += 1
        last[step.owner_id, step.rule] = each.received.event_id
    return [DropCount(owner_id, rule, count, last[owner_id, rule]) for (owner_id, rule), count in counted.items()]


def _dropping_step(routed: RoutedEvent) -> Step:
    """The last rule that applied: nothing is asked after one that drops."""
    return next(step for step in reversed(routed.decision.steps) if step.outcome is StepOutcome.APPLIED)
