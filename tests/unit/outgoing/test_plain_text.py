from hypothesis import given
from hypothesis import strategies as st

from adapters.plain_text import one_line, shortened, web_link
from tests.unit.outgoing.messages import HOSTILE_TITLE


def test_a_line_has_no_breaks_controls_or_marks_that_reorder_it() -> None:
    assert one_line(HOSTILE_TITLE) == "<!channel> <b>& Bcc: eve@example.net \ufffd =cmd() @everyone \N{FIRE}"


@given(st.text(st.characters()))
def test_any_text_becomes_one_encodable_line(text: str) -> None:
    line = one_line(text)
    line.encode()
    assert line.splitlines() in ([], [line])
    assert "\x00" not in line
    assert one_line(line) == line


@given(st.text(), st.integers(min_value=1, max_value=20))
def test_a_shortened_text_fits_and_a_short_one_stays(text: str, most: int) -> None:
    short = shortened(text, most=most)
    assert len(short) <= most
    assert short == text if len(text) <= most else short.endswith("\N{HORIZONTAL ELLIPSIS}")


def test_only_web_links_are_offered() -> None:
    assert web_link("https://wiki.example.org/a?b=1&c=<2>") == "https://wiki.example.org/a?b=1&c=<2>"
    refused = (
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//host/a",
        "https://",
        "https://a b/",
        "http://[",
        "/a",
    )
    assert [web_link(url) for url in refused] == [None] * len(refused)
    assert web_link("https://a.example/\r\nBcc: x") is None
