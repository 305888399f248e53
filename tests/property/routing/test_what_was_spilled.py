"""What is no event and was taken while storage was away is stored once, however often its message is delivered."""

from datetime import timedelta
from uuid import UUID

from application.alert.consume import ConsumeMessages, Outcome, QueuedMessage
from application.ports.intake import DeadLetter
from domain.alert.alert_event import ChangeEvent
from tests.support.builders import NOON, SHOP, SHOP_PROBES, a_received_change, a_town
from tests.support.laws import Lab

DAY = timedelta(days=1)


def test_a_change_and_a_letter_are_stored_once(lab: Lab) -> None:
    with lab.world(a_town()) as world:
        change = a_received_change(ChangeEvent(summary="deploy 7"))
        letter = DeadLetter(UUID(int=9), SHOP_PROBES, NOON, "http", "it is no JSON", b"{")
        messages = [
            QueuedMessage(message_key="change", body=b"", target=change.target, change=change),
            QueuedMessage(message_key="letter", body=letter.body, target=None, letter=letter),
        ]
        assert world.call(ConsumeMessages, messages) == (Outcome.HANDLED, Outcome.HANDLED)
        assert world.call(ConsumeMessages, messages) == (Outcome.REPEATED, Outcome.REPEATED)

        found = world.within(
            lambda ports: ports.incident_reader.changes(SHOP, since=NOON - DAY, until=NOON + DAY, limit=9)
        )
        assert [each.summary for each in found] == ["deploy 7"]
        kept = world.within(lambda ports: ports.received.last(SHOP_PROBES, most=9, body_bytes=9))
        assert [(each.body, each.refusal) for each in kept] == [(b"{", "it is no JSON")]
