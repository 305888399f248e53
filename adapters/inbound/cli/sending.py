"""Sending once more while the server cannot be reached: a monitoring system runs a command once and looks away."""

from collections.abc import Callable
from typing import Final

from adapters.inbound.cli.client import TIMEOUT_SECONDS
from adapters.inbound.cli.exit_code import CommandError, ExitCode

# Nagios ends a notification command after 30 s (`notification_timeout`), Icinga 2 after 60 s.
WAIT_SECONDS_DEFAULT: Final = 20.0
WAIT_SECONDS_MAX: Final = 3600.0
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 10.0


def until_taken[T](
    send: Callable[[float], T],
    *,
    wait_seconds: float,
    elapsed_seconds: Callable[[], float],
    pause: Callable[[float], None],
) -> T:
    """What `send` answers, which is told how many seconds it has; tried again while it says `UNAVAILABLE`.

    All tries and pauses together take no longer than `wait_seconds`, except that the first one has its usual time when
    there is nothing to wait for. Whatever else goes wrong would go wrong again.

    Raises:
        CommandError: of the last try.
    """
    ends_at = elapsed_seconds() + wait_seconds
    pause_seconds = FIRST_PAUSE_SECONDS
    left = wait_seconds or TIMEOUT_SECONDS
    while True:
        try:
            return send(min(left, TIMEOUT_SECONDS))
        except CommandError as error:
            left = ends_at - elapsed_seconds() - pause_seconds
            if error.exit_code is not ExitCode.UNAVAILABLE or left <= 0:
                raise
        pause(pause_seconds)
        pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)
