"""What says that nothing was heard: when rules drop that, nobody is told of anything, and all looks well."""

from collections.abc import Iterator
from typing import Final

from application.alert.verdict import matched_labels
from application.service.watch_quiet import DEDUP_KEY
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.routing.decision import CompiledRouting
from domain.service.integration import IntegrationKind

# As they are reported, with names that no matcher is about.
_MISSED: Final = AlertEvent(
    action=AlertAction.TRIGGER,
    dedup_key="heartbeat/any",
    summary="any heartbeat: missed",
    source="any heartbeat",
    labels={"heartbeat": "any heartbeat"},
)
_QUIET: Final = AlertEvent(
    action=AlertAction.TRIGGER,
    dedup_key=DEDUP_KEY,
    summary="any integration has fallen silent",
    source="any integration",
    severity=AlertSeverity.ERROR,
)


def dropped_signs(routing: CompiledRouting, *, kind: IntegrationKind | None) -> Iterator[str]:
    """Sentences for people. `kind`: of the one integration whose rules they are; None: they are of several."""
    if kind in {None, IntegrationKind.HEARTBEAT} and (rule := routing.dropping(matched_labels(_MISSED))) is not None:
        yield f"the rule {rule!r} drops heartbeats that are missed as well: nobody would hear of them"
    if (rule := routing.dropping(matched_labels(_QUIET))) is not None:
        yield f"the rule {rule!r} drops the alert of an integration that has fallen silent as well"
