"""Nothing opens what a link is for but the link that was made for it, until it expires."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.outbound.security.link_tokens import SealedLinkTokens
from adapters.outbound.security.secrets import HmacRefreshTokens
from adapters.outbound.security.tokens import JwtTokenIssuer
from adapters.outbound.system.ids import UuidFactory
from adapters.outbound.system.randomness import SeededRandomness
from application.errors import UnauthenticatedError
from domain.notification.contact import Channel
from domain.shared.ids import IncidentId, NotificationId, SessionId, UserId
from domain.shared.via import Via
from tests.support.identity import NEXT_SECRET, SECRET, START

USER, SESSION, INCIDENT = UserId(UUID(int=1)), SessionId(UUID(int=2)), IncidentId(UUID(int=3))
DRILL_OF = NotificationId(INCIDENT)  # the same number, so that only the kind differs
TOMORROW = START + timedelta(days=1)
TOKENS = SealedLinkTokens(SECRET)
GOOD = TOKENS.issue_link(INCIDENT, USER, expires_at=TOMORROW)
DRILL = TOKENS.issue_drill(DRILL_OF, USER, expires_at=TOMORROW)

USERS = st.uuids().map(UserId)
CHANNELS = st.sampled_from([Via(channel.value) for channel in Channel])
INSTANTS = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, START.tzinfo))

CORPUS: Mapping[str, str] = {
    "empty": "",
    "as long, all zero": "A" * len(GOOD),
    "not base64": "!" * len(GOOD),
    "not ASCII": GOOD[:-1] + "é",
    "white space": GOOD[:-1] + " ",
    "longer": GOOD + "AAAA",
    "shorter": GOOD[:-4],
    "of another installation": SealedLinkTokens(bytes(32)).issue_link(INCIDENT, USER, expires_at=TOMORROW),
    "expires now": TOKENS.issue_link(INCIDENT, USER, expires_at=START),
    "expired": TOKENS.issue_link(INCIDENT, USER, expires_at=START - timedelta(days=1)),
    "an access token": JwtTokenIssuer(SECRET, UuidFactory()).issue_access(USER, SESSION, at=START).token,
    "a refresh token": HmacRefreshTokens(SECRET, SeededRandomness(1)).first(SESSION),
}
READERS: Mapping[str, Callable[[str], object]] = {
    "link": lambda token: TOKENS.read_link(token, at=START),
    "drill": lambda token: TOKENS.read_drill(token, at=START),
}


@pytest.mark.parametrize(
    ("issue", "read"), [(TOKENS.issue_link, TOKENS.read_link), (TOKENS.issue_drill, TOKENS.read_drill)]
)
@given(subject=st.uuids(), user=USERS, via=CHANNELS, expires_at=INSTANTS)
def test_a_link_names_what_it_is_about_its_user_and_its_channel_until_it_expires(
    issue: Callable[..., str],
    read: Callable[..., object],
    subject: UUID,
    user: UserId,
    via: Via,
    expires_at: datetime,
) -> None:
    token = issue(subject, user, expires_at=expires_at, via=via)
    assert read(token, at=expires_at - timedelta(seconds=1)) == (subject, user, via)
    with pytest.raises(UnauthenticatedError):
        read(token, at=expires_at)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("case", CORPUS)
def test_what_is_no_token_of_ours_opens_nothing(case: str, reader: str) -> None:
    with pytest.raises(UnauthenticatedError):
        READERS[reader](CORPUS[case])


@given(token=st.text() | st.text(st.sampled_from(GOOD), min_size=len(GOOD), max_size=len(GOOD)))
def test_no_text_is_answered_by_anything_but_a_refusal(token: str) -> None:
    for read in READERS.values():
        with pytest.raises(UnauthenticatedError):
            read(token)


@given(place=st.integers(0, len(GOOD) - 1), character=st.sampled_from(sorted(set(GOOD))))
def test_no_character_of_a_token_can_be_changed(place: int, character: str) -> None:
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    if changed == GOOD:
        return
    with pytest.raises(UnauthenticatedError):
        TOKENS.read_link(changed, at=START)


def test_neither_kind_passes_for_the_other() -> None:
    with pytest.raises(UnauthenticatedError):
        TOKENS.read_drill(GOOD, at=START)
    with pytest.raises(UnauthenticatedError):
        TOKENS.read_link(DRILL, at=START)


def test_a_token_fits_an_address_that_fits_a_line() -> None:
    """76 characters of a line of a mail; nothing in it has to be written otherwise in a path."""
    assert len(GOOD) == 76
    assert set(GOOD) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def test_a_link_of_a_channel_yet_to_come_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As while two versions run side by side."""
    monkeypatch.setattr("adapters.outbound.security.link_tokens._VIA_NUMBERS", {Via.EMAIL: 250})
    token = TOKENS.issue_link(INCIDENT, USER, expires_at=TOMORROW)
    with pytest.raises(UnauthenticatedError):
        TOKENS.read_link(token, at=START)


def test_what_was_sealed_under_the_secret_before_counts_while_it_is_known() -> None:
    following = SealedLinkTokens(NEXT_SECRET, previous=SECRET)
    assert following.read_link(GOOD, at=START).incident_id == INCIDENT
    assert following.read_drill(DRILL, at=START).notification_id == DRILL_OF
    with pytest.raises(UnauthenticatedError):
        SealedLinkTokens(NEXT_SECRET).read_link(GOOD, at=START)


def test_what_is_sealed_is_sealed_under_the_new_secret() -> None:
    token = SealedLinkTokens(NEXT_SECRET, previous=SECRET).issue_link(INCIDENT, USER, expires_at=TOMORROW)
    assert SealedLinkTokens(NEXT_SECRET).read_link(token, at=START)
    with pytest.raises(UnauthenticatedError):
        TOKENS.read_link(token, at=START)


@pytest.mark.parametrize("case", CORPUS)
def test_a_secret_before_lets_nothing_more_pass(case: str) -> None:
    with pytest.raises(UnauthenticatedError):
        SealedLinkTokens(NEXT_SECRET, previous=SECRET).read_link(CORPUS[case], at=START)


def test_a_short_server_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="31 bytes, and needs 32"):
        SealedLinkTokens(bytes(31))


def test_nothing_secret_shows_in_the_representation() -> None:
    assert repr(TOKENS) == "SealedLinkTokens()"
