"""Which notices of their own shifts a person wants. Other notices ask something of them, or tell what went wrong."""

from dataclasses import dataclass

from domain.notification.notice import NoticeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftWishes:
    """Whoever said nothing wants all of them."""

    ahead: bool = True  # you will be on call
    started: bool = True  # you are on call now
    ended: bool = True  # you handed off

    def want(self, kind: NoticeKind) -> bool:
        """Also what is about no shift, which nobody can wish away."""
        match kind:
            case NoticeKind.SHIFT_AHEAD:
                return self.ahead
            case NoticeKind.SHIFT_STARTED:
                return self.started
            case NoticeKind.SHIFT_ENDED:
                return self.ended
            case _:
                return True
