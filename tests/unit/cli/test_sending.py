"""For how long, and when, an event is sent once more."""

from dataclasses import dataclass, field

import pytest

from adapters.inbound.cli.client import TIMEOUT_SECONDS
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.sending import until_taken


@dataclass
class Away:
    """A server that is away for a while, on a clock that only moves when somebody waits."""

    until: float
    takes: float = 0.0  # each try, when it fails
    now: float = 0.0
    fails_with: ExitCode = ExitCode.UNAVAILABLE
    tried: list[tuple[float, float]] = field(default_factory=list)  # when, and for how long at most

    def send(self, seconds: float) -> str:
        self.tried.append((self.now, seconds))
        if self.now < self.until:
            self.now += min(self.takes, seconds)
            raise CommandError("away", self.fails_with)
        return "taken"

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def asked(self, wait_seconds: float) -> str:
        return until_taken(self.send, wait_seconds=wait_seconds, elapsed_seconds=lambda: self.now, pause=self.pause)


def test_it_is_tried_again_ever_more_slowly_until_it_is_taken() -> None:
    server = Away(until=3)
    assert server.asked(20) == "taken"
    assert [when for when, _ in server.tried] == [0, 0.5, 1.5, 3.5]


def test_it_is_given_up_within_the_wait() -> None:
    server = Away(until=1000, takes=TIMEOUT_SECONDS)
    with pytest.raises(CommandError):
        server.asked(20)
    assert server.now <= 20
    assert len(server.tried) == 2


def test_without_a_wait_it_is_tried_once_with_the_usual_time() -> None:
    server = Away(until=1000)
    with pytest.raises(CommandError):
        server.asked(0)
    assert server.tried == [(0, TIMEOUT_SECONDS)]


@pytest.mark.parametrize("code", sorted(set(ExitCode) - {ExitCode.OK, ExitCode.UNAVAILABLE}))
def test_a_refusal_is_final(code: ExitCode) -> None:
    server = Away(until=1000, fails_with=code)
    with pytest.raises(CommandError):
        server.asked(20)
    assert len(server.tried) == 1
