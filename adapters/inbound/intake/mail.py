"""A mail as an event, for senders that can do nothing else.

RFC 5322 (format), RFC 2045 to 2047 (MIME, encoded words), RFC 3834 (automatic mail); Amazon SES, "Notification contents
for email receiving".
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from email.utils import parsedate_to_datetime
from hashlib import sha256
from html import unescape
from typing import Final, NamedTuple

import msgspec

from adapters.inbound.intake import clean, severities, timestamps
from adapters.inbound.intake.errors import FieldError, MalformedEventError
from adapters.inbound.intake.limits import (
    MAIL_DEPTH,
    MAIL_HEADER_CHARACTERS,
    MAIL_PARTS,
    MAIL_TEXT_CHARACTERS,
    SOURCE_CHARACTERS,
)
from adapters.inbound.intake.reading import read
from adapters.inbound.intake.sent import Sent, Understood
from domain.alert.alert_event import AlertAction, AlertEvent, AlertSeverity
from domain.shared.limits import DEDUP_KEY_CHARACTERS, SUMMARY_CHARACTERS

ENVELOPE_SENDER: Final = "mail-from"  # beside the message's own headers, as SMTP has it; empty for a bounce

_POLICY: Final = EmailPolicy(utf8=True, raise_on_defect=False)
# Words that begin a subject and say what became of the condition. Those of the first group are unmistakable; those of
# the second begin many a sentence, so that a bracket or a colon has to follow.
_CLEARED: Final = "resolved|recovery|recovered|cleared"
_OVER: Final = "ok|up|closed|normal"
_TAKEN: Final = "acknowledgement|acknowledged|ack"
_BAD: Final = "problem|firing|triggered|alert|alarm|critical|major|error|warning|down|unknown|unreachable|info"
_STATUS: Final = re.compile(
    rf"\W{{0,8}}(?:(?P<cleared>{_CLEARED})\b|(?P<over>{_OVER})(?=\s?[\]:|>])"
    rf"|(?P<taken>{_TAKEN})\b(?=\s?[\]:|>]|\s\w+ alert)|(?P<bad>{_BAD})(?=(?::\d{{1,6}})?\s?[\]:|>]|\s\w+ alert))"
    r"(?::\d{1,6})?[\]:|>\s*-]{0,8}",
    re.IGNORECASE,
)
_REPLY: Final = re.compile(r"(?:(?:re|fwd?|aw|wg)\s{0,2}:\s{0,4}){1,10}", re.IGNORECASE)
# `… is CRITICAL **`, as Nagios ends what it began with PROBLEM
_STATE_AT_END: Final = re.compile(r"\s+is\s+(?:now\s+)?(?P<state>[A-Za-z]{2,11})\W{0,8}$")
_STATES: Final = frozenset({"ok", "up", "down", "critical", "warning", "unknown", "unreachable", "recovered"})
_TAG_NAME: Final = re.compile(r"</?([a-z0-9]{1,10})")
_HIDDEN: Final = frozenset({"script", "style", "head", "title"})
_BLOCKS: Final = frozenset({"p", "br", "div", "tr", "li", "h1", "h2", "h3"})
# The parser looks at these itself, and takes time by the square of their length.
_STRUCTURE: Final = re.compile(rb"^content-[a-z-]{1,40}:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)
_SPACES: Final = re.compile(r"\s+")

_AUTOMATIC_ANSWERS: Final = ("auto-replied", "auto-notified")
_IMPERSONAL: Final = frozenset({"bulk", "list", "junk", "auto_reply"})


class _Subject(NamedTuple):
    action: AlertAction
    severity: AlertSeverity | None
    condition: str  # what remains without the words for its state: the same when it begins and when it is over


def translate(sent: Sent) -> Understood:
    """One mail is one event. Raises `MalformedEventError`."""
    return Understood((event_of(sent.body, envelope_sender=sent.headers.get(ENVELOPE_SENDER)),))


def event_of(body: bytes, *, envelope_sender: str | None = None) -> AlertEvent:
    """The subject names the alert; a word for its state at the beginning says what became of it.

    Whom it is to is left out of what is shown: the address holds the integration's key.

    Raises:
        MalformedEventError: it answers or goes around automatically, so that it could come from ourselves; it has more
            parts than anybody writes; or it has neither a subject nor an id.
    """
    mail = _parsed(body)
    _refuse_loops(mail, envelope_sender)
    title = _header(mail, "subject")
    subject = _subject_of(title)
    text = _text_of(mail)
    return AlertEvent(
        action=subject.action,
        dedup_key=_key(mail, subject),
        summary=clean.cut(title or text.strip().partition("\n")[0].strip(), SUMMARY_CHARACTERS),
        source=clean.cut(_header(mail, "from"), SOURCE_CHARACTERS),
        severity=subject.severity,
        occurred_at=_date(mail),
        starts_at=_date(mail),  # a mail that is delivered once more later is no new occurrence
        details={
            "text": text,
            "message_id": _header(mail, "message-id"),
            "authentication_results": clean.cut(_header(mail, "authentication-results"), SOURCE_CHARACTERS),
            "attachments": [clean.cut(name, 255) for name in _attachments(mail)],
        },
    )


class _Received(msgspec.Struct):
    notificationType: object = None  # noqa: N815  # the wire's names
    receipt: object = None
    content: object = None


_SES: Final = msgspec.json.Decoder(_Received)


class SesMail(NamedTuple):
    recipients: tuple[str, ...]
    content: bytes


def of_ses(body: bytes) -> SesMail:
    """The mail in what SES publishes when its receipt rule has the action SNS.

    Raises:
        MalformedEventError: no mail is in it: one of more than 150 KB is only announced.
    """
    found = read(_SES, body)
    if found.notificationType != "Received":
        raise MalformedEventError([FieldError("/notificationType", "must be 'Received'")])
    if not isinstance(found.content, str):
        reason = "is missing; SES leaves it out of what is over 150 KB, or without the action SNS"
        raise MalformedEventError([FieldError("/content", reason)])
    receipt = found.receipt if isinstance(found.receipt, dict) else {}
    recipients, action = receipt.get("recipients"), receipt.get("action")
    content = found.content.encode("utf-8", "surrogateescape")
    if isinstance(action, dict) and str(action.get("encoding", "")).upper() == "BASE64":
        try:
            content = b64decode(b"".join(content.split()), validate=True)
        except (Base64Error, ValueError):
            raise MalformedEventError([FieldError("/content", "is no Base64")]) from None
    known = recipients if isinstance(recipients, list) else []
    return SesMail(tuple(clean.text(each) for each in known if isinstance(each, str)), content)


def key_in(address: str) -> str:
    """The integration's key in an address: `<key>@…` or `anything+<key>@…`, in any case."""
    return clean.text(address).strip().strip("<>").rpartition("@")[0].rpartition("+")[2].lower()


def _parsed(body: bytes) -> EmailMessage:
    if any(len(found[0]) > MAIL_HEADER_CHARACTERS for found in _STRUCTURE.finditer(body)):
        reason = f"has a Content header that is too long (maximum is {MAIL_HEADER_CHARACTERS})"
        raise MalformedEventError([FieldError("", reason)])
    try:
        mail = BytesParser(EmailMessage, policy=_POLICY).parsebytes(body)
        _require_bearable(mail)
    except MalformedEventError:
        raise
    except Exception:  # noqa: BLE001  # the parser promises no errors of its own
        raise MalformedEventError([FieldError("", "the mail cannot be read")], unrecognized=True) from None
    return mail


def _require_bearable(mail: EmailMessage) -> None:
    """Raises `MalformedEventError`."""
    waiting, parts = [(1, mail)], 0
    while waiting:
        depth, part = waiting.pop()
        parts += 1
        if depth > MAIL_DEPTH or parts > MAIL_PARTS:
            reason = f"has too many parts (maximum is {MAIL_PARTS}, nested {MAIL_DEPTH} deep)"
            raise MalformedEventError([FieldError("", reason)])
        inner = part.get_payload() if part.is_multipart() else []
        waiting += [(depth + 1, each) for each in inner if isinstance(each, EmailMessage)]


def _refuse_loops(mail: EmailMessage, envelope_sender: str | None) -> None:
    """Raises `MalformedEventError`. Monitors mark their mails `auto-generated`, which is no answer to anything."""
    automatic = _header(mail, "auto-submitted").lower()
    reason = ""
    if envelope_sender == "":
        reason = "it has no sender, as a bounce has none"
    elif automatic.startswith(_AUTOMATIC_ANSWERS):
        reason = "it is an automatic answer (Auto-Submitted)"
    elif _header(mail, "precedence").lower() in _IMPERSONAL:
        reason = "it was sent to many (Precedence)"
    elif _header(mail, "list-id"):
        reason = "it came by a mailing list (List-Id), as our own do"
    elif _header(mail, "x-auto-response-suppress"):
        reason = "it asks for no answers (X-Auto-Response-Suppress), as our own do"
    if reason:
        raise MalformedEventError([FieldError("", f"{reason}, and could go around for ever")])


def _subject_of(title: str) -> _Subject:
    rest = _REPLY.sub("", title, count=1) if _REPLY.match(title) else title
    found = _STATUS.match(rest)
    action, word = AlertAction.TRIGGER, ""
    if found is not None:
        rest = rest[found.end() :]
        word = found["bad"] or ""
        if found["cleared"] or found["over"]:
            action = AlertAction.RESOLVE
        elif found["taken"]:
            action = AlertAction.ACKNOWLEDGE
    at_end = _STATE_AT_END.search(rest[-40:])
    if at_end is not None and at_end["state"].lower() in _STATES:
        rest = rest[: len(rest) - len(at_end[0])]
        word = at_end["state"]
    return _Subject(action, _severity(word) if action is AlertAction.TRIGGER else None, _SPACES.sub(" ", rest).strip())


def _severity(word: str) -> AlertSeverity | None:
    """Of words that are grades; `PROBLEM` and `ALERT` say only that there is one."""
    return None if word.lower() in {"alert", "alarm"} else severities.lenient(word)


def _key(mail: EmailMessage, subject: _Subject) -> str:
    """The condition, else the thread, else the mail itself."""
    names = (subject.condition.casefold(), _header(mail, "references"), _header(mail, "message-id"))
    key = next((name for name in names if name), "")
    if not key:
        raise MalformedEventError([FieldError("/subject", "there is neither a subject nor a Message-ID")])
    if key == names[1]:
        key = key.split()[0]
    # A cut one could merge two.
    return key if len(key) <= DEDUP_KEY_CHARACTERS else sha256(key.encode("utf-8", "replace")).hexdigest()


def _header(mail: EmailMessage, name: str) -> str:
    """The beginning of a header as text; empty for what is not there, or cannot be read."""
    try:
        raw = next((value for each, value in mail.raw_items() if each.lower() == name), "")
        # What takes a header apart takes time by the square of its length.
        text = str(_POLICY.header_fetch_parse(name, raw[:MAIL_HEADER_CHARACTERS]))
        return _SPACES.sub(" ", clean.text(text)).strip()
    except Exception:  # noqa: BLE001  # with errors of every kind
        return ""


def _date(mail: EmailMessage) -> datetime | None:
    try:
        return timestamps.if_set(parsedate_to_datetime(_header(mail, "date")))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _text_of(mail: EmailMessage) -> str:
    """Of the plain part, else of the HTML as text: nothing of it is shown as HTML."""
    text = _part(mail, "plain") or _without_tags(_part(mail, "html"))
    return clean.cut(clean.text(text).replace("\r\n", "\n").strip(), MAIL_TEXT_CHARACTERS)


def _part(mail: EmailMessage, kind: str) -> str:
    """Empty for what is not there, or blank, or cannot be read."""
    try:
        part = mail.get_body(preferencelist=(kind,))
        content = "" if part is None else part.get_content()
    except Exception:  # noqa: BLE001  # unknown charsets, broken encodings
        return ""
    return content if isinstance(content, str) and content.strip() else ""


def _without_tags(html: str) -> str:
    """The text between the tags. Once through: each search for an end either moves on or is the last."""
    html = html[: 8 * MAIL_TEXT_CHARACTERS]
    folded = html.lower()
    parts, at = [], 0
    while (tag := html.find("<", at)) >= 0:
        parts.append(html[at:tag])
        name = _TAG_NAME.match(folded, tag)
        if folded.startswith("<!--", tag):
            at = _after(folded, "-->", tag)
        elif name is not None and name[1] in _HIDDEN:
            at = _after(folded, ">", _after(folded, f"</{name[1]}", tag))
        else:
            at = _after(folded, ">", tag)
            if name is not None and name[1] in _BLOCKS:
                parts.append("\n")
    parts.append(html[at:])
    lines = (_SPACES.sub(" ", line).strip() for line in unescape("".join(parts)).split("\n"))
    return "\n".join(line for line in lines if line)


def _after(text: str, end: str, start: int) -> int:
    """Behind the end; behind everything when there is none."""
    found = text.find(end, start)
    return len(text) if found < 0 else found + len(end)


def _attachments(mail: EmailMessage) -> Iterator[str]:
    """Their names; what is in them is kept with the raw mail, and nowhere shown."""
    return (name for name in map(_file_name, mail.walk()) if name)


def _file_name(part: EmailMessage) -> str:
    try:
        return clean.text(part.get_filename() or "")
    except Exception:  # noqa: BLE001  # as with headers
        return ""
