import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.inbound.twilio.reply import Reply, Word, read_reply


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("ack", Reply(Word.ACKNOWLEDGE)),
        (" Ack 123 ", Reply(Word.ACKNOWLEDGE, 123)),
        ("ACK INC-123!", Reply(Word.ACKNOWLEDGE, 123)),
        ("ack #7.", Reply(Word.ACKNOWLEDGE, 7)),
        ("1", Reply(Word.ACKNOWLEDGE)),
        ("ok", Reply(Word.ACKNOWLEDGE)),
        ("resolve inc-9", Reply(Word.RESOLVE, 9)),
        ("resolved", Reply(Word.RESOLVE)),
        ("STOP", Reply(Word.STOP)),
        ("StopAll", Reply(Word.STOP)),
        ("start", Reply(Word.PASSED_OVER)),
        ("HELP", Reply(Word.PASSED_OVER)),
    ],
)
def test_a_word_and_a_number_say_what_is_asked_for(text: str, reply: Reply) -> None:
    assert read_reply(text) == reply


@pytest.mark.parametrize(
    "text",
    [
        "",
        "123",
        "what is this",
        "do not ack",
        "ack 1 2",
        "ack123",
        "ack 1234567890",
        "ack \N{ARABIC-INDIC DIGIT ONE}",
        "please stop",
    ],
)
def test_anything_else_asks_for_nothing(text: str) -> None:
    assert read_reply(text).word is Word.UNKNOWN


@given(text=st.text())
def test_whatever_somebody_writes_is_read(text: str) -> None:
    assert read_reply(text).word in Word
