from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.outbound.email.rendering import UnsendableAddressError, parsed_address, render
from adapters.plain_text import one_line
from tests.unit.outgoing.messages import HOSTILE_TITLE, INCIDENT_ID, NOTIFICATION_ID, a_message

AT = datetime(2026, 11, 3, 3, 12, 9, tzinfo=UTC)
ROOT = f"<inc-{INCIDENT_ID}@tocsin.example.org>"


def mail(*, domain: str = "tocsin.example.org", **changes: Any) -> EmailMessage:
    """What a mail reader makes of the bytes."""
    sender = Address("Tocsin", "tocsin", "example.org")
    envelope = render(a_message(**changes), sender=sender, domain=domain, at=AT)
    read = message_from_bytes(envelope.content, policy=default)
    assert isinstance(read, EmailMessage)
    assert read.defects == []
    return read


def part(read: EmailMessage, kind: str) -> str:
    body = read.get_body((kind,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.sources: list[str | None] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]
        self.sources += [value for name, value in attrs if name in ("src", "background", "srcset")]


def test_the_first_line_is_all_that_a_lock_screen_needs() -> None:
    assert part(mail(), "plain") == (
        "SEV1 INC-123 checkout 5xx 23%\n"
        "\n"
        "Service: checkout\n"
        "Status: triggered\n"
        "Since: 2026-11-03 03:12:05 UTC\n"
        "\n"
        "Acknowledge: https://tocsin.example.org/a/s3cret\n"
        "\n"
        "Incident: https://tocsin.example.org/incidents/123\n"
        "Runbook: https://wiki.example.org/checkout?a=1&b=2\n"
    )


def test_plain_text_comes_first_and_the_page_says_the_same() -> None:
    read = mail()
    assert read.get_content_type() == "multipart/alternative"
    assert [body.get_content_type() for body in read.iter_parts()] == ["text/plain", "text/html"]
    page = part(read, "html")
    for line in part(read, "plain").splitlines()[:5]:
        assert line in page
    assert _Page(page).links == [
        "https://tocsin.example.org/a/s3cret",
        "https://tocsin.example.org/incidents/123",
        "https://wiki.example.org/checkout?a=1&b=2",
    ]


def test_the_page_loads_nothing() -> None:
    page = _Page(part(mail(), "html"))
    assert page.sources == []
    assert not {"img", "link", "script", "iframe", "style", "object", "video"} & set(page.tags)


def test_the_headers_thread_it_and_keep_automatic_replies_away() -> None:
    read = mail()
    assert read["Message-ID"] == f"<{NOTIFICATION_ID}.1@tocsin.example.org>"
    assert read["In-Reply-To"] == read["References"] == ROOT
    assert read["Subject"] == "[INC-123] checkout 5xx 23%"
    assert read["From"] == "Tocsin <tocsin@example.org>"
    assert read["To"] == "mira@example.org"
    assert read["Date"].datetime == AT
    assert read["List-Id"] == "<incidents.tocsin.example.org>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["X-Auto-Response-Suppress"] == "All"


def test_every_message_of_an_incident_has_the_same_subject_and_its_own_id() -> None:
    told = [
        mail(),
        mail(attempt=2),
        mail(severity="SEV2", status="acknowledged", version=5),
        mail(status="resolved", version=6),
        mail(status="resolved", version=6, attempt=2),
    ]
    assert {read["Subject"] for read in told} == {"[INC-123] checkout 5xx 23%"}
    assert len({read["Message-ID"] for read in told}) == len(told)
    assert {read["In-Reply-To"] for read in told} == {ROOT}


def test_an_update_answers_the_message_it_updates_and_has_no_button() -> None:
    earlier = mail()["Message-ID"]
    update = mail(status="acknowledged", status_by="Mira", version=5, update_of={"message_id": earlier})
    assert update["References"] == f"{ROOT} {earlier}"
    text = part(update, "plain")
    assert text.startswith("SEV1 INC-123 checkout 5xx 23%\nNow acknowledged by Mira.\n")
    for body in (text, part(update, "html")):
        assert "s3cret" not in body
        assert "Acknowledge" not in body


@pytest.mark.parametrize(
    "receipt", [{}, {"message_id": ""}, {"message_id": "<a>\r\nBcc: e@x"}, {"message_id": "<a b>"}]
)
def test_a_receipt_that_names_no_message_is_left_out(receipt: dict[str, str]) -> None:
    assert mail(update_of=receipt)["References"] == ROOT


def test_a_message_that_may_be_a_repeat_says_so() -> None:
    for kind in ("plain", "html"):
        assert "may be a repeat" in part(mail(may_be_repeat=True), kind)
        assert "repeat" not in part(mail(), kind)


def test_a_title_adds_no_header_and_no_markup() -> None:
    hostile = mail(title=HOSTILE_TITLE, service="<script>x</script>", status_by="</p><img src=x>", status="resolved")
    assert hostile["Bcc"] is None
    assert hostile["Subject"].startswith("[INC-123] <!channel> <b>& Bcc: eve@example.net")
    page = _Page(part(hostile, "html"))
    assert not {"b", "script", "img"} & set(page.tags)


def test_a_link_that_is_no_web_link_is_left_out() -> None:
    read = mail(runbook_url="javascript:alert(1)", acknowledge_url="https://a\r\nBcc: x", incident_url=None)
    assert _Page(part(read, "html")).links == []
    assert "javascript" not in part(read, "plain")


def test_long_ids_survive_folding() -> None:
    domain = ".".join(["a" * 60] * 3)
    earlier = f"<{NOTIFICATION_ID}.1@{domain}>"
    read = mail(domain=domain, update_of={"message_id": earlier})
    assert str(read["Message-ID"]) == f"<{NOTIFICATION_ID}.1.triggered.v4@{domain}>"
    assert str(read["In-Reply-To"]) == f"<inc-{INCIDENT_ID}@{domain}>"
    assert str(read["References"]).split() == [f"<inc-{INCIDENT_ID}@{domain}>", earlier]


@given(title=st.text(st.characters()) | st.text("\r\n. x\N{FIRE}"), service=st.text(st.characters()))
def test_any_text_gives_a_well_formed_message(title: str, service: str) -> None:
    sender = Address("Tocsin", "tocsin", "example.org")
    content = render(a_message(title=title, service=service), sender=sender, domain="example.org", at=AT).content
    lines = content.split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)  # RFC 5322 2.1.1
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    content.decode("ascii")
    read = message_from_bytes(content, policy=default)
    assert read.keys() == mail().keys()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mira",
        "@example.org",
        "mira@",
        "a@b@c",
        "mira@example.org\r\nBcc: eve@x",
        "a b@c",
        "<a@b>",
        "a@b,c@d",
        '"a"@b',
        "a@b>",
        "a\x00@b",
        "a@" + "x" * 70 + ".\N{FIRE}",
        "a@é..x",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UnsendableAddressError):
        parsed_address(text)


def test_an_address_in_another_script_needs_a_server_that_takes_it() -> None:
    sender = Address("Tocsin", "tocsin", "example.org")
    plain = render(a_message(address="mira@bücher.example"), sender=sender, domain="example.org", at=AT)
    assert (plain.recipient, plain.needs_utf8) == ("mira@xn--bcher-kva.example", False)
    other = render(a_message(address="miré@example.org"), sender=sender, domain="example.org", at=AT)
    assert (other.recipient, other.needs_utf8) == ("miré@example.org", True)


@given(st.text(st.characters(codec="ascii") | st.sampled_from(" =?é"), max_size=200))
def test_a_subject_of_any_text_is_read_as_it_was_meant(title: str) -> None:
    assert mail(title=title)["Subject"].strip() == f"[INC-123] {one_line(title)}".strip()


def test_a_long_subject_is_folded_at_its_spaces() -> None:
    sender = Address("Tocsin", "tocsin", "example.org")
    envelope = render(a_message(title="disk fills " * 12), sender=sender, domain="tocsin.example.org", at=AT)
    begin, end = envelope.content.index(b"Subject: "), envelope.content.index(b"\r\nDate: ")
    first, second = envelope.content[begin:end].split(b"\r\n")
    assert first == b"Subject: [INC-123] " + b" ".join([b"disk fills"] * 5) + b" disk"
    assert second == b" fills " + b" ".join([b"disk fills"] * 6)
