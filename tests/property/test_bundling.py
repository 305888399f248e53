"""Bundling and throttling: nobody is left out, nobody is flooded, nothing waits for long."""

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.notification.bundle import BUNDLE_FROM, LATE, DuePage, bundles
from domain.notification.throttle import MESSAGES_PER_WINDOW, WINDOW, Throttle, ThrottleLimit, admitted, counted
from domain.shared.ids import IncidentId, NotificationId
from tests.support.builders import ADA, BEN, NOON


@st.composite
def due_pages(draw: st.DrawFn) -> list[DuePage]:
    lateness = st.integers(0, 600)
    drawn = draw(st.lists(st.tuples(st.sampled_from((ADA, BEN)), st.sampled_from("ab"), lateness), max_size=20))
    return [
        DuePage(
            NotificationId(UUID(int=number)), user, address, IncidentId(UUID(int=1)), NOON - timedelta(seconds=late)
        )
        for number, (user, address, late) in enumerate(drawn, start=1)
    ]


@given(due_pages())
def test_every_page_is_in_exactly_one_bundle_with_pages_of_its_contact(pages: list[DuePage]) -> None:
    made = bundles(pages, at=NOON)
    assert Counter(page_id for bundle in made for page_id in bundle) == Counter(page.id for page in pages)
    by_id = {page.id: page for page in pages}
    for bundle in made:
        assert len({(by_id[page_id].recipient_id, by_id[page_id].address) for page_id in bundle}) == 1


@given(due_pages())
def test_nobody_gets_more_messages_at_once_than_are_read_one_by_one(pages: list[DuePage]) -> None:
    by_id = {page.id: page for page in pages}
    messages = Counter((by_id[bundle[0]].recipient_id, by_id[bundle[0]].address) for bundle in bundles(pages, at=NOON))
    assert max(messages.values(), default=0) < BUNDLE_FROM


@given(due_pages())
def test_however_many_are_late_they_are_one_message_for_each_contact(pages: list[DuePage]) -> None:
    by_id = {page.id: page for page in pages}
    late = {page.id for page in pages if NOON - page.due_at > LATE}
    of_contact = Counter(
        (by_id[bundle[0]].recipient_id, by_id[bundle[0]].address)
        for bundle in bundles(pages, at=NOON)
        if late & set(bundle)
    )
    assert all(count == 1 for count in of_contact.values())


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 4)), max_size=40))
def test_a_contact_gets_at_most_five_messages_from_the_beginning_of_a_window_to_its_end(
    asked: list[tuple[int, int]],
) -> None:
    at = NOON
    throttle: Throttle | None = None
    sent: Counter[datetime] = Counter()
    for seconds, messages in asked:
        at += timedelta(seconds=seconds)
        throttle = counted(throttle, asked=messages, at=at)
        sent[throttle.window_began_at] += admitted(throttle, asked=messages, limit=ThrottleLimit())
        assert at < throttle.window_ends_at <= at + WINDOW, "what is held back waits for one window at most"
    assert all(count <= MESSAGES_PER_WINDOW for count in sent.values())
    assert all(sent[began] >= 1 for began in sent), "the first message of a window always goes"
