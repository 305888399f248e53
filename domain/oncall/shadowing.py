"""Somebody who learns: told like the one they follow, and never on call by it."""

from dataclasses import dataclass
from datetime import datetime

from domain.oncall.coverage import explain
from domain.oncall.schedule import Schedule
from domain.shared.ids import ShadowId, UserId
from domain.shared.local_time import require_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadowing:
    """At an instant this user shadows these, who are on call."""

    shadow_id: ShadowId
    user_id: UserId
    follows: tuple[UserId, ...]


def shadows(schedule: Schedule, at: datetime) -> tuple[Shadowing, ...]:
    """Who shadows whom at the instant, in the order in which it was arranged.

    Only while the one they follow is on call, or somebody is by the layer they follow; and one who is on call
    themselves is no shadow then. It says nothing about who is on call: `on_call` does not look at shadows.

    Raises:
        InvalidValueError: the time has no offset, or is outside the supported years.
    """
    require_instant("at", at)
    active = [shadow for shadow in schedule.shadows if shadow.is_active(at)]
    on_call = explain(schedule, at).on_call if active else ()
    users = {each.user_id for each in on_call}
    found: list[Shadowing] = []
    for shadow in active:
        follows = tuple(each.user_id for each in on_call if shadow.is_after(each.user_id, each.source.layer))
        if follows and shadow.user_id not in users:
            found.append(Shadowing(shadow_id=shadow.id, user_id=shadow.user_id, follows=follows))
    return tuple(found)
