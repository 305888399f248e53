"""No transition of an incident makes a deadline that has passed already: what is overdue became so by time alone."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from domain.incident.incident import Incident
from domain.incident.mute import Mute, MuteKind
from domain.shared.change import Change
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import RunId
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from domain.shared.via import Via
from tests.support.builders import ADA, BEN, LADDER, MINUTE, NOON, an_incident

RUN: Final = RunId(ADA)

type Act = Callable[[Incident, datetime, timedelta], Change[Incident]]  # at an instant, for a while from then on


def _mute(incident: Incident, at: datetime, span: timedelta) -> Change[Incident]:
    return incident.mute(Mute(kind=MuteKind.DELAYED, by="patient", reason="it may pass", until=at + span), at=at)


def _grade(incident: Incident, at: datetime, span: timedelta) -> Change[Incident]:
    """As the support hours of its service say: they begin later on."""
    grade = Severity.SEV5 if incident.severity is not Severity.SEV5 else Severity.SEV4
    return incident.change_severity(grade, urgency=Urgency.LOW, rises_at=at + span, by=ADA, via=Via.API, at=at)


ACTS: Final[dict[str, Act]] = {
    "tick": lambda it, at, _: it.tick(at=at),
    "mute": _mute,
    "unmute": lambda it, at, _: it.unmute(at=at),
    "acknowledge": lambda it, at, span: it.acknowledge(by=ADA, via=Via.API, at=at, timeout=span),
    "acknowledge for good": lambda it, at, _: it.acknowledge(by=BEN, via=Via.API, at=at),
    "unacknowledge": lambda it, at, _: it.unacknowledge(by=ADA, via=Via.API, at=at),
    "take over": lambda it, at, span: it.take_over(by=BEN, via=Via.API, at=at, timeout=span),
    "snooze": lambda it, at, span: it.snooze(until=at + span, by=ADA, via=Via.API, at=at),
    "escalate": lambda it, at, _: it.escalate(run_id=RUN, round_=0, step=0, by=ADA, via=Via.API, at=at),
    "reassign": lambda it, at, _: it.reassign(run_id=RUN, users=(BEN,), by=ADA, via=Via.API, at=at),
    "reassign to a policy": lambda it, at, _: it.reassign(run_id=RUN, policy_id=LADDER, by=ADA, via=Via.API, at=at),
    "resolve": lambda it, at, _: it.resolve(by=ADA, via=Via.API, at=at),
    "reopen": lambda it, at, _: it.reopen(by=ADA, via=Via.API, at=at),
    "grade": _grade,
    "raise": lambda it, at, _: it.raise_urgency(by=ADA, via=Via.API, at=at),
    "annotate": lambda it, at, _: it.annotate("looking", by=ADA, via=Via.API, at=at),
}

spans = st.integers(1, 120).map(lambda minutes: minutes * MINUTE)
lives = st.lists(st.tuples(st.sampled_from(tuple(ACTS)), spans, spans), max_size=12)  # act, after what time, how long
deadlines = st.none() | spans.map(lambda span: NOON + span)


@given(lives, deadlines, deadlines, st.integers(1, 2))
def test_no_transition_makes_a_deadline_that_has_passed_already(
    life: list[tuple[str, timedelta, timedelta]],
    rises_at: datetime | None,
    muted_until: datetime | None,
    required: int,
) -> None:
    mute = muted_until and Mute(kind=MuteKind.DELAYED, by="patient", reason="it may pass", until=muted_until)
    before = an_incident(urgency=Urgency.LOW, rises_at=rises_at, muted=mute, acknowledgements_required=required)
    at = NOON
    for act, later, span in life:
        at += later
        try:
            after = ACTS[act](before, at, span).state
        except IllegalTransitionError:
            continue
        deadline = after.next_deadline
        assert deadline is None or deadline >= at or deadline == before.next_deadline, (act, before, after)
        before = after
