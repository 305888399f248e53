from collections.abc import Mapping

from application.audit.describe import describe
from domain.notification.destination import Destination


def described(destination: Destination) -> Mapping[str, object]:
    """For the audit trail, which more people read than configure the destination."""
    return {**describe(destination), "address": destination.shown_address}
