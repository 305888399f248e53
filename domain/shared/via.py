from enum import StrEnum


class Via(StrEnum):
    """By which door somebody or something acted."""

    API = "api"
    CLI = "cli"
    EMAIL = "email"  # the confirming page behind a link in a message
    SLACK = "slack"
    SENDER = "sender"  # the monitoring source itself
    SYSTEM = "system"  # a deadline, a demo, an upgrade
