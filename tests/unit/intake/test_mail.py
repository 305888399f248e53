"""What a mail says."""

import contextlib
import time
from base64 import b64encode
from email.message import EmailMessage
from typing import Any

import msgspec
import pytest

from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.limits import MAIL_DEPTH, MAIL_PARTS, MAIL_TEXT_CHARACTERS
from adapters.inbound.intake.mail import ENVELOPE_SENDER, key_in, of_ses, translate
from adapters.inbound.intake.sent import Sent
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from tests.support.builders import NOON
from tests.support.oncall import utc
from tests.support.payloads import NAGIOS_MAIL, ROUTING_KEY, SES_RECEIVED


def read(body: bytes, **headers: str) -> AlertEvent:
    (event,) = translate(Sent(body=body, received_at=NOON, headers=headers)).events
    return event


def a_mail(subject: str = "disk", text: str = "full", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def test_a_mail_of_nagios_triggers() -> None:
    event = read(NAGIOS_MAIL)
    assert (event.action, event.severity) == (AlertAction.TRIGGER, AlertSeverity.CRITICAL)
    assert event.summary == "** PROBLEM Service Alert: db-3/disk is CRITICAL **"
    assert event.source == "Nagios <nagios@nagios.example>"
    assert event.occurred_at == utc("2026-11-23 09:02:11")
    assert (
        event.details["text"] == "***** Nagios *****\n\nService: disk\nHost: db-3\nState: CRITICAL\n\n98% used — /var"
    )


@pytest.mark.parametrize(
    ("problem", "recovery"),
    [
        ("** PROBLEM Service Alert: db-3/disk is CRITICAL **", "** RECOVERY Service Alert: db-3/disk is OK **"),
        (
            "** PROBLEM Service Alert: db-3/disk is CRITICAL **",
            "** ACKNOWLEDGEMENT Service Alert: db-3/disk is CRITICAL **",
        ),
        ('ALARM: "rds-cpu" in EU (Ireland)', 'OK: "rds-cpu" in EU (Ireland)'),
        ("[FIRING:1] TargetDown (node)", "[RESOLVED] TargetDown (node)"),
        ("disk full on db-3", "Re: disk full on db-3"),
        ("Problem: Disk  full", "Resolved: disk full"),
        ("Backup failed", "UP: Backup failed"),
    ],
)
def test_a_recovery_names_the_alert_of_its_problem(problem: str, recovery: str) -> None:
    assert read(a_mail(problem)).dedup_key == read(a_mail(recovery)).dedup_key


@pytest.mark.parametrize(
    ("subject", "action"),
    [
        ("[RESOLVED] disk", AlertAction.RESOLVE),
        ("Fwd: RECOVERY: disk", AlertAction.RESOLVE),
        ("OK: disk", AlertAction.RESOLVE),
        ("[ack] disk", AlertAction.ACKNOWLEDGE),
        ("disk is full", AlertAction.TRIGGER),
        ("Up to date backups are missing", AlertAction.TRIGGER),
        ("OK Computer has crashed", AlertAction.TRIGGER),
        ("Closed connection to db-3", AlertAction.TRIGGER),
        ("Ack storm in cluster 3", AlertAction.TRIGGER),
        ("not resolved: disk", AlertAction.TRIGGER),
    ],
)
def test_only_an_unmistakable_word_at_the_beginning_ends_an_alert(subject: str, action: AlertAction) -> None:
    assert read(a_mail(subject)).action is action


@pytest.mark.parametrize(
    ("subject", "severity"),
    [
        ("WARNING: disk", AlertSeverity.WARNING),
        ("[CRITICAL] disk", AlertSeverity.CRITICAL),
        ("PROBLEM Host Alert: db-3 is DOWN", None),
        ("ALARM: disk", None),
        ("disk", None),
    ],
)
def test_a_grade_in_the_subject_counts(subject: str, severity: AlertSeverity | None) -> None:
    assert read(a_mail(subject)).severity is severity


def test_without_a_subject_its_thread_or_its_id_names_the_alert() -> None:
    assert read(a_mail("", Message_ID="<2@a>", References="<1@a> <0@a>")).dedup_key == "<1@a>"
    assert read(a_mail("", Message_ID="<2@a>")).dedup_key == "<2@a>"
    assert read(a_mail("", "first line\nsecond", Message_ID="<2@a>")).summary == "first line"
    with pytest.raises(MalformedEventError, match="Message-ID"):
        read(b"\r\nhello")


def test_an_encoded_subject_is_decoded() -> None:
    assert read(a_mail("Plattenplatz ü ❌")).summary == "Plattenplatz ü ❌"


def test_html_is_read_as_text_and_only_without_a_plain_part() -> None:
    mail = EmailMessage()
    mail["Subject"] = "disk"
    mail.set_content("<head><title>t</title></head><p>full &amp; <b>hot</b><script>alert(1)</script></p>", "html")
    assert read(mail.as_bytes()).details["text"] == "full & hot"
    mail.make_alternative()
    mail.add_alternative("plain", "plain")
    assert read(mail.as_bytes()).details["text"] == "plain"


def test_attachments_are_named_and_not_shown() -> None:
    mail = EmailMessage()
    mail["Subject"] = "disk"
    mail.set_content("see there")
    mail.add_attachment(b"secret", maintype="application", subtype="octet-stream", filename="graph.bin")
    event = read(mail.as_bytes())
    assert event.details["attachments"] == ["graph.bin"]
    assert "secret" not in str(event)


def test_too_long_a_subject_is_hashed_so_that_two_never_become_one() -> None:
    keys = {read(a_mail("x" * 900 + end)).dedup_key for end in "ab"}
    assert len(keys) == 2
    assert all(len(key) == 64 for key in keys)


def test_a_long_text_is_cut() -> None:
    text = str(read(a_mail(text="x\n" * MAIL_TEXT_CHARACTERS)).details["text"])
    assert len(text) == MAIL_TEXT_CHARACTERS


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "Bulk"},
        {"List_Id": "<incidents.tocsin.example>"},
        {"X_Auto_Response_Suppress": "All"},
    ],
)
def test_what_could_go_around_for_ever_is_set_aside(headers: dict[str, str]) -> None:
    with pytest.raises(MalformedEventError, match="for ever"):
        read(a_mail(**headers))


def test_a_bounce_is_set_aside_and_what_a_program_sent_is_not() -> None:
    with pytest.raises(MalformedEventError, match="bounce"):
        read(a_mail(), **{ENVELOPE_SENDER: ""})
    assert read(a_mail(Auto_Submitted="auto-generated"), **{ENVELOPE_SENDER: "a@b"}).dedup_key == "disk"


@pytest.mark.parametrize(
    "body",
    [
        b"Subject: " + b"=?utf-8?b?4p2M?= " * 20_000 + b"\r\n\r\nx",
        b"Subject: x\r\nReferences: " + b"<a@b> " * 50_000 + b"\r\n\r\nx",
        b"Subject: x\r\nFrom: " + b"(" * 100_000 + b"\r\n\r\nx",
        b"Subject: x\r\nContent-Type: text/plain; " + b"a=b; " * 50_000 + b"\r\n\r\nx",
        b"Subject: x\r\nContent-Type: text/html\r\n\r\n" + b"<p" * 100_000,
        b"Subject: x\r\nContent-Type: text/html\r\n\r\n" + b"<!--" * 100_000,
        b"Subject: x\r\nContent-Type: text/html\r\n\r\n" + b"<script>" * 100_000,
    ],
)
def test_nothing_takes_time_by_the_square_of_its_length(body: bytes) -> None:
    """Found by `make fuzz`: the library's parsers did, for up to 40 s."""
    began = time.perf_counter()
    with contextlib.suppress(MalformedEventError):
        read(body)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 01 Jan 1970 00:00:00 +0000",
        "Mon, 23 Nov 100 10:02:11 +0000",
        "Fri, 31 Dec 9999 23:59:59 -2300",  # after year 9999 in UTC
        "yesterday",
    ],
)
def test_a_date_that_is_not_set_or_no_instant_is_none(date: str) -> None:
    """Found by `make fuzz`: a mail of year 100 began its alert then."""
    event = read(a_mail(Date=date))
    assert (event.occurred_at, event.starts_at) == (None, None)


def nested(depth: int) -> bytes:
    head = "Subject: disk\r\n"
    for level in range(depth - 1):
        head += f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"
    return f"{head}Content-Type: text/plain\r\n\r\nleaf\r\n".encode()


def test_parts_are_bounded() -> None:
    assert read(nested(MAIL_DEPTH)).dedup_key == "disk"
    for depth in (MAIL_DEPTH + 1, 5_000):
        with pytest.raises(MalformedEventError):
            read(nested(depth))
    many = b"Subject: disk\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * MAIL_PARTS
    with pytest.raises(MalformedEventError, match="parts"):
        read(many + b"--b--\r\n")


@pytest.mark.parametrize(
    ("address", "key"),
    [
        (f"{ROUTING_KEY}@in.example", ROUTING_KEY),
        (f"<alerts+{ROUTING_KEY.upper()}@in.example>", ROUTING_KEY),
        ("nobody", ""),
        ("", ""),
    ],
)
def test_the_key_is_in_the_address(address: str, key: str) -> None:
    assert key_in(address) == key


class TestSes:
    def test_the_mail_in_its_notification_is_read_as_any_other(self) -> None:
        recipients, content = of_ses(SES_RECEIVED)
        assert [key_in(each) for each in recipients] == [ROUTING_KEY]
        assert read(content) == read(NAGIOS_MAIL)

    def test_it_may_be_in_base64(self) -> None:
        assert of_ses(ses(content=b64encode(NAGIOS_MAIL).decode(), encoding="BASE64")).content == NAGIOS_MAIL

    @pytest.mark.parametrize("content", [None, 7])
    def test_what_is_too_long_for_sns_is_refused(self, content: object) -> None:
        with pytest.raises(MalformedEventError, match="150 KB"):
            of_ses(ses(content=content, encoding="UTF8"))

    def test_another_notification_is_none(self) -> None:
        with pytest.raises(MalformedEventError, match="Received"):
            of_ses(b'{"notificationType": "Bounce", "content": ""}')
        with pytest.raises(MalformedEventError, match="Base64"):
            of_ses(ses(content="\u00fc", encoding="BASE64"))


def ses(*, content: Any, encoding: str) -> bytes:
    document = msgspec.json.decode(SES_RECEIVED)
    document["content"] = content
    document["receipt"]["action"]["encoding"] = encoding
    return msgspec.json.encode(document)
