"""What a call says, twice, and which key does what. Twilio, "<Gather>"."""

import re
from typing import Final

from adapters.plain_text import one_line, shortened, web_link
from adapters.twiml import ask_for_key, response, say
from application.ports.notifier import Message, NoticeMessage

KEY: Final = "1"
_CODE: Final = re.compile(r"[0-9]{5,}")
_TITLE_CHARACTERS: Final = 160
_WAIT_SECONDS: Final = 10  # somebody who was asleep looks for the key
_GOODBYE: Final = "Goodbye."
_REPEAT: Final = "This may be a repeat."


def page_call(message: Message) -> str:
    title = shortened(one_line(message.title), most=_TITLE_CHARACTERS)
    said = f"This is Tocsin. {_severity(message)} Incident {message.incident_number}. {title}."
    if message.status != "triggered":
        said = f"{said} It is {message.status}."
    if message.may_be_repeat:
        said = f"{_REPEAT} {said}"
    return _call(said, "to acknowledge", message.acknowledge_url)


def notice_call(notice: NoticeMessage) -> str:
    """Its title and its lines but for links, which nobody can follow by ear. A link of its own is confirmed by key."""
    lines = [notice.title, *(line for line in notice.text.splitlines() if web_link(line.strip()) is None)]
    said = ". ".join(filter(None, (one_line(line).rstrip(".") for line in lines)))
    if notice.may_be_repeat:
        said = f"{_REPEAT} {said}"
    return _call(f"{spelled(said)}.", "to confirm", notice.url if notice.asks else None)


def spelled(text: str) -> str:
    """A code digit by digit, and not as a number of hundred thousands."""
    return _CODE.sub(lambda found: " ".join(found[0]), text)


def _severity(message: Message) -> str:
    grade = message.severity.removeprefix("SEV")
    return f"Severity {grade}." if grade.isdecimal() else ""


def _call(said: str, what_for: str, url: str | None) -> str:
    action = web_link(url)
    if action is None:
        return response(say(said), say(said), say(_GOODBYE))
    asked = f"Press {KEY} {what_for}."
    return response(
        ask_for_key([said, asked, said, asked], action=f"{action}/key", wait_seconds=_WAIT_SECONDS), say(_GOODBYE)
    )
