import pytest

from domain.notification.notice import KEY_CHARACTERS, TEXT_CHARACTERS, Notice, NoticeKind
from domain.shared.errors import InvalidValueError
from domain.shared.limits import SUMMARY_CHARACTERS


@pytest.mark.parametrize(
    ("field", "most"), [("key", KEY_CHARACTERS), ("title", SUMMARY_CHARACTERS), ("text", TEXT_CHARACTERS)]
)
def test_a_notice_that_is_too_long_is_refused_with_its_field_and_limit(field: str, most: int) -> None:
    said = {"key": "drill", "title": "A test page", "text": "Does it ring?"}
    Notice(kind=NoticeKind.DRILL, **said | {field: "x" * most})
    with pytest.raises(InvalidValueError, match=f"{field}: has {most + 1} characters, allowed are 1 to {most}"):
        Notice(kind=NoticeKind.DRILL, **said | {field: "x" * (most + 1)})
