from datetime import timedelta

from application.escalation.advance import AdvanceEscalations
from application.notification.lease import LEASE, LeaseNotifications
from domain.notification.contact import Channel
from domain.notification.events import NotificationFailed
from domain.notification.notification import PAGE_ATTEMPTS, NotificationStatus
from tests.support.builders import a_town
from tests.support.world import World


def test_a_page_whose_courier_is_lost_every_time_fails_visibly_after_the_allowed_attempts() -> None:
    world = World(town=a_town())
    try:
        world.trigger()
        world.call(AdvanceEscalations)
        leased = 0
        for _ in range(PAGE_ATTEMPTS + 40):
            leased += sum(len(world.call(LeaseNotifications, channel, limit=10)) for channel in Channel)
            world.clock.move_to(world.clock.now() + LEASE + timedelta(seconds=1))
        (stored,) = world.stored()
        due = [page for page in stored.pages if page.attempts]
        assert due
        assert {page.status for page in due} == {NotificationStatus.FAILED}
        assert leased == PAGE_ATTEMPTS * len(due)
        assert sum(isinstance(event, NotificationFailed) for event in stored.events) == len(due)
    finally:
        world.close()
