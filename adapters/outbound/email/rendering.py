"""One e-mail for one notification: threaded by incident, readable on a lock screen, without anything remote.

RFC 5322 (format), RFC 3834 (Auto-Submitted), RFC 2919 (List-Id), RFC 2046 5.1.4 (alternatives, plainest first).
"""

from binascii import b2a_qp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from functools import lru_cache
from typing import Final, NamedTuple

from jinja2 import Environment

from adapters.plain_text import one_line, shortened, web_link
from application.ports.notifier import Message, NoticeMessage

_TITLE_CHARACTERS: Final = 200  # what a subject line shows anywhere, and then some; the page has the whole
_MESSAGE_ID_CHARACTERS: Final = 250
_REPEAT: Final = "This may be a repeat: it is not known whether an earlier try arrived."

# Inline styles only: mail readers drop style sheets, and a remote one would tell its host who read the page, and when.
_HTML: Final = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ headline }}</title></head>
<body style="margin:0;padding:16px;font:16px/1.5 sans-serif;color:#1a1a1a;background:#ffffff">
<h1 style="font-size:20px;line-height:1.3;margin:0 0 12px">{{ headline }}</h1>
{% if notice %}
<p style="margin:0 0 12px"><strong>{{ notice }}</strong></p>
{% endif %}
<p style="margin:0 0 16px">
{% for name, value in facts %}
{{ name }}: {{ value }}<br>
{% endfor %}
{% for line in lines %}
{{ line }}<br>
{% endfor %}
</p>
{% if button %}
<p style="margin:0 0 20px"><a href="{{ button }}" style="display:inline-block;padding:14px 28px;border-radius:6px;\
background:#b3261e;color:#ffffff;font-weight:bold;text-decoration:none">Acknowledge</a></p>
{% endif %}
{% for name, url in links %}
<p style="margin:0 0 8px"><a href="{{ url }}">{{ name }}</a></p>
{% endfor %}
</body>
</html>
"""
)


class _HeaderTypes(HeaderRegistry):
    """The standard library's header types, each made once: making them anew for every header is a third of the work."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        key = name.lower()
        if key not in self._made:
            self._made[key] = super().__getitem__(name)
        return self._made[key]


_ASCII: Final = SMTP.clone(header_factory=_HeaderTypes())
_UTF8: Final = SMTPUTF8.clone(header_factory=_HeaderTypes())


class UnsendableAddressError(ValueError):
    """The text is not an address that a message could be sent to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message as it goes over the wire, and what the server is told about it."""

    recipient: str
    message_id: str
    content: bytes  # lines end in CRLF
    needs_utf8: bool  # RFC 6531: the address itself is not ASCII


def render(message: Message, *, sender: Address, domain: str, at: datetime) -> Envelope:
    """One message about an incident. Raises `UnsendableAddressError`."""
    root_id = f"<inc-{message.incident_id}@{domain}>"
    page = _shown(message)
    return _envelope(
        parsed_address(message.address),
        sender=sender,
        subject=page.subject,
        headers={
            "Date": _date(at.replace(microsecond=0)),
            "Message-ID": _message_id(message, domain),
            # The root was never sent. That every message answers it is what makes a thread of them.
            "In-Reply-To": root_id,
            "References": "\r\n ".join([root_id, *_earlier_ids(message)]),
            "List-Id": f"<incidents.{domain}>",
        },
        text=_as_text(page),
        html=_HTML.render(page._asdict()),
    )


def render_notice(notice: NoticeMessage, *, sender: Address, domain: str, at: datetime) -> Envelope:
    """One message about no incident, in no thread. Raises `UnsendableAddressError`."""
    title = shortened(one_line(notice.title), most=_TITLE_CHARACTERS)
    repeat = _REPEAT if notice.may_be_repeat else None
    lines = [one_line(line) for line in notice.text.splitlines()]
    url = web_link(notice.url)
    text = "\n".join((title, *([repeat] if repeat else []), "", *lines, *(["", f"More: {url}"] if url else [])))
    return _envelope(
        parsed_address(notice.address),
        sender=sender,
        subject=title,
        headers={
            "Date": _date(at.replace(microsecond=0)),
            "Message-ID": f"<{notice.notification_id}.{notice.attempt}@{domain}>",
            "List-Id": f"<notices.{domain}>",
        },
        text=text + "\n",
        html=_HTML.render(
            headline=title, notice=repeat, facts=[], lines=lines, links=[("Read on", url)] if url else []
        ),
    )


def _envelope(
    recipient: Address, *, sender: Address, subject: str, headers: Mapping[str, str], text: str, html: str
) -> Envelope:
    needs_utf8 = not recipient.addr_spec.isascii()
    written = [
        _header("From", str(sender), needs_utf8=needs_utf8),
        _header("To", str(recipient), needs_utf8=needs_utf8),
        _subject_header(subject, needs_utf8=needs_utf8),
    ]
    # The others are ours alone, in ASCII and short; the library, which takes each apart before it writes it, would take
    # longer than all else that a page needs.
    common = {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{_BOUNDARY}"',
    }
    written += [f"{name}: {value}\r\n".encode("ascii") for name, value in {**headers, **common}.items()]
    parts = _parts(("plain", text), ("html", html))
    content = b"".join((*written, b"\r\n", parts))
    return Envelope(
        recipient=recipient.addr_spec, message_id=headers["Message-ID"], content=content, needs_utf8=needs_utf8
    )


@lru_cache(maxsize=8)
def _date(at: datetime) -> str:
    """A storm's messages are many to a second."""
    return format_datetime(at)


# Senders and readers are the same few, page after page.
@lru_cache(maxsize=1_000)
def _header(name: str, value: str, *, needs_utf8: bool) -> bytes:
    """As the library writes it: encoded and folded where it has to be."""
    mail = EmailMessage(policy=_UTF8 if needs_utf8 else _ASCII)
    mail[name] = value
    return mail.as_bytes().removesuffix(b"\r\n")  # an empty message is its headers and the line that ends them


def _subject_header(subject: str, *, needs_utf8: bool) -> bytes:
    """Each is another, and the library takes long for it: what is plain text is folded here, at its spaces."""
    words = subject.split(" ")
    is_plain = subject.isascii() and subject.isprintable() and "=?" not in subject and all(words)
    if not is_plain or max(map(len, words)) > _LINE_CHARACTERS // 2:
        return _header.__wrapped__("Subject", subject, needs_utf8=needs_utf8)
    lines = ["Subject:"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > _LINE_CHARACTERS:
            lines.append("")
        lines[-1] += f" {word}"
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


# RFC 5322 2.1.1: a line should have no more, without its end.
_LINE_CHARACTERS: Final = 78
# Quoted-printable has no `=_` in it, so no body can contain the line between the parts (RFC 2045 6.7).
_BOUNDARY: Final = "=_tocsin"


def _parts(*parts: tuple[str, str]) -> bytes:
    """The alternatives, plainest first."""
    lines = []
    for subtype, text in parts:
        lines.append(
            f'--{_BOUNDARY}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode()
        )
        lines.append(b2a_qp(text.replace("\n", "\r\n").encode()))
        lines.append(b"\r\n")
    return b"".join((*lines, f"--{_BOUNDARY}--\r\n".encode()))


def parsed_address(text: str) -> Address:
    """An address with nothing in it that could end a header or a command. Raises `UnsendableAddressError`."""
    if not text.isprintable() or any(character in text for character in ' <>",;:()[]\\'):
        raise UnsendableAddressError("it has characters that an address must not have")
    local, at, domain = text.rpartition("@")
    if not (at and local and domain) or "@" in local:
        raise UnsendableAddressError("it is not of the form name@domain")
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
        return Address(username=local, domain=ascii_domain)
    except (ValueError, IndexError) as error:
        raise UnsendableAddressError("it is not of the form name@domain") from error


class _Page(NamedTuple):
    """What a message shows, as text and as a page without anything to load."""

    subject: str  # without severity and status: mail readers make a thread of those that have the same
    headline: str
    notice: str | None
    facts: Sequence[tuple[str, str]]
    button: str | None  # where it is acknowledged
    links: Sequence[tuple[str, str]]


def _shown(message: Message) -> _Page:
    title = shortened(one_line(message.title), most=_TITLE_CHARACTERS)
    name = f"INC-{message.incident_number}"
    since = message.triggered_at.astimezone(UTC)
    addresses = (("Incident", web_link(message.incident_url)), ("Runbook", web_link(message.runbook_url)))
    return _Page(
        subject=f"[{name}] {title}",
        headline=f"{one_line(message.severity)} {name} {title}",
        notice=_notice(message),
        facts=[
            ("Service", one_line(message.service)),
            ("Status", one_line(message.status)),
            ("Since", f"{since:%Y-%m-%d %H:%M:%S} UTC"),
        ],
        button=None if is_update(message) else web_link(message.acknowledge_url),
        links=[(text, url) for text, url in addresses if url is not None],
    )


def _as_text(page: _Page) -> str:
    """Its first line is all that a lock screen shows."""
    lines = [page.headline]
    if page.notice:
        lines.append(page.notice)
    lines.append("")
    lines += [f"{name}: {value}" for name, value in page.facts]
    if page.button:
        lines += ["", f"Acknowledge: {page.button}"]
    if page.links:
        lines += ["", *(f"{text}: {url}" for text, url in page.links)]
    return "\n".join(lines) + "\n"


def _notice(message: Message) -> str | None:
    if is_update(message):
        by = f" by {one_line(message.status_by)}" if message.status_by else ""
        return f"Now {one_line(message.status)}{by}."
    return _REPEAT if message.may_be_repeat else None


def is_update(message: Message) -> bool:
    """Whether it tells how an incident went on, rather than asks someone to take it."""
    return message.update_of is not None or message.status != "triggered"


def _message_id(message: Message, domain: str) -> str:
    # Never used twice: an update is about the same notification, and so adds what it tells.
    told = "" if not is_update(message) else f".{''.join(filter(str.isalnum, message.status))}.v{message.version}"
    return f"<{message.notification_id}.{message.attempt}{told}@{domain}>"


def _earlier_ids(message: Message) -> list[str]:
    """The message that this one updates, when its receipt names it in a way that fits a header."""
    earlier = (message.update_of or {}).get("message_id", "")
    enclosed = earlier.startswith("<") and earlier.endswith(">")
    plain = earlier.isascii() and earlier.isprintable() and not any(sign in earlier[1:-1] for sign in " <>")
    return [earlier] if enclosed and plain and len(earlier) <= _MESSAGE_ID_CHARACTERS else []
