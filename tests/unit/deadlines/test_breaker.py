from adapters.inbound.deadlines.breaker import FAILURES_TO_OPEN, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Breaker


def opened(*, failures: int = FAILURES_TO_OPEN) -> Breaker:
    breaker = Breaker()
    for _ in range(failures):
        breaker.failed(now=0.0)
    return breaker


def test_single_failures_change_nothing() -> None:
    assert opened(failures=FAILURES_TO_OPEN - 1).allowed(16, now=0.0) == 16


def test_failures_in_a_row_open_it_and_after_a_pause_one_attempt_passes() -> None:
    breaker = opened()
    assert breaker.allowed(16, now=FIRST_PAUSE_SECONDS / 2) == 0
    assert breaker.allowed(16, now=FIRST_PAUSE_SECONDS) == 1


def test_a_success_closes_it() -> None:
    breaker = opened()
    breaker.succeeded()
    assert breaker.allowed(16, now=0.0) == 16


def test_pauses_double_up_to_a_limit() -> None:
    breaker = opened(failures=FAILURES_TO_OPEN + 1)
    assert breaker.allowed(16, now=FIRST_PAUSE_SECONDS * 1.9) == 0
    assert breaker.allowed(16, now=FIRST_PAUSE_SECONDS * 2) == 1
    assert opened(failures=1_000).allowed(16, now=LONGEST_PAUSE_SECONDS) == 1
