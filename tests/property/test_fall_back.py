"""Whoever has one contact that counts and works is told, whatever their rules say and whichever of the others fail."""

from collections.abc import Sequence

import pytest
from hypothesis import strategies as st

from domain.incident.incident import IncidentStatus
from domain.notification.contact import Contact
from domain.notification.notification import NotificationStatus, Purpose
from domain.notification.rule import counted
from tests.support import strategies
from tests.support.builders import ADA, a_policy, a_service, a_step, a_town, an_integration, to_user
from tests.support.laws import Lab
from tests.support.strategies import Reachable

pytestmark = pytest.mark.timeout(600)


def a_person_with_one_working_contact_is_told(lab: Lab) -> None:
    @lab.holds(
        reachable=strategies.reachabilities().filter(lambda reachable: bool(reachable[0])),
        working=st.integers(0, 2),
    )
    def law(reachable: Reachable, working: int) -> None:
        contacts, rules = reachable
        counting = counted(contacts)
        works = counting[working % len(counting)]
        town = a_town(
            contacts=(*(each for each in a_town().contacts if each.user_id != ADA), *contacts),
            rules={ADA: rules},
            policies=(a_policy(a_step(to_user(ADA))),),
            services=(a_service(),),
            integrations=(an_integration(),),
        )
        with lab.world(town) as world:
            world.refuse(*(contact for contact in contacts if contact != works))
            world.trigger()
            world.settle()

            reached = [each for each in world.pages if each.message.address == works.address]
            first = min(each.at for each in world.pages)
            assert reached, "somebody who can be reached was not told"
            assert reached[0].at == first, "they were told later than the first page was refused"
            (stored,) = world.stored()
            assert stored.incident.status is IncidentStatus.TRIGGERED
            pages = [page for page in stored.pages if page.purpose is Purpose.PAGE]
            assert {page.status for page in pages} <= {NotificationStatus.SENT, NotificationStatus.FAILED}
            keys = {(page.run_id, page.round, page.step, page.user_id, page.rule_position) for page in pages}
            assert len(keys) == len(pages), "P4 one page once"
            _heard_of(contacts, works, [(notice.title, notice.address) for _, notice in world.notices])


def _heard_of(contacts: Sequence[Contact], works: Contact, notices: Sequence[tuple[str, str]]) -> None:
    """Notices about contacts that failed come by the one that works, and each of them once."""
    assert {address for _, address in notices} <= {works.address}
    assert len(notices) < len(contacts) or not notices


def test_a_person_with_one_working_contact_among_failing_ones_is_told() -> None:
    a_person_with_one_working_contact_is_told(Lab(None))


def test_a_person_with_one_working_contact_among_failing_ones_is_told_over_postgres(postgres_dsn: str) -> None:
    a_person_with_one_working_contact_is_told(Lab(postgres_dsn))
