import pytest

from domain.shared.url import HTTP, web_url


@pytest.mark.parametrize(
    "text", ["https://a.example", "https://a.example:8443/b?c=d#e", "HTTPS://A.example/", "https://[2001:db8::1]/"]
)
def test_a_plain_https_url_is_taken(text: str) -> None:
    parts = web_url(text)
    assert parts is not None
    assert parts.scheme == "https"


@pytest.mark.parametrize("scheme", ["http", "ftp", "file", "javascript", ""])
def test_another_scheme_is_not(scheme: str) -> None:
    assert web_url(f"{scheme}://a.example/") is None


def test_http_is_taken_only_by_who_asks_for_it() -> None:
    assert web_url("http://a.example/", schemes=HTTP) is not None
    assert web_url("ftp://a.example/", schemes=HTTP) is None


@pytest.mark.parametrize("text", ["https://ann@a.example/", "https://ann:secret@a.example/", "https://@a.example/"])
def test_a_name_and_a_password_would_stand_in_logs(text: str) -> None:
    assert web_url(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/\n",
        "https://a.example/\x7f",
        "https://a\t.example/",
        "https://a.example/b c",
        " https://a.example/",
        "https://bücher.example/",
        "https://a.example:port/",
        "https://a.example:65536/",
        "https://[2001:db8::1/",
        "https:///path",
        "https:a.example",
        "a.example",
        "",
    ],
)
def test_what_parsers_read_differently_is_no_url(text: str) -> None:
    assert web_url(text) is None
