from typing import Final

import pytest

from adapters.outbound.http.guard import OutgoingGuard, networks
from adapters.outbound.http.outgoing_addresses import GuardedAddresses
from domain.shared.errors import InvalidValueError
from domain.subscription.subscription import SubscriptionKind

PRIVATE: Final = networks(("127.0.0.0/8",))
QUEUE: Final = "arn:aws:sqs:eu-central-1:123456789012:incidents"


def outgoing_addresses(*arns: str) -> GuardedAddresses:
    return GuardedAddresses(
        guard=OutgoingGuard(allowed_private=PRIVATE, ports=frozenset({443, 8443})),
        plain=OutgoingGuard(allowed_private=PRIVATE, ports=frozenset({443, 8443}), allows_public=False),
        arns=arns,
    )


@pytest.mark.parametrize("address", ["https://192.0.43.8/", "https://127.0.0.1:8443/", "http://127.0.0.1:8443/"])
async def test_a_public_server_and_a_listed_network_may_be_sent_to(address: str) -> None:
    await outgoing_addresses().check(SubscriptionKind.WEBHOOK, address)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("https://10.0.0.1/", "it is not a public address"),
        ("https://[::1]/", "it is not a public address"),
        ("https://192.0.43.8:22/", "the port is not on the list"),
        ("http://192.0.43.8:8443/", "http is for the networks"),
        ("https://no-such-host.invalid/", "cannot be found"),
    ],
)
async def test_what_leads_elsewhere_is_refused_with_the_reason(address: str, reason: str) -> None:
    with pytest.raises(InvalidValueError, match=reason) as refused:
        await outgoing_addresses().check(SubscriptionKind.WEBHOOK, address)
    assert refused.value.field == "address"


async def test_a_queue_must_be_on_the_operator_s_list() -> None:
    await outgoing_addresses("arn:aws:sns:*", "arn:aws:sqs:eu-central-1:123456789012:*").check(
        SubscriptionKind.SQS, QUEUE
    )
    for arns in ((), ("arn:aws:sqs:eu-west-1:*",)):
        with pytest.raises(InvalidValueError, match="TOCSIN_SUBSCRIPTION_ARNS"):
            await outgoing_addresses(*arns).check(SubscriptionKind.SQS, QUEUE)
