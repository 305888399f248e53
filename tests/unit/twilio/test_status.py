import pytest

from adapters.inbound.twilio.status import read_status
from application.notification.take_receipt import Receipt, ReceiptKind


@pytest.mark.parametrize("status", ["accepted", "queued", "sending", "sent", "scheduled", "", "a new one"])
def test_a_message_on_its_way_has_no_receipt(status: str) -> None:
    assert read_status({"MessageStatus": status}) is None
    assert read_status({}) is None


@pytest.mark.parametrize("status", ["queued", "initiated", "ringing", "in-progress", "answered"])
def test_a_call_on_its_way_has_no_receipt(status: str) -> None:
    assert read_status({"CallStatus": status}) is None


def test_what_the_telephone_has_and_a_call_that_was_answered_arrived() -> None:
    assert read_status({"MessageStatus": "delivered"}) == Receipt(ReceiptKind.ARRIVED, "Twilio: message delivered")
    assert read_status({"CallStatus": "completed"}) == Receipt(ReceiptKind.ARRIVED, "Twilio: call completed")


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_a_call_that_nobody_answered_missed_them_this_time(status: str) -> None:
    assert read_status({"CallStatus": status}) == Receipt(ReceiptKind.MISSED, f"Twilio: call {status}")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("30003", ReceiptKind.MISSED),  # the telephone is off
        ("30008", ReceiptKind.MISSED),
        ("", ReceiptKind.MISSED),
        ("30005", ReceiptKind.REFUSED),  # there is no such number
        ("30006", ReceiptKind.REFUSED),  # a landline
        ("21610", ReceiptKind.REFUSED),  # it said STOP
    ],
)
def test_only_a_code_that_is_about_the_number_is_for_good(code: str, kind: ReceiptKind) -> None:
    for status in ("undelivered", "failed"):
        found = read_status({"MessageStatus": status, "ErrorCode": code})
        assert found is not None
        assert found.kind is kind
        assert found.detail == f"Twilio: message {status}" + (f", code {code}" if code else "")


def test_of_a_code_that_is_none_nothing_is_told() -> None:
    found = read_status({"MessageStatus": "failed", "ErrorCode": "<b>30005"})
    assert found == Receipt(ReceiptKind.MISSED, "Twilio: message failed")
