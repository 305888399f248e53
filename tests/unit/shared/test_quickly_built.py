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


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    name: str
    count: int = 3


@quickly_built
@dataclass(frozen=True, slots=True, kw_only=True)
class QuickWithABase(Base):
    words: list[str] = field(default_factory=list)
    note: str | None = field(default=None, compare=False)


ANY = st.fixed_dictionaries(
    {"name": st.text()},
    optional={"count": st.integers(), "words": st.lists(st.text()), "note": st.none() | st.text()},
)


QUICK = pytest.mark.parametrize("kind", [Quick, QuickWithABase])


@QUICK
@given(given_values=ANY, others=ANY)
def test_it_is_what_it_was(kind: Any, given_values: dict[str, Any], others: dict[str, Any]) -> None:
    plain, quick = Plain(**given_values), kind(**given_values)
    assert type(quick) is kind
    assert repr(quick) == repr(plain).replace("Plain", kind.__name__)
    assert (quick == kind(**others)) == (plain == Plain(**others))
    assert repr(replace(quick, **others)) == repr(replace(plain, **others)).replace("Plain", kind.__name__)
    assert copy.deepcopy(quick) == quick


@QUICK
def test_each_has_a_default_of_its_own(kind: type) -> None:
    assert kind(name="a").words is not kind(name="b").words


@QUICK
def test_it_cannot_be_changed(kind: type) -> None:
    quick = kind(name="a")
    with pytest.raises(FrozenInstanceError, match="name"):
        quick.name = "b"
    with pytest.raises(FrozenInstanceError, match="name"):
        del quick.name
    with pytest.raises((AttributeError, TypeError)):
        quick.other = "b"


@QUICK
@pytest.mark.parametrize("wrong", [{}, {"name": "a", "other": 1}])
def test_wrong_arguments_are_refused_in_the_same_words(kind: Any, wrong: dict[str, Any]) -> None:
    said = []
    for made in (Plain, kind):
        with pytest.raises(TypeError) as refused:
            made(**wrong)
        said.append(str(refused.value).replace("Plain", kind.__name__))
    assert said[0] == said[1]
    with pytest.raises(TypeError, match="positional"):
        kind("a")


def test_what_it_checks_itself_it_still_checks() -> None:
    @quickly_built
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Positive:
        count: int

        def __post_init__(self) -> None:
            if self.count <= 0:
                raise ValueError("not positive")

    assert Positive(count=1).count == 1
    with pytest.raises(ValueError, match="not positive"):
        replace(Positive(count=1), count=0)


@QUICK
def test_its_parameters_can_be_asked_for(kind: Any) -> None:
    assert list(signature(kind).parameters) == list(signature(Plain).parameters)
    assert kind.__init__.__annotations__ == Plain.__init__.__annotations__


def with_a_loose_base() -> type:
    class Loose:
        pass

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Longer(Loose):
        more: int

    return Longer


def with_two_bases() -> type:
    class Other:
        __slots__ = ()

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Both(Plain, Other):
        more: int

    return Both


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


@pytest.mark.parametrize("made", [with_a_loose_base, with_two_bases, without_slots, by_place])
def test_what_it_would_build_wrongly_is_refused(made: Callable[[], type]) -> None:
    with pytest.raises(TypeError, match="no plain frozen dataclass"):
        quickly_built(made())
