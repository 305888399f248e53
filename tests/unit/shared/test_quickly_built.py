"""A quickly built class is the frozen dataclass that it was, in all but how its objects are made."""

import copy
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, replace
from inspect import signature
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.quickly_built import quickly_built


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    name: str
    count: int = 3
    words: list[str] = field(default_factory=list)
    note: str | None = field(default=None, compare=False)


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    name: str
    count: int = 3
    words: list[str] = field(default_factory=list)
    note: str | None = field(default=None, compare=False)


ANY = st.fixed_dictionaries(
    {"name": st.text()},
    optional={"count": st.integers(), "words": st.lists(st.text()), "note": st.none() | st.text()},
)


@given(given_values=ANY, others=ANY)
def test_it_is_what_it_was(given_values: dict[str, Any], others: dict[str, Any]) -> None:
    plain, quick = Plain(**given_values), Quick(**given_values)
    assert type(quick) is Quick
    assert repr(quick) == repr(plain).replace("Plain", "Quick")
    assert (quick == Quick(**others)) == (plain == Plain(**others))
    assert repr(replace(quick, **others)) == repr(replace(plain, **others)).replace("Plain", "Quick")
    assert copy.deepcopy(quick) == quick


def test_each_has_a_default_of_its_own() -> None:
    assert Quick(name="a").words is not Quick(name="b").words


def test_it_cannot_be_changed() -> None:
    quick: Any = Quick(name="a")
    with pytest.raises(FrozenInstanceError, match="name"):
        quick.name = "b"
    with pytest.raises(FrozenInstanceError, match="name"):
        del quick.name
    with pytest.raises((AttributeError, TypeError)):
        quick.other = "b"


@pytest.mark.parametrize("wrong", [{}, {"name": "a", "other": 1}])
def test_wrong_arguments_are_refused_in_the_same_words(wrong: dict[str, Any]) -> None:
    said = []
    for kind in (Plain, Quick):
        with pytest.raises(TypeError) as refused:
            kind(**wrong)
        said.append(str(refused.value).replace("Plain", "Quick"))
    assert said[0] == said[1]
    with pytest.raises(TypeError, match="positional"):
        Quick("a")  # type: ignore[call-arg]


def test_its_parameters_can_be_asked_for() -> None:
    assert list(signature(Quick).parameters) == list(signature(Plain).parameters)
    assert Quick.__init__.__annotations__ == Plain.__init__.__annotations__


def a_post_init() -> type:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Checked:
        name: str

        def __post_init__(self) -> None:
            assert self.name

    return Checked


def with_a_base() -> type:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Longer(Plain):
        more: int

    return Longer


def without_slots() -> type:
    @dataclass(frozen=True, kw_only=True)
    class Loose:
        name: str

    return Loose


def by_place() -> type:
    @dataclass(frozen=True, slots=True)
    class Placed:
        name: str

    return Placed


@pytest.mark.parametrize("made", [a_post_init, with_a_base, without_slots, by_place])
def test_what_it_would_build_wrongly_is_refused(made: Callable[[], type]) -> None:
    with pytest.raises(TypeError, match="no plain frozen dataclass"):
        quickly_built(made())
