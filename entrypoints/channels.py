"""Which channels are set up. Those that are not land in the local mailbox; a webhook needs nothing but its address."""

from collections.abc import Sequence
from typing import NamedTuple

from entrypoints.settings import Settings


class ChannelSetUp(NamedTuple):
    name: str  # as people say it
    is_set: bool
    variables: tuple[str, ...]  # what sets it up


def channels(settings: Settings) -> Sequence[ChannelSetUp]:
    twilio = ("TOCSIN_TWILIO_ACCOUNT_SID", "TOCSIN_TWILIO_AUTH_TOKEN", "TOCSIN_TWILIO_SENDER")
    return (
        ChannelSetUp("e-mail", bool(settings.smtp_host), ("TOCSIN_SMTP_HOST",)),
        ChannelSetUp("Slack", bool(settings.slack_token), ("TOCSIN_SLACK_TOKEN",)),
        ChannelSetUp("ntfy", bool(settings.ntfy_url), ("TOCSIN_NTFY_URL",)),
        ChannelSetUp("Twilio", bool(settings.twilio_account_sid), twilio),
    )


def in_words(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
