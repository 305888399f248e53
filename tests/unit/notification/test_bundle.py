from datetime import timedelta
from uuid import UUID

from domain.notification.bundle import BUNDLE_FROM, LATE, DuePage, bundles
from domain.shared.ids import IncidentId, NotificationId, UserId
from tests.support.builders import ADA, BEN, MINUTE, NOON


def due(
    number: int, *, user_id: UserId = ADA, address: str = "ada@example.test", late: timedelta = timedelta(0)
) -> DuePage:
    incident_id = IncidentId(UUID(int=100 + number))
    return DuePage(NotificationId(UUID(int=number)), user_id, address, incident_id, NOON - late)


def numbers(*pages: DuePage) -> list[list[int]]:
    return [[page_id.int for page_id in bundle] for bundle in bundles(pages, at=NOON)]


def test_a_few_pages_leave_one_by_one() -> None:
    assert numbers(due(1), due(2), due(3)) == [[1], [2], [3]]


def test_from_four_pages_of_one_contact_on_they_leave_as_one_message() -> None:
    assert numbers(*(due(number) for number in range(1, BUNDLE_FROM + 1))) == [[1, 2, 3, 4]]


def test_pages_of_different_users_or_addresses_are_never_one_message() -> None:
    adas = [due(number) for number in (1, 2)]
    others = [due(3, address="ada@home.test"), due(4, user_id=BEN)]
    assert numbers(*adas, *others) == [[1], [2], [3], [4]]


def test_pages_that_are_late_leave_as_one_message_and_the_others_alone() -> None:
    pages = due(1, late=LATE + MINUTE), due(2), due(3, late=2 * LATE)
    assert numbers(*pages) == [[3, 1], [2]]


def test_a_page_is_late_after_two_minutes_and_not_before() -> None:
    second = timedelta(seconds=1)
    assert numbers(due(1, late=LATE), due(2, late=LATE)) == [[1], [2]]
    assert numbers(due(1, late=LATE + second), due(2, late=LATE + second)) == [[1, 2]]


def test_the_earliest_due_comes_first() -> None:
    assert numbers(due(1), due(2, late=MINUTE), due(3, user_id=BEN, late=2 * MINUTE)) == [[3], [2], [1]]
