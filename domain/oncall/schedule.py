"""Layers by precedence, or a temporary schedule in their place, then overrides."""

from dataclasses import dataclass, replace
from itertools import chain
from zoneinfo import ZoneInfo

from domain.oncall.layer import Layer
from domain.oncall.override import Override, OverrideKind
from domain.oncall.shadow import Shadow
from domain.oncall.temporary import TemporarySchedule, require_temporaries_apart
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ScheduleId, TeamId, UserId
from domain.shared.limits import NAME_CHARACTERS, SCHEDULE_LAYERS
from domain.shared.local_time import zone_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Who is on call when; `coverage.py` answers for an instant and for an interval.

    Precedence: a later layer wins over the earlier ones. At any instant the last layer that has someone on duty
    decides alone; where it has nobody (before its start, after its end, outside its hours) the one before it is asked.
    During a temporary schedule all layers are silent, and its fixed shifts decide in their place.
    Overrides come after all of that, in the order given, which is the order they were made in: each acts on what the
    ones before it left, so a stand-in can be stood in for, and a later override for everyone wins over an earlier one.

    Every local time in it is a wall-clock time of `time_zone`; `local_time.py` says what happens at clock changes.

    Raises:
        InvalidValueError: the name, the zone, the number of layers or the version is outside its limit, or two
            overrides have one id, or two temporary schedules overlap.
    """

    id: ScheduleId
    team_id: TeamId
    name: str
    time_zone: str
    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()
    temporaries: tuple[TemporarySchedule, ...] = ()  # never two at once
    shadows: tuple[Shadow, ...] = ()  # who learns; they change nothing of who is on call
    version: int = 0  # how many times it has been saved; the optimistic lock

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > NAME_CHARACTERS:
            raise InvalidValueError("name", f"must be from 1 to {NAME_CHARACTERS} characters and not blank")
        zone_named("time_zone", self.time_zone)
        if len(self.layers) > SCHEDULE_LAYERS:
            raise InvalidValueError("layers", f"must be at most {SCHEDULE_LAYERS}")
        if len({override.id for override in self.overrides}) != len(self.overrides):
            raise InvalidValueError("overrides", "must not have one id twice")
        require_temporaries_apart("temporaries", self.temporaries)
        if self.version < 0:
            raise InvalidValueError("version", "must not be negative")

    def without_parts(self) -> "Schedule":
        """All of it but its overrides, temporary schedules and shadows, which are made and known one by one."""
        return replace(self, overrides=(), temporaries=(), shadows=())

    @property
    def people(self) -> frozenset[UserId]:
        """Everyone whom a layer, an override or a temporary schedule may put on call; not those who only learn."""
        turns = (turn for layer in self.layers for turn in layer.rotation.participants)
        stand_ins = (override.user_id for override in self.overrides if override.kind is not OverrideKind.REMOVE)
        fixed = (shift.user_id for temporary in self.temporaries for shift in temporary.shifts)
        return frozenset(chain(*turns, stand_ins, fixed))

    @property
    def zone(self) -> ZoneInfo:
        """The zone that `time_zone` names; `zoneinfo` keeps it, so asking again is cheap."""
        return ZoneInfo(self.time_zone)
