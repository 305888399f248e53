"""A cursor is opaque, ours alone, and belongs to one list with its filters."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.inbound.http.pagination import Cursors
from adapters.inbound.http.problem import RequestError

CURSORS = Cursors(b"a secret of the server")
KEY = ("2026-11-23T09:00:00.000001+00:00", UUID(int=7))


@given(
    name=st.text(st.characters(exclude_categories=["Cs"])),
    number=st.integers(0, 2**128 - 1),
    context=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_what_was_sealed_is_opened(name: str, number: int, context: str) -> None:
    key = (name, UUID(int=number))
    assert CURSORS.open(context, CURSORS.seal(context, key)) == key


@given(place=st.integers(0), character=st.sampled_from("ABCxyz019-_=~ é"))
def test_one_changed_character_is_refused(place: int, character: str) -> None:
    cursor = CURSORS.seal("/v1/teams?", KEY)
    place %= len(cursor)
    changed = cursor[:place] + character + cursor[place + 1 :]
    if changed != cursor:
        with pytest.raises(RequestError, match="begin again"):
            CURSORS.open("/v1/teams?", changed)


@pytest.mark.parametrize("cursor", ["", "A", "====", "eyJ2IjoxfQ", "\ud800", "ü", "A" * 4000])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(RequestError) as refused:
        CURSORS.open("/v1/teams?", cursor)
    assert (refused.value.status, refused.value.code) == (400, "invalid_cursor")


def test_another_list_other_filters_and_another_secret_refuse_it() -> None:
    cursor = CURSORS.seal("/v1/services?team_id=1", KEY)
    for cursors, context in [
        (CURSORS, "/v1/services?team_id=2"),
        (CURSORS, "/v1/teams?team_id=1"),
        (Cursors(b"another secret"), "/v1/services?team_id=1"),
    ]:
        with pytest.raises(RequestError):
            cursors.open(context, cursor)


def test_it_can_be_put_into_a_query_as_it_is() -> None:
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in CURSORS.seal("x", KEY))


@pytest.mark.parametrize("addition", ["=", "==", "!", "\n", "A"])
def test_a_cursor_is_taken_only_as_it_was_handed_out(addition: str) -> None:
    with pytest.raises(RequestError):
        CURSORS.open("/v1/teams?", CURSORS.seal("/v1/teams?", KEY) + addition)
