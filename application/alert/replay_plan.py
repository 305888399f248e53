"""Which events of bodies that came before are done now, when their bodies are replayed.

An event that was taken as it would be read today is left alone. What is left is done as of now: a condition that has
ended meanwhile, as far as the bodies tell, opens nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from application.alert.set_aside import BODY_BYTES
from application.alert.verdict import Verdict, VerdictOutcome
from application.ports.kept_bodies import KeptBody
from domain.alert.alert_event import AlertAction, AlertEvent

# Of an event with which nothing was done that could be undone or missed.
_LEFT_OUT: Final = frozenset({VerdictOutcome.DROPPED, VerdictOutcome.OVERFLOWED, VerdictOutcome.IGNORED})
_ENDS: Final = frozenset({AlertAction.TRIGGER, AlertAction.RESOLVE})


class ReadBody(NamedTuple):
    kept: KeptBody
    events: tuple[AlertEvent, ...]


class Wanted(NamedTuple):
    """An event that is to be done now, and the body that it came in."""

    kept: KeptBody
    event: AlertEvent

    @property
    def handled_key(self) -> str:
        """The same whenever this event of this body is replayed."""
        return f"{self.kept.id}/{self.event.action}/{self.event.dedup_key}"


class Plan(NamedTuple):
    wanted: tuple[Wanted, ...]  # in the order in which they came
    taken: int  # events that were taken as they would be now
    over: int  # triggers whose condition has ended, and answers to what is not to be done


def planned(bodies: Sequence[ReadBody], *, at: datetime) -> Plan:
    """Of bodies in the order in which they came."""
    bodies = _each_once(bodies)
    every = [Wanted(kept, event) for kept, events in bodies for event in events]
    ends = {each.event.dedup_key: place for place, each in enumerate(every) if each.event.action in _ENDS}
    wanted: list[Wanted] = []
    taken = over = 0
    for place, each in enumerate(every):
        last = ends.get(each.event.dedup_key, place)
        if _was_taken(each.event, each.kept.verdicts):
            taken += 1
        elif _is_to_be_done(each.event, is_last=place == last, ends_with=every[last].event, at=at):
            wanted.append(each)
        else:
            over += 1
    return Plan(tuple(wanted), taken, over)


def _each_once(bodies: Sequence[ReadBody]) -> list[ReadBody]:
    """Without what was set aside of a body that was taken: the whole body says that too."""
    whole = {_beginning(each.kept.body) for each in bodies if each.kept.refusal is None}
    return [each for each in bodies if each.kept.refusal is None or _beginning(each.kept.body) not in whole]


def _beginning(body: bytes) -> bytes:
    """Of as much as is kept of what is set aside."""
    return sha256(body[:BODY_BYTES]).digest()


def _was_taken(event: AlertEvent, verdicts: Sequence[Verdict]) -> bool:
    return any(
        verdict.dedup_key == event.dedup_key and verdict.action is event.action and verdict.outcome not in _LEFT_OUT
        for verdict in verdicts
    )


def _is_to_be_done(event: AlertEvent, *, is_last: bool, ends_with: AlertEvent, at: datetime) -> bool:
    match event.action:
        case AlertAction.TRIGGER:
            has_expired = event.expires_at is not None and event.expires_at <= at
            return ends_with.action is AlertAction.TRIGGER and not has_expired
        case AlertAction.RESOLVE:
            return is_last
        case AlertAction.ACKNOWLEDGE:  # whoever had it then need not have it now
            return False
