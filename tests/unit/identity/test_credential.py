from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.identity.credential import ApiKey, Session, Shown, key_expiry, require_scopes, secret_hash
from domain.identity.role import Permission, Role
from domain.identity.team import Team
from domain.shared.errors import InvalidValueError
from domain.shared.ids import ApiKeyId, SessionId, TeamId, UserId
from tests.support.identity import START, a_user

FIRST, SECOND, THIRD = (secret_hash(name) for name in ("first", "second", "third"))
NEW = Session.begin(SessionId(UUID(int=1)), user_id=UserId(UUID(int=2)), token_hash=FIRST, at=START)
ROTATED = NEW.rotate(SECOND, at=START + timedelta(hours=1))


@pytest.mark.parametrize(
    ("session", "shown", "after", "verdict"),
    [
        (NEW, FIRST, timedelta(0), Shown.NEWEST),
        (NEW, FIRST, timedelta(days=7) - timedelta(microseconds=1), Shown.NEWEST),
        (NEW, FIRST, timedelta(days=7), Shown.TOO_LATE),
        (NEW, SECOND, timedelta(0), Shown.STOLEN),
        (ROTATED, SECOND, timedelta(hours=2), Shown.NEWEST),
        (ROTATED, FIRST, timedelta(hours=1, seconds=19), Shown.REPEATED),
        (ROTATED, FIRST, timedelta(hours=1, seconds=20), Shown.STOLEN),
        (ROTATED, THIRD, timedelta(hours=1), Shown.STOLEN),
        (ROTATED.rotate(THIRD, at=START + timedelta(hours=2)), FIRST, timedelta(hours=2), Shown.STOLEN),
        (NEW.revoke(at=START), FIRST, timedelta(0), Shown.TOO_LATE),
    ],
)
def test_what_a_shown_token_means(session: Session, shown: bytes, after: timedelta, verdict: Shown) -> None:
    assert session.judge(shown, at=START + after) is verdict


def test_a_session_ends_after_thirty_days_however_busy() -> None:
    last = START + timedelta(days=30)
    busy = replace(NEW, rotated_at=last - timedelta(minutes=1))
    assert busy.is_good(at=last - timedelta(microseconds=1))
    assert not busy.is_good(at=last)


@pytest.mark.parametrize(("days", "is_allowed"), [(0, False), (1, True), (365, True), (366, False), (-1, False)])
def test_a_key_lives_from_a_day_to_a_year(days: int, is_allowed: bool) -> None:
    if is_allowed:
        assert key_expiry(days, at=START) == START + timedelta(days=days)
    else:
        with pytest.raises(InvalidValueError):
            key_expiry(days, at=START)


def test_scopes_stay_within_the_role() -> None:
    require_scopes(frozenset({Permission.READ, Permission.RESPOND}), role=Role.RESPONDER)
    with pytest.raises(InvalidValueError, match="responder does not permit administer, configure"):
        require_scopes(frozenset(Permission), role=Role.RESPONDER)


def a_key(expires_at: datetime | None = None) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(UUID(int=1)),
        user_id=UserId(UUID(int=2)),
        name="deploy",
        secret_hash=FIRST,
        scopes=frozenset({Permission.READ}),
        created_at=START,
        expires_at=expires_at,
    )


def test_a_key_is_good_until_it_expires_or_is_revoked() -> None:
    assert a_key().is_good(at=START + timedelta(days=4000))
    assert not a_key(expires_at=START).is_good(at=START)
    assert not a_key().revoke(at=START).is_good(at=START)


@pytest.mark.parametrize(
    "make",
    [
        lambda: replace(a_key(), name=" "),
        lambda: replace(a_key(), name="a\0b"),
        lambda: replace(a_key(), scopes=frozenset()),
        lambda: Team(id=TeamId(UUID(int=1)), name="a\nb"),
        lambda: Team(id=TeamId(UUID(int=1)), name="a", member_ids=(UserId(UUID(int=1)),) * 2),
        lambda: Team(id=TeamId(UUID(int=1)), name="a", member_ids=tuple(UserId(UUID(int=n)) for n in range(501))),
        lambda: replace(a_user(), email="Ada@example.test"),
        lambda: replace(a_user(), email="ada"),
        lambda: replace(a_user(), email="ada\0@example.test"),
        lambda: replace(a_user(), email="a" * 310 + "@example.test"),
        lambda: replace(a_user(), name=""),
        lambda: replace(a_user(), name="\ud800"),
        lambda: replace(a_user(), time_zone="Mars/Olympus"),
        lambda: replace(a_user(), time_zone="../etc/passwd"),
        lambda: replace(a_user(), slack_user_id=""),
        lambda: replace(a_user(), slack_user_id="U 1"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(InvalidValueError):
        make()


def test_no_hash_shows_in_a_representation() -> None:
    user = replace(a_user(), password_hash="$argon2id$canary")
    assert "canary" not in repr(user)
    assert repr(FIRST) not in repr(a_key()) + repr(ROTATED)
