"""For how long an incident takes further alerts of its group, as bodies say it."""

from typing import Annotated, Self

import msgspec
from msgspec import Meta

from domain.shared.group_window import GroupWindow, WindowKind
from domain.shared.limits import GROUP_WINDOW_SECONDS_MAX, GROUP_WINDOW_SECONDS_MIN


class GroupWindowBody(msgspec.Struct, forbid_unknown_fields=True):
    """Fixed: since the incident began. Rolling: since the last alert joined it."""

    kind: WindowKind
    seconds: Annotated[int, Meta(ge=GROUP_WINDOW_SECONDS_MIN, le=GROUP_WINDOW_SECONDS_MAX)]

    @classmethod
    def of(cls, window: GroupWindow | None) -> Self | None:
        return None if window is None else cls(kind=window.kind, seconds=window.seconds)

    def window(self) -> GroupWindow:
        return GroupWindow(kind=self.kind, seconds=self.seconds)


OptionalGroupWindow = Annotated[
    GroupWindowBody | None,
    Meta(description="For how long an open incident takes further alerts of its group; null: while it is open."),
]
