"""The promises of `DestinationProofs`, kept by every adapter of it."""

from dataclasses import replace
from datetime import datetime

from application.ports.destination_proofs import RefusingDestination, TriedDestination
from application.ports.notifier import Outcome
from domain.notification.destination import Destination
from domain.notification.proof import DestinationProof
from tests.support.builders import HOOK, MINUTE, NOON, OPS, a_channel, a_webhook
from tests.support.world import Ports


def tried(destination: Destination, outcome: Outcome, at: datetime = NOON, detail: str = "") -> TriedDestination:
    return TriedDestination(destination.id, destination.address, at, outcome, detail)


async def record(ports: Ports, *tries: TriedDestination) -> None:
    async with ports.transaction:
        await ports.destination_proofs.record(tries)


async def test_of_a_destination_that_was_never_tried_nothing_is_known(ports: Ports) -> None:
    await record(ports)
    assert await ports.destination_proofs.of({OPS, HOOK}) == {}
    assert await ports.destination_proofs.of(()) == {}
    assert await ports.destination_proofs.refusing(limit=9) == ()


async def test_the_latest_of_each_is_kept_however_the_tries_come_with_the_answer_of_the_last_refusal(
    ports: Ports,
) -> None:
    await record(
        ports,
        tried(a_channel(), Outcome.REJECTED, NOON + MINUTE, "is_archived"),
        tried(a_channel(), Outcome.REJECTED, NOON, "channel_not_found"),
        tried(a_channel(), Outcome.DELIVERED, NOON + 2 * MINUTE),
        tried(a_webhook(), Outcome.UNKNOWN, detail="no answer"),
    )
    await record(
        ports,
        tried(a_channel(), Outcome.DELIVERED),
        tried(a_channel(), Outcome.REJECTED, NOON, "too late to count"),
        tried(a_channel(), Outcome.RETRY, NOON + 3 * MINUTE),
    )

    assert await ports.destination_proofs.of({OPS, HOOK}) == {
        OPS: DestinationProof(
            destination_id=OPS,
            attempted_at=NOON + 3 * MINUTE,
            delivered_at=NOON + 2 * MINUTE,
            refused_at=NOON + MINUTE,
            refusal="is_archived",
        ),
        HOOK: DestinationProof(destination_id=HOOK, attempted_at=NOON),
    }


async def test_it_refuses_from_a_refusal_for_good_until_something_gets_through(ports: Ports) -> None:
    await record(
        ports,
        tried(a_webhook(), Outcome.REJECTED, detail="status 410"),
        tried(a_channel(), Outcome.REJECTED, detail="is_archived"),
    )
    hook, ops = await ports.destination_proofs.refusing(limit=9)
    assert (hook.destination.id, hook.proof.refusal) == (HOOK, "status 410")
    stored = await ports.destinations.look_up(OPS)
    proof = DestinationProof(destination_id=OPS, attempted_at=NOON, refused_at=NOON, refusal="is_archived")
    assert ops == RefusingDestination(stored, proof)
    assert await ports.destination_proofs.refusing(limit=1) == (hook,)

    await record(ports, tried(a_webhook(), Outcome.DELIVERED, NOON + MINUTE))
    assert await ports.destination_proofs.refusing(limit=9) == (ops,)


async def test_of_one_with_another_address_or_that_is_gone_nothing_is_known(ports: Ports) -> None:
    await record(ports, tried(a_channel(), Outcome.REJECTED), tried(a_webhook(), Outcome.REJECTED))
    async with ports.transaction:
        await ports.destination_proofs.forget(OPS)
        await ports.destinations.delete(HOOK)
    assert await ports.destination_proofs.of({OPS, HOOK}) == {}

    elsewhere = replace(a_channel(), address="C0ELSEWHERE")
    await record(ports, tried(elsewhere, Outcome.REJECTED), tried(a_webhook(), Outcome.REJECTED))
    assert await ports.destination_proofs.of({OPS, HOOK}) == {}
