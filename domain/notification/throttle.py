"""How many messages one contact gets in a while. What is over the limit waits a little, and then goes as one."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

# Nobody answers more than five messages in a minute, and phones and providers drop or delay what comes faster. A minute
# is also the longest that a page may wait for the others: less than the shortest delay that policies use in practice.
WINDOW: Final = timedelta(minutes=1)
MESSAGES_PER_WINDOW: Final = 5


class ThrottleLimit(NamedTuple):
    """How many messages one contact takes in a window, as the installation has it."""

    messages: int = MESSAGES_PER_WINDOW


class Throttle(NamedTuple):
    """What one contact has had since a window began, which is with its first message."""

    window_began_at: datetime
    messages: int

    @property
    def window_ends_at(self) -> datetime:
        return self.window_began_at + WINDOW


def counted(throttle: Throttle | None, *, asked: int, at: datetime) -> Throttle:
    """So many more messages are asked for. The first ones after a window begin the next."""
    if throttle is None or at >= throttle.window_ends_at:
        return Throttle(at, asked)
    return throttle._replace(messages=throttle.messages + asked)


def admitted(throttle: Throttle, *, asked: int, limit: ThrottleLimit) -> int:
    """How many of the messages that were counted last may go now; the others wait until the window ends."""
    before = throttle.messages - asked
    return max(0, min(asked, limit.messages - before))
