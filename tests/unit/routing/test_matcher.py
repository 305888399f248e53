"""Matchers as people write them. The examples are those of Alertmanager's documentation."""

import pytest

from domain.routing.matcher import Matcher, Operator, parse_matchers
from domain.shared.errors import InvalidValueError
from domain.shared.limits import LABEL_CHARACTERS, MATCHERS, PATTERN_CHARACTERS
from tests.support.routing import PATTERNS


def test_all_four_operators_are_read() -> None:
    read = parse_matchers('{foo = "bar", dings != bums, a=~"x.*", "b c"!~`y`}'.replace("`", '"'))
    assert [(each.name, each.operator, each.value) for each in read] == [
        ("foo", Operator.EQUAL, "bar"),
        ("dings", Operator.NOT_EQUAL, "bums"),
        ("a", Operator.MATCH, "x.*"),
        ("b c", Operator.NOT_MATCH, "y"),
    ]


def test_braces_and_the_comma_at_the_end_may_be_left_out_or_not() -> None:
    assert parse_matchers('foo="bar",') == parse_matchers('{foo="bar"}') == parse_matchers(" foo=bar ")
    assert parse_matchers("") == parse_matchers("{}") == ()


def test_quotes_hold_escapes_and_a_pattern_needs_no_second_backslash() -> None:
    (read,) = parse_matchers(r'foo=~"a\"b\\c\nd\.e"')
    assert read.value == 'a"b\\c\nd\\.e'


@pytest.mark.parametrize(
    ("written", "place", "said"),
    [
        ("foo", 4, "expected =, !=, =~ or !~"),
        ('foo="bar', 5, "never closed"),
        ('{foo="bar"', 11, 'expected "," or "}"'),
        ('foo="bar"} ', 10, 'expected "," or the end'),
        ('foo="bar" baz="x"', 11, 'expected "," or the end'),
        ('="bar"', 1, "expected the name of a label"),
        ('foo=bar, ""=x', 10, "expected the name of a label"),
    ],
)
def test_what_cannot_be_understood_is_named_by_its_place(written: str, place: int, said: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^matchers: ") as refused:
        parse_matchers(written)
    assert f"at character {place}: " in str(refused.value)
    assert said in str(refused.value)


def test_names_values_patterns_and_matchers_have_limits() -> None:
    too_long = "x" * (LABEL_CHARACTERS + 1)
    for written in (f"{too_long}=a", f"a={too_long}", f"a=~{'x' * (PATTERN_CHARACTERS + 1)}", "a=b," * (MATCHERS + 1)):
        with pytest.raises(InvalidValueError):
            parse_matchers(written)


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [("prod", "prod-1", False), ("prod.*", "prod-1", True), ("a|b", "ab", False), (".*", "x\ny", True), ("", "", True)],
)
def test_a_pattern_must_match_the_whole_value(pattern: str, value: str, matches: bool) -> None:
    matcher = Matcher(name="env", operator=Operator.MATCH, value=pattern)
    assert matcher.holds({"env": value}, PATTERNS.compile) is matches


def test_what_is_no_pattern_is_refused_with_the_reason_of_the_engine() -> None:
    with pytest.raises(InvalidValueError, match="is no pattern"):
        PATTERNS.compile(["(?<=a)b"])
    with pytest.raises(InvalidValueError, match="is no pattern"):
        PATTERNS.compile(["((a{100}){100}){100}"])
    with pytest.raises(InvalidValueError, match="surrogates"):
        PATTERNS.compile(["\ud800"])


def test_more_patterns_than_share_an_automaton_keep_their_places() -> None:
    find = PATTERNS.compile([f"host{number}(-.*)?" for number in range(200)])
    assert list(find("host150-a")) == [150]
    assert list(find("host0")) == [0]
    assert list(find("\ud800")) == []
