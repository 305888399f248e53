from domain.notification.throttle import MESSAGES_PER_WINDOW, WINDOW, Throttle, ThrottleLimit, admitted, counted
from tests.support.builders import NOON

FIVE = ThrottleLimit(MESSAGES_PER_WINDOW)


def test_a_window_begins_with_its_first_message() -> None:
    assert counted(None, asked=2, at=NOON) == Throttle(NOON, 2)
    assert counted(Throttle(NOON, 2), asked=1, at=NOON + WINDOW / 2) == Throttle(NOON, 3)


def test_the_first_message_after_a_window_begins_the_next() -> None:
    assert counted(Throttle(NOON, 9), asked=1, at=NOON + WINDOW) == Throttle(NOON + WINDOW, 1)


def test_five_messages_of_a_window_may_go_and_the_others_wait() -> None:
    assert admitted(Throttle(NOON, MESSAGES_PER_WINDOW), asked=MESSAGES_PER_WINDOW, limit=FIVE) == MESSAGES_PER_WINDOW
    assert admitted(Throttle(NOON, MESSAGES_PER_WINDOW + 1), asked=1, limit=FIVE) == 0
    assert admitted(Throttle(NOON, MESSAGES_PER_WINDOW + 1), asked=3, limit=FIVE) == 2
