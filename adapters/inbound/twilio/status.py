"""What became of a message or a call. Twilio, "Outbound Message Status in Status Callbacks", "Call status values", and
"Error and Warning Dictionary"."""

from collections.abc import Mapping
from typing import Final

from application.notification.take_receipt import Receipt, ReceiptKind

# All others are on the way: queued, sending, sent; initiated, ringing, in-progress.
_ARRIVED: Final = frozenset({"delivered", "read", "completed"})
_MISSED: Final = frozenset({"undelivered", "failed", "busy", "no-answer", "canceled"})
# The number, and not the moment: 21211 none at all, 21610 it said STOP, 21614 no mobile one, 30004 it blocks us, 30005
# unknown, 30006 a landline. 30003 is a telephone that is off, 30007 a carrier's filter, 30008 anything.
_FOR_GOOD: Final = frozenset({"21211", "21610", "21614", "30004", "30005", "30006"})


def read_status(fields: Mapping[str, str]) -> Receipt | None:
    """Of a text message or a call, by which of the two it has; None while nothing is decided."""
    what, status = _status(fields)
    if status in _ARRIVED:
        return Receipt(ReceiptKind.ARRIVED, f"Twilio: {what} {status}")
    if status not in _MISSED:
        return None
    code = fields.get("ErrorCode", "")
    detail = f"Twilio: {what} {status}" + (f", code {code}" if code.isdecimal() else "")
    return Receipt(ReceiptKind.REFUSED if code in _FOR_GOOD else ReceiptKind.MISSED, detail)


def _status(fields: Mapping[str, str]) -> tuple[str, str]:
    if "CallStatus" in fields:
        return "call", fields["CallStatus"]
    return "message", fields.get("MessageStatus", "")
