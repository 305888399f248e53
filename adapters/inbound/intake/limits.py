"""The most that one body may bring, beside the limits of the domain."""

from typing import Final

ROUTING_KEY_CHARACTERS: Final = 32  # PagerDuty Events API v2
ALERTS_PER_BODY: Final = 10_000  # of one Alertmanager group
EVENTS_PER_BODY: Final = 500  # of one POST /v1/events: what shares one commit
GROUP_MEMBERS_SHOWN: Final = 100  # alerts listed in the details of a group's one event
SOURCE_CHARACTERS: Final = 1024
GROUP_KEY_CHARACTERS: Final = 255
HREF_CHARACTERS: Final = 2048
LINK_TEXT_CHARACTERS: Final = 255
BODY_DEPTH: Final = 64  # of JSON that a mapping reads; no sender's own is half as deep
BODY_VALUES: Final = 50_000  # in it; each expression may look at all of them
MAIL_BYTES: Final = 5 * 1024 * 1024  # a monitor's mail with a picture; more than a responder reads
MAIL_DEPTH: Final = 20
MAIL_PARTS: Final = 100
MAIL_HEADER_CHARACTERS: Final = 4096
MAIL_TEXT_CHARACTERS: Final = 20_000
DETAILS_DEPTH: Final = 32  # deeper values are cut; storage and encoders recurse on it
