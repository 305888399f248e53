"""Who outside hears of domain events: an address, and which events it is told of."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Self
from urllib.parse import urlsplit

from domain.shared.change import Change
from domain.shared.errors import InvalidValueError
from domain.shared.ids import SubscriptionId, TeamId
from domain.shared.limits import NAME_CHARACTERS, SUBSCRIPTION_ADDRESS_CHARACTERS, SUBSCRIPTION_EVENT_KINDS
from domain.shared.text import require_length
from domain.shared.url import HTTP, web_url
from domain.subscription.events import SubscriptionDisabled

# `incident.triggered`, or `incident.*` for all of a noun
_PATTERN: Final = re.compile(r"[a-z_]{1,60}\.(?:\*|[a-z_]{1,60})")
# AWS, "Amazon Resource Names": partition, region, account; names as of SQS and SNS, CreateQueue and CreateTopic
_ARN: Final = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>sns|sqs):(?P<region>[a-z0-9-]{1,40}):(?P<account>[0-9]{12})"
    r":(?P<name>[A-Za-z0-9_-]{1,251}(?:\.fifo)?)"
)


class SubscriptionKind(StrEnum):
    WEBHOOK = "webhook"  # a POST to a URL, signed as of Standard Webhooks
    SNS = "sns"  # a topic, by its ARN
    SQS = "sqs"  # a queue, by its ARN


# Whose messages are signed with a secret of the subscription's own; AWS signs the others
SIGNED: Final = frozenset({SubscriptionKind.WEBHOOK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Events of one team's incidents, or of every team's, to one address.

    Raises:
        InvalidValueError: a field is empty, too long, or none that the kind could send to.
    """

    id: SubscriptionId
    team_id: TeamId | None  # None: incidents of every team
    name: str
    kind: SubscriptionKind
    address: str
    event_kinds: tuple[str, ...] = ()  # such as `incident.triggered` or `incident.*`; none: all
    is_enabled: bool = True
    disabled_reason: str = ""  # why it is off, when nobody switched it off by hand
    version: int = 0

    def __post_init__(self) -> None:
        require_length("name", self.name, most=NAME_CHARACTERS)
        require_length("address", self.address, most=SUBSCRIPTION_ADDRESS_CHARACTERS)
        if (reason := _reason_against(self.kind, self.address)) is not None:
            raise InvalidValueError("address", reason)
        if len(self.event_kinds) > SUBSCRIPTION_EVENT_KINDS:
            reason = f"has {len(self.event_kinds)} entries, allowed are {SUBSCRIPTION_EVENT_KINDS}; none means all"
            raise InvalidValueError("event_kinds", reason)
        for pattern in self.event_kinds:
            if not _PATTERN.fullmatch(pattern):
                reason = f"holds {pattern[:60]!r}: write noun.verb, such as incident.triggered, or noun.*"
                raise InvalidValueError("event_kinds", reason)

    def wants(self, kind: str, *, team_id: TeamId | None) -> bool:
        """Whether an event of that kind, about an incident of that team, is for it."""
        if self.team_id is not None and team_id != self.team_id:
            return False
        return not self.event_kinds or not {kind, f"{kind.partition('.')[0]}.*"}.isdisjoint(self.event_kinds)

    def enable(self) -> Self:
        return replace(self, is_enabled=True, disabled_reason="")

    def disable(self, reason: str, *, at: datetime) -> Change[Self]:
        """Switch it off because it cannot be reached. Once off, it stays so until somebody enables it."""
        if not self.is_enabled:
            return Change(self)
        state = replace(self, is_enabled=False, disabled_reason=reason)
        return Change(state, (SubscriptionDisabled(subscription_id=self.id, reason=reason, at=at),))

    @property
    def host(self) -> str:
        """What fails together: the server of a URL, else the queue or the topic itself."""
        if self.kind is SubscriptionKind.WEBHOOK:
            return urlsplit(self.address).netloc.lower()
        return self.address


def _reason_against(kind: SubscriptionKind, address: str) -> str | None:
    """Why nothing of the kind could be sent there."""
    if kind is SubscriptionKind.WEBHOOK:
        return (
            None
            if web_url(address, schemes=HTTP)
            else "is not an https or http URL without a name and a password in it"
        )
    arn = _ARN.fullmatch(address)
    if arn is None or arn["service"] != kind.value:
        return f"is not the ARN of {_NAMED[kind]}"
    return None


_NAMED: Final = {
    SubscriptionKind.SNS: "an SNS topic, such as arn:aws:sns:eu-central-1:123456789012:incidents",
    SubscriptionKind.SQS: "an SQS queue, such as arn:aws:sqs:eu-central-1:123456789012:incidents",
}
