"""For how long an incident takes further alerts of its group, as bodies say it."""

from typing import Annotated, Self

import msgspec
from msgspec import Meta

from domain.shared.group_window import GroupWindow, NoWindow, WindowKind
from domain.shared.limits import GROUP_WINDOW_SECONDS_MAX, GROUP_WINDOW_SECONDS_MIN


class GroupWindowBody(msgspec.Struct, forbid_unknown_fields=True):
    """Fixed: since the incident began. Rolling: since the last alert joined it."""

    kind: WindowKind
    seconds: Annotated[int, Meta(ge=GROUP_WINDOW_SECONDS_MIN, le=GROUP_WINDOW_SECONDS_MAX)]

    @classmethod
    def of(cls, window: GroupWindow) -> Self:
        return cls(kind=window.kind, seconds=window.seconds)


OptionalGroupWindow = Annotated[
    GroupWindowBody | None,
    Meta(description="For how long an open incident takes further alerts of its group; null: while it is open."),
]

RuledGroupWindow = Annotated[
    GroupWindowBody | NoWindow | None,
    Meta(
        description="For how long an open incident takes further alerts of its group; `none`: while it is open; null: "
        "as the integration says."
    ),
]


def window_body(window: GroupWindow | None) -> GroupWindowBody | None:
    return None if window is None else GroupWindowBody.of(window)


def window_of(body: GroupWindowBody | None) -> GroupWindow | None:
    return None if body is None else GroupWindow(kind=body.kind, seconds=body.seconds)


def ruled_window_body(said: GroupWindow | NoWindow | None) -> GroupWindowBody | NoWindow | None:
    return said if isinstance(said, NoWindow) else window_body(said)


def ruled_window_of(body: GroupWindowBody | NoWindow | None) -> GroupWindow | NoWindow | None:
    return body if isinstance(body, NoWindow) else window_of(body)
