from dataclasses import replace

import pytest

from domain.notification.contact import Channel
from domain.shared.errors import InvalidValueError
from tests.support.builders import a_contact


@pytest.mark.parametrize("address", ["", "x" * 321])
def test_an_address_is_neither_empty_nor_too_long(address: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^address: has .* allowed are 1 to 320$"):
        replace(a_contact(channel=Channel.SLACK), address=address)


@pytest.mark.parametrize("length", [1, 320])
def test_an_address_may_be_as_short_and_as_long_as_that(length: int) -> None:
    assert len(replace(a_contact(channel=Channel.SLACK), address="x" * length).address) == length


@pytest.mark.parametrize("address", ["a@b\r\nBcc: c@d", "U1\x00", "U1\x7f"])
def test_an_address_has_no_control_characters(address: str) -> None:
    with pytest.raises(InvalidValueError, match="must not contain control characters"):
        replace(a_contact(channel=Channel.SLACK), address=address)


@pytest.mark.parametrize("address", ["ada", "@example.test", "ada@"])
def test_an_email_address_has_something_on_both_sides_of_its_at(address: str) -> None:
    assert "is not an e-mail address" in str(replace(a_contact(), address=address).fault)


@pytest.mark.parametrize(
    "address",
    ["pages.example.test", "http://pages.example.test/", "https://u:p@pages.example.test/", "https://", "https://[/"],
)
def test_a_webhook_is_an_https_url_without_a_password(address: str) -> None:
    assert "is not an https URL" in str(replace(a_contact(channel=Channel.WEBHOOK), address=address).fault)
    assert replace(a_contact(channel=Channel.WEBHOOK), address="https://pages.example.test/a?b=c").fault is None


@pytest.mark.parametrize(
    "address", ["015112345678", "+0151123456", "+49 151 12345", "+123456", "+1234567890123456", "+4915\u0661234"]
)
def test_a_number_has_its_country_code_and_digits_alone(address: str) -> None:
    assert "is not + and 7 to 15 digits" in str(replace(a_contact(channel=Channel.SMS), address=address).fault)
    assert replace(a_contact(channel=Channel.SMS), address="+4915112345678").fault is None


@pytest.mark.parametrize("address", ["U0123", "W0123ABC", "C0123ABC", "G0123ABC", "D0123ABC", "C0123ABC/S0456DEF"])
def test_a_slack_contact_is_a_member_a_channel_or_a_user_group_in_a_channel(address: str) -> None:
    assert replace(a_contact(channel=Channel.SLACK), address=address).fault is None


@pytest.mark.parametrize(
    "address", ["#ops", "@ada", "u0123", "S0456DEF", "U0123/S0456DEF", "C0123ABC/", "C0123ABC/U0456", "C0123ABC/S1/S2"]
)
def test_anything_else_is_no_slack_contact(address: str) -> None:
    assert "is not a Slack id, such as U0123ABC" in str(
        replace(a_contact(channel=Channel.SLACK), address=address).fault
    )


@pytest.mark.parametrize("address", ["mira-pages", "a_B-9", "x" * 64, "https://ntfy.example.test:8443/mira-pages"])
def test_an_ntfy_contact_is_a_topic_or_its_url(address: str) -> None:
    assert replace(a_contact(channel=Channel.NTFY), address=address).fault is None


@pytest.mark.parametrize(
    "address",
    [
        "x" * 65,
        "mira pages",
        "a/b",
        "http://ntfy.example.test/mira",
        "https://ntfy.example.test/",
        "https://ntfy.example.test/a/b",
        "https://ntfy.example.test/mira?auth=x",
        "https://mira:secret@ntfy.example.test/mira",
        "https:///mira",
        "https://ntfy.example.test:port/mira",
    ],
)
def test_anything_else_is_no_topic(address: str) -> None:
    assert "is not a topic of 1 to 64" in str(replace(a_contact(channel=Channel.NTFY), address=address).fault)
