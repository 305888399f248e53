"""Laws of matchers and of what finds them."""

from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st

from domain.routing.grouping import grouped_by
from domain.routing.index import MatcherIndex, scan
from domain.routing.matcher import Matcher, matchers_text, parse_matchers
from domain.shared.errors import InvalidValueError
from tests.support.routing import PATTERNS, conditions, labels, matchers


@given(st.lists(conditions, max_size=12), st.lists(labels, max_size=4))
def test_the_index_and_asking_each_in_turn_always_agree(
    asked: list[tuple[Matcher, ...]], events: list[dict[str, str]]
) -> None:
    index = MatcherIndex(asked, PATTERNS.compile)
    for event in events:
        assert list(index.matching(event)) == scan(asked, event, PATTERNS.compile)


@given(labels, conditions)
def test_a_missing_label_is_an_empty_one(event: dict[str, str], asked: tuple[Matcher, ...]) -> None:
    with_empty = event | {matcher.name: event.get(matcher.name, "") for matcher in asked}
    index = MatcherIndex([asked], PATTERNS.compile)
    assert list(index.matching(event)) == list(index.matching(with_empty))


@given(labels, matchers)
def test_an_operator_and_its_opposite_never_both_hold(event: dict[str, str], matcher: Matcher) -> None:
    opposite = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}[matcher.operator]
    (other,) = parse_matchers(str(matcher).replace(f'{matcher.operator}"', f'{opposite}"', 1))
    assert other.value == matcher.value
    assert matcher.holds(event, PATTERNS.compile) is not other.holds(event, PATTERNS.compile)


@given(conditions)
def test_matchers_that_are_written_are_read_as_they_were(asked: tuple[Matcher, ...]) -> None:
    assert parse_matchers(matchers_text(asked)) == asked
    assert parse_matchers("{" + matchers_text(asked) + "}") == asked


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused_with_a_reason(text: str) -> None:
    try:
        found = parse_matchers(text)
    except InvalidValueError as error:
        found = ()
        field = error.field
    else:
        field = "matchers"
    assert field == "matchers"
    assert parse_matchers(matchers_text(found)) == found


@given(labels, st.lists(st.sampled_from(["app", "env", "host"])), st.randoms())
def test_any_order_of_names_and_labels_gives_the_same_group(event: dict[str, str], names: list[str], random) -> None:  # type: ignore[no-untyped-def]
    items, shuffled = list(event.items()), list(names)
    random.shuffle(items)
    random.shuffle(shuffled)
    assert grouped_by(shuffled, dict(items)) == grouped_by(names, event)


@given(labels, labels)
def test_events_share_a_group_exactly_when_the_labels_agree(one: dict[str, str], other: dict[str, str]) -> None:
    names = ("app", "env")
    agree = all(one.get(name, "") == other.get(name, "") for name in names)
    assert (grouped_by(names, one) == grouped_by(names, other)) is agree


def test_matching_takes_a_time_linear_in_the_text() -> None:
    """Patterns that take a backtracking engine a time exponential in the text."""
    find = PATTERNS.compile(["(a*)*b", "(a|aa)+$b", "(.*a){20}b", "(a?){50}a{50}c"])

    def seconds(length: int) -> float:
        begin = perf_counter()
        for _ in range(5):
            assert find("a" * length) == []
        return perf_counter() - begin

    seconds(100)
    short, long = min(seconds(2_000) for _ in range(5)), min(seconds(200_000) for _ in range(3))
    assert long < max(short, 1e-4) * 100 * 10  # a hundred times the text; ten times of noise
