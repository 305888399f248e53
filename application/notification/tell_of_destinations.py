from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.notification.notify import Notify, Telling
from application.ports.destination_proofs import DestinationProofs, TriedDestination
from application.ports.destinations import DestinationRepository
from application.ports.directory import Directory
from application.ports.notifier import Outcome
from domain.notification.fall_back import destination_failed


@dataclass(frozen=True, slots=True)
class TellOfDestinations:
    """Keeps what attempts say of destinations, in the transaction that records them; of a refusal their team hears.

    A team of nobody who can be told is spoken for by the admins.
    """

    proofs: DestinationProofs
    destinations: DestinationRepository
    directory: Directory
    notify: Notify

    async def __call__(self, tries: Sequence[TriedDestination], *, at: datetime) -> None:
        await self.proofs.record(tries)
        refusals = {each.destination_id: each for each in tries if each.outcome is Outcome.REJECTED}
        known = await self.destinations.get_many(refusals)
        refused = [each for each in known.values() if each.address == refusals[each.id].address]
        if not refused:
            return
        members = await self.directory.team_members({each.team_id for each in refused})
        tellings = [
            Telling(
                members.get(each.team_id, ()),
                destination_failed(each, detail=refusals[each.id].detail, at=at),
                {(each.channel, each.address)},
            )
            for each in refused
        ]
        told = await self.notify.each(tellings, at=at)
        unheard = [each for each in tellings if told.isdisjoint(each.user_ids)]
        if unheard:
            admins = await self.directory.admins()
            await self.notify.each([each._replace(user_ids=admins) for each in unheard], at=at)
