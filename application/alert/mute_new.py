"""What others mute of alerts that begin: other alerts, and incidents of services that theirs need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.alert.routed import RoutedEvent
from application.alert.verdict import matched_labels
from application.dependency.upstream import FindSuffering, worst_beginning
from application.inhibition.inhibited import Candidate, FindInhibited
from application.ports.intake import AlertKey
from domain.routing.inhibition import Inhibiting
from domain.routing.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class MuteNewAlerts:
    """Each question is asked once for all of them, and not at all where nobody has said that anything mutes."""

    find_inhibited: FindInhibited
    find_suffering: FindSuffering

    async def __call__(
        self, new: Mapping[AlertKey, Sequence[RoutedEvent]], rules: Rulebook, at: datetime
    ) -> Mapping[AlertKey, Sequence[RoutedEvent]]:
        """The same reports of each, the first one with what mutes it."""
        return await self._suffering(await self._inhibited(new, rules.inhibiting, at), rules, at)

    async def _inhibited(
        self, new: Mapping[AlertKey, Sequence[RoutedEvent]], inhibiting: Inhibiting, at: datetime
    ) -> Mapping[AlertKey, Sequence[RoutedEvent]]:
        """The first report of each with what others mute it by. What counts others is neither asked nor mutes any."""
        if not new or not inhibiting:
            return new
        candidates = {
            key: Candidate(matched_labels(first.event), first.target.integration.team_id, at)
            for key, (first, *_) in new.items()
            if not first.counts_others
        }
        muted = await self.find_inhibited(inhibiting, candidates, beginning=True, at=at)
        return {key: (first._replace(inhibited=muted.get(key)), *repeats) for key, (first, *repeats) in new.items()}

    async def _suffering(
        self, new: Mapping[AlertKey, Sequence[RoutedEvent]], rules: Rulebook, at: datetime
    ) -> Mapping[AlertKey, Sequence[RoutedEvent]]:
        """The first report of each with what its service suffers from. What counts others is not asked about.

        An alert that begins with them counts by its own severity, also when it joins an incident that weighs less;
        what that mutes is seen to page at the first look.
        """
        if not new or not rules.dependencies:
            return new
        firsts = [first for first, *_ in new.values()]
        begin = worst_beginning((each.service_id, each.severity, each.muted(at)) for each in firsts)
        asked = (each.service_id for each in firsts if not each.counts_others)
        found = await self.find_suffering(rules.dependencies, asked, beginning=begin)
        return {
            key: (first if first.counts_others else first.suffering(found.get(first.service_id), at), *repeats)
            for key, (first, *repeats) in new.items()
        }
