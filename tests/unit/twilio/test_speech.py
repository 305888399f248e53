import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.outbound.twilio.speech import notice_call, page_call
from tests.support.fake_twilio import TWIML_CHARACTERS, Call, parsed
from tests.unit.outgoing.messages import HOSTILE_TITLE, a_message, a_notice


def call(twiml: str) -> Call:
    return Call("", "", twiml)


def test_a_page_is_said_twice_and_a_key_goes_to_the_link_that_is_its_own() -> None:
    made = call(page_call(a_message()))
    assert made.said.count("Severity 1. Incident 123. checkout 5xx 23%. Press 1 to acknowledge.") == 2
    assert made.action == "https://tocsin.example.org/a/s3cret/key"


@pytest.mark.parametrize("url", [None, "javascript:alert(1)"])
def test_what_nobody_can_take_asks_for_no_key(url: str | None) -> None:
    made = call(page_call(a_message(status="resolved", acknowledge_url=url)))
    assert (made.action, "Press" in made.said) == (None, False)
    assert "It is resolved." in made.said


def test_a_code_is_said_digit_by_digit() -> None:
    assert "Your code is 0 1 2 3 4 5." in call(notice_call(a_notice(title="Your code is 012345"))).said


def test_a_drill_asks_for_a_key_and_any_other_notice_does_not() -> None:
    assert call(notice_call(a_notice(asks=True))).action == "https://tocsin.example.org/schedules/1/key"
    assert call(notice_call(a_notice())).action is None


def test_nobody_has_to_listen_to_a_link() -> None:
    assert "https" not in call(notice_call(a_notice(text="One.\nhttps://tocsin.example.org/a/x\nTwo."))).said


@given(title=st.text() | st.just(HOSTILE_TITLE * 50))
def test_whatever_was_sent_is_xml_that_twilio_takes(title: str) -> None:
    for made in (page_call(a_message(title=title, status=title)), notice_call(a_notice(title=title, text=title))):
        assert parsed(made).tag == "Response"
        assert len(made) <= TWIML_CHARACTERS
