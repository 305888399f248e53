from enum import StrEnum


class Via(StrEnum):
    """By which door somebody or something acted."""

    API = "api"
    CLI = "cli"
    EMAIL = "email"  # the confirming page behind a link in a message
    SLACK = "slack"
    NTFY = "ntfy"
    WEBHOOK = "webhook"  # the link that a webhook's receiver was given
    SMS = "sms"  # a reply to a text message
    VOICE = "voice"  # a key pressed in a call
    SENDER = "sender"  # the monitoring source itself
    SYSTEM = "system"  # a deadline, a demo, an upgrade
