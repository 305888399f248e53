import pytest

from domain.notification.notice import NoticeKind
from domain.notification.shift_wishes import ShiftWishes

OF_SHIFTS = {
    NoticeKind.SHIFT_AHEAD: ShiftWishes(ahead=False),
    NoticeKind.SHIFT_STARTED: ShiftWishes(started=False),
    NoticeKind.SHIFT_ENDED: ShiftWishes(ended=False),
}


@pytest.mark.parametrize("kind", NoticeKind)
def test_each_notice_of_a_shift_is_wished_away_by_itself_and_no_other_notice_is(kind: NoticeKind) -> None:
    assert ShiftWishes().want(kind)
    unwanted = [wished for wished, wishes in OF_SHIFTS.items() if not wishes.want(kind)]
    assert unwanted == [kind] * (kind in OF_SHIFTS)
