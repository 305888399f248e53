"""One Slack message for one notification. Slack, "Block Kit" for the limits, "Formatting text" for the escapes.

What a sender wrote goes into `plain_text` wherever Slack allows it, and is cut and then escaped where it does not: an
escaped `<!channel>` is five letters more and wakes nobody.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Final

from adapters.plain_text import one_line, shortened, web_link
from application.ports.notifier import Message, NoticeMessage

type Block = dict[str, object]

ACKNOWLEDGE: Final = "tocsin_acknowledge"
RESOLVE: Final = "tocsin_resolve"
EVENT_TYPE: Final = "tocsin_page"
NOTICE_EVENT_TYPE: Final = "tocsin_notice"

_HEADER_CHARACTERS: Final = 150
_SECTION_CHARACTERS: Final = 2900  # of 3,000 that are allowed
_SECTIONS: Final = 10  # of 50 blocks that are allowed
_LINE_CHARACTERS: Final = 500
_REPEAT: Final = "This may be a repeat: it is not known whether an earlier try arrived."
_FIELD_CHARACTERS: Final = 300  # of 2,000 that are allowed
# An escape makes at most five characters of one (`&amp;`): these stay below 3,000 for a section, 4,000 for the text
_TITLE_CHARACTERS: Final = 590
_TEXT_CHARACTERS: Final = 700


def body(message: Message) -> dict[str, object]:
    """What `chat.postMessage` and `chat.update` have in common; the text is for lock screens and screen readers."""
    return {
        "text": fallback_text(message),
        "blocks": blocks(message),
        "metadata": {"event_type": EVENT_TYPE, "event_payload": _event_payload(message)},
        # Without these an update would turn @names and #names in a sender's text into mentions again.
        "parse": "none",
        "link_names": False,
    }


def notice_body(notice: NoticeMessage) -> dict[str, object]:
    """A message about no incident: a headline, its lines, and maybe a link."""
    title = shortened(one_line(notice.title), most=_HEADER_CHARACTERS)
    repeat = [_REPEAT] if notice.may_be_repeat else []
    link = [f"<{_link_target(url)}|Read on>"] if (url := web_link(notice.url)) is not None else []
    context: Block = {"type": "context", "elements": [_markdown(text) for text in (*repeat, *link)]}
    return {
        "text": escaped(title),
        "blocks": [
            {"type": "header", "text": _plain(title)},
            *({"type": "section", "text": _markdown(text)} for text in _sections(notice.text)),
            *([context] if repeat or link else []),
        ],
        "metadata": {
            "event_type": NOTICE_EVENT_TYPE,
            "event_payload": {"delivery_id": str(notice.notification_id), "attempt": notice.attempt},
        },
        "parse": "none",
        "link_names": False,
    }


def calling(group: str, content: Mapping[str, object]) -> Mapping[str, object]:
    """The same, with a user group called first: in the blocks, which are shown, and in the text, which rings."""
    mention = f"<!subteam^{group}>"
    shown = content["blocks"]
    assert isinstance(shown, list)
    section: Block = {"type": "section", "text": _markdown(mention)}
    return {**content, "text": f"{mention} {content['text']}", "blocks": [section, *shown]}


def _sections(text: str) -> Sequence[str]:
    """The lines in as few sections as hold them; a line that is a link can be followed."""
    sections = [""]
    for line in text.splitlines():
        url = web_link(line.strip())
        plain = escaped(shortened(one_line(line), most=_LINE_CHARACTERS))
        shown = plain if url is None else f"<{_link_target(url)}|Open>"
        if len(sections[-1]) + len(shown) + 1 > _SECTION_CHARACTERS:
            sections.append("")
        sections[-1] = f"{sections[-1]}\n{shown}" if sections[-1] else shown
    return [section for section in sections if section][:_SECTIONS]


def fallback_text(message: Message) -> str:
    """One line with everything that decides whether to get up."""
    told = f" ({_status(message)})" if message.status != "triggered" else ""
    repeat = " (may be a repeat)" if _may_be_repeat(message) else ""
    return escaped(shortened(_headline(message) + told, most=_TEXT_CHARACTERS)) + repeat


def blocks(message: Message) -> list[Block]:
    """Header, facts, links and the buttons that still make sense."""
    made: list[Block] = [{"type": "header", "text": _plain(shortened(_headline(message), most=_HEADER_CHARACTERS))}]
    title = escaped(shortened(one_line(message.title), most=_TITLE_CHARACTERS))
    if title and len(_headline(message)) > _HEADER_CHARACTERS:
        made.append({"type": "section", "text": _markdown(title)})
    made.append({"type": "section", "fields": [_plain(text) for text in _facts(message)]})
    made.append({"type": "context", "elements": [_markdown(text) for text in _context(message)]})
    if elements := _buttons(message):
        made.append({"type": "actions", "block_id": f"inc_{message.incident_id}", "elements": elements})
    return made


def escaped(text: str) -> str:
    """Text that mrkdwn shows as it is. Cut it before, since a cut through an escape shows half of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _headline(message: Message) -> str:
    return f"{one_line(message.severity)} INC-{message.incident_number} {one_line(message.title)}"


def _status(message: Message) -> str:
    by = f" by {one_line(message.status_by)}" if message.status_by else ""
    return f"{one_line(message.status)}{by}"


def _facts(message: Message) -> Sequence[str]:
    facts = (f"Service: {one_line(message.service)}", f"Status: {_status(message)}")
    return [shortened(fact, most=_FIELD_CHARACTERS) for fact in facts]


def _context(message: Message) -> Sequence[str]:
    since = message.triggered_at.astimezone(UTC)
    # Shown in each reader's own zone; the part after the bar is for clients that cannot.
    shown = [f"Since <!date^{int(since.timestamp())}^{{date_num}} {{time_secs}}|{since:%Y-%m-%d %H:%M:%S} UTC>"]
    shown += [
        f"<{_link_target(url)}|{name}>"
        for name, url in (("Open incident", message.incident_url), ("Runbook", message.runbook_url))
        if web_link(url) is not None and url is not None
    ]
    if _may_be_repeat(message):
        shown.append(_REPEAT)
    return shown


def _link_target(url: str) -> str:
    return escaped(url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))


def _may_be_repeat(message: Message) -> bool:
    return message.may_be_repeat and message.update_of is None  # changing a message twice changes it once


def _buttons(message: Message) -> list[Block]:
    value = f"{message.incident_id}:v{message.version}"
    acknowledge: Block = {
        "type": "button",
        "action_id": ACKNOWLEDGE,
        "style": "primary",
        "text": _plain("Acknowledge"),
        "value": value,
    }
    resolve: Block = {
        "type": "button",
        "action_id": RESOLVE,
        "text": _plain("Resolve"),
        "value": value,
        "confirm": {  # one thumb's width from the other button
            "title": _plain(f"Resolve INC-{message.incident_number}?"),
            "text": _plain("Paging about it stops for everyone."),
            "confirm": _plain("Resolve"),
            "deny": _plain("Cancel"),
        },
    }
    match message.status:
        case "triggered":
            return [acknowledge, resolve]
        case "acknowledged":
            return [resolve]
        case _:
            return []


def _event_payload(message: Message) -> Mapping[str, str | int]:
    # By `delivery_id` a person, or a later version of this, finds out whether a message without an answer arrived.
    return {
        "delivery_id": str(message.notification_id),
        "incident_id": str(message.incident_id),
        "attempt": message.attempt,
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _markdown(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
