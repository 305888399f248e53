from domain.escalation.asked import Asked, asked
from tests.support.builders import ADA, BEN, CAT


def test_everyone_who_is_meant_is_asked_until_they_have_answered() -> None:
    assert asked((ADA, BEN), answered=()) == Asked(still=(ADA, BEN), answered=())


def test_who_has_acknowledged_is_not_asked_again_and_the_others_are_in_their_order() -> None:
    assert asked((CAT, ADA, BEN), answered=(ADA,)) == Asked(still=(CAT, BEN), answered=(ADA,))


def test_who_answered_and_is_not_meant_is_in_neither() -> None:
    assert asked((ADA,), answered=(BEN,)) == Asked(still=(ADA,), answered=())


def test_who_is_meant_twice_is_asked_once() -> None:
    assert asked((ADA, BEN, ADA), answered=()).still == (ADA, BEN)
