"""Labels whose alerts page nobody for a while, because somebody said so."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from domain.routing.matcher import CompilePatterns, Matcher, matchers_text, require_few
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import ServiceId, SilenceId, TeamId, UserId
from domain.shared.interval import require_utc
from domain.shared.limits import SILENCE_COMMENT_CHARACTERS, SILENCE_SECONDS_MAX
from domain.shared.text import require_length


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Holds in [starts_at, ends_at) by time alone: nobody has to end it.

    Raises:
        InvalidValueError: it has no matchers or too many, no comment, ends before it starts, or lasts for too long.
    """

    id: SilenceId
    team_id: TeamId | None  # whose services' alerts; None: everyone's
    matchers: tuple[Matcher, ...]
    comment: str
    author_id: UserId
    starts_at: datetime
    ends_at: datetime
    version: int = 0

    def __post_init__(self) -> None:
        require_few(self.matchers)
        require_length("comment", self.comment, most=SILENCE_COMMENT_CHARACTERS)
        require_utc("starts_at", self.starts_at)
        require_utc("ends_at", self.ends_at)
        lasts = (self.ends_at - self.starts_at).total_seconds()
        if not 0 <= lasts <= SILENCE_SECONDS_MAX:
            allowed = f"allowed are up to {SILENCE_SECONDS_MAX // 86_400} days"
            raise InvalidValueError("ends_at", f"is {lasts:g} seconds after the start, {allowed}")

    def require_narrow(self, compile_patterns: CompilePatterns) -> None:
        """Raises `InvalidValueError` when it holds for alerts without any of its labels: for nearly all of them."""
        if all(matcher.holds({}, compile_patterns) for matcher in self.matchers):
            raise InvalidValueError("matchers", 'must ask for a label that is there, such as app="shop"')

    def end_at(self, at: datetime, *, team_id: TeamId, service_id: ServiceId) -> datetime | None:
        """Until when an alert of the team's service is silent that fires at the instant; None: it is not."""
        is_theirs = self.team_id is None or self.team_id == team_id
        return self.ends_at if is_theirs and self.starts_at <= at < self.ends_at else None

    def expire(self, *, at: datetime) -> Self:
        """End it now; one that has not begun never holds.

        Raises:
            IllegalTransitionError: it is over.
        """
        self._require_not_over(at, "ended")
        return replace(self, starts_at=min(self.starts_at, at), ends_at=at)

    def change(self, *, ends_at: datetime, comment: str, at: datetime) -> Self:
        """Let it end at another time, from now on, or say something else of it.

        Raises:
            IllegalTransitionError: it is over.
            InvalidValueError: it would have ended already.
        """
        self._require_not_over(at, "changed")
        if ends_at != self.ends_at and ends_at <= at:
            raise InvalidValueError("ends_at", "must be in the future; end it now by expiring it")
        return replace(self, ends_at=ends_at, comment=comment.strip())

    @property
    def sentence(self) -> str:
        """For people."""
        return f"silenced ({matchers_text(self.matchers)}): {self.comment}"

    def _require_not_over(self, at: datetime, wanted: str) -> None:
        if self.ends_at <= at:
            raise IllegalTransitionError("silence", "over", wanted)
