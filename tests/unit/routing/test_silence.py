"""Silences; each test is a sentence of docs/domain.md."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.routing.rulebook import Quieting, Rulebook
from domain.routing.silence import Silence
from domain.shared.errors import IllegalTransitionError, InvalidValueError
from domain.shared.ids import TeamId
from domain.shared.limits import SILENCE_SECONDS_MAX
from tests.support.builders import CREW, MINUTE, NOON, SHOP
from tests.support.routing import PATTERNS, a_silence

HOUR = timedelta(hours=1)
OTHERS = TeamId(UUID(int=12))


def by_what(*silences: Silence, at: object = NOON, team_id: TeamId = CREW, **labels: str) -> object:
    book = Rulebook(quieting=Quieting(silences, PATTERNS.compile))
    quiet = book.quieted(labels, team_id=team_id, service_id=SHOP, at=at)  # type: ignore[arg-type]
    return None if quiet is None else quiet.by


def test_a_silence_holds_from_its_start_until_its_end_and_by_time_alone() -> None:
    silence = a_silence()
    for at, holds in ((NOON - MINUTE, False), (NOON, True), (NOON + HOUR - MINUTE, True), (NOON + HOUR, False)):
        assert (by_what(silence, at=at, env="test") is silence) is holds
    assert by_what(silence, env="prod") is None


def test_a_teams_silence_is_for_its_services_alone() -> None:
    theirs = a_silence(team_id=OTHERS)
    assert by_what(theirs, env="test") is None
    assert by_what(theirs, team_id=OTHERS, env="test") is theirs


def test_of_several_that_hold_the_one_that_ends_last_counts() -> None:
    long = a_silence(number=2, ends_at=NOON + 2 * HOUR)
    assert by_what(a_silence(), long, a_silence(number=3), env="test") is long


def test_one_that_would_hold_for_nearly_everything_is_refused() -> None:
    for matchers in ("", 'env!="prod"', 'env=~".*"', 'a="", b!~"x"'):
        with pytest.raises(InvalidValueError, match="matchers"):
            a_silence(matchers).require_narrow(PATTERNS.compile)
    a_silence('env!="prod", app="shop"').require_narrow(PATTERNS.compile)


def test_one_that_is_ended_is_over_now_and_one_that_has_not_begun_never_holds() -> None:
    assert a_silence().expire(at=NOON + MINUTE).ends_at == NOON + MINUTE
    planned = a_silence(starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR).expire(at=NOON)
    assert by_what(planned, at=NOON + HOUR, env="test") is None
    with pytest.raises(IllegalTransitionError):
        a_silence().expire(at=NOON + HOUR)


def test_one_can_end_at_another_time_but_not_in_the_past() -> None:
    assert a_silence().change(ends_at=NOON + 2 * HOUR, comment=" b ", at=NOON).comment == "b"
    with pytest.raises(InvalidValueError):
        a_silence().change(ends_at=NOON, comment="b", at=NOON + MINUTE)
    with pytest.raises(IllegalTransitionError):
        a_silence().change(ends_at=NOON + 3 * HOUR, comment="b", at=NOON + 2 * HOUR)


def test_a_silence_has_a_comment_an_end_after_its_start_and_a_longest_time() -> None:
    too_long = timedelta(seconds=SILENCE_SECONDS_MAX + 1)
    for wrong in ({"comment": " "}, {"ends_at": NOON - MINUTE}, {"ends_at": NOON + too_long}):
        with pytest.raises(InvalidValueError):
            a_silence(**wrong)
