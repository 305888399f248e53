"""Many conditions on labels, asked at once: which of them hold?

A condition whose matchers name an exact value is found by that value, one with a pattern by the pattern, and all
patterns of one label are looked for in one pass over its value. So an event costs what matches it, not what there is.
Conditions that only say what must not be are asked each time.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from domain.routing.matcher import CompilePatterns, FindMatching, Matcher, Operator

type Condition = Sequence[Matcher]


class _Test(NamedTuple):
    """A matcher, its pattern by its place among those of the label."""

    name: str
    is_negative: bool
    value: str | None  # None: it is a pattern
    pattern: int = -1


class _Patterns(NamedTuple):
    """All patterns of one label."""

    find: FindMatching
    of_empty: Collection[int]  # those that match a label that is not there


class MatcherIndex:
    """`matching` gives the places of the conditions that hold, lowest first. It agrees with asking each in turn.

    Raises:
        InvalidValueError: a pattern is none.
    """

    def __init__(self, conditions: Sequence[Condition], compile_patterns: CompilePatterns) -> None:
        self._patterns, places = _compiled(conditions, compile_patterns)
        self._tests = [tuple(_test_of(matcher, places) for matcher in each) for each in conditions]
        self._by_value: dict[str, dict[str, list[int]]] = defaultdict(dict)
        self._by_pattern: dict[str, dict[int, list[int]]] = defaultdict(dict)
        self._always: list[int] = []
        self._file(conditions, places)
        # A label that is missing is an empty one: conditions filed under that are found without looking at each name.
        self._filed_as_empty = [name for name, values in self._by_value.items() if "" in values]
        self._filed_as_pattern_of_empty = [
            name
            for name, filed in self._by_pattern.items()
            if not filed.keys().isdisjoint(self._patterns[name].of_empty)
        ]

    def matching(self, labels: Mapping[str, str]) -> Iterator[int]:
        """One at a time, so that whoever needs only the first pays for no other."""
        found: dict[str, Collection[int]] = {}
        for place in self._candidates(labels, found):
            if all(self._holds(test, labels, found) for test in self._tests[place]):
                yield place

    def _candidates(self, labels: Mapping[str, str], found: dict[str, Collection[int]]) -> Sequence[int]:
        candidates = list(self._always)
        for name, value in labels.items():
            if (values := self._by_value.get(name)) is not None:
                candidates += values.get(value, ())
            if name in self._by_pattern:
                self._add_by_pattern(candidates, name, labels, found)
        for name in self._filed_as_empty:
            if name not in labels:
                candidates += self._by_value[name][""]
        for name in self._filed_as_pattern_of_empty:
            if name not in labels:
                self._add_by_pattern(candidates, name, labels, found)
        candidates.sort()
        return candidates

    def _add_by_pattern(
        self, candidates: list[int], name: str, labels: Mapping[str, str], found: dict[str, Collection[int]]
    ) -> None:
        filed = self._by_pattern[name]
        for pattern in self._found(name, labels, found):
            candidates += filed.get(pattern, ())

    def _found(self, name: str, labels: Mapping[str, str], found: dict[str, Collection[int]]) -> Collection[int]:
        """Which of the label's patterns match, looked for once an event."""
        matching = found.get(name)
        if matching is None:
            patterns, value = self._patterns[name], labels.get(name, "")
            matching = found[name] = frozenset(patterns.find(value)) if value else patterns.of_empty
        return matching

    def _holds(self, test: _Test, labels: Mapping[str, str], found: dict[str, Collection[int]]) -> bool:
        if test.value is None:
            return (test.pattern in self._found(test.name, labels, found)) is not test.is_negative
        return (labels.get(test.name, "") == test.value) is not test.is_negative

    def _file(self, conditions: Sequence[Condition], places: Mapping[str, Mapping[str, int]]) -> None:
        """Each condition in one place: under the exact value that the fewest share, or else under a pattern."""
        shared = Counter((each.name, each.value) for condition in conditions for each in condition if _is_exact(each))
        for place, condition in enumerate(conditions):
            exact = [each for each in condition if _is_exact(each)]
            positive = [each for each in condition if each.operator is Operator.MATCH]
            if exact:
                rarest = min(exact, key=lambda each: shared[each.name, each.value])
                self._by_value[rarest.name].setdefault(rarest.value, []).append(place)
            elif positive:
                chosen = positive[0]
                self._by_pattern[chosen.name].setdefault(places[chosen.name][chosen.value], []).append(place)
            else:
                self._always.append(place)


def scan(conditions: Sequence[Condition], labels: Mapping[str, str], compile_patterns: CompilePatterns) -> list[int]:
    """What an index finds, by asking each condition in turn: its definition."""
    return [
        place
        for place, condition in enumerate(conditions)
        if all(matcher.holds(labels, compile_patterns) for matcher in condition)
    ]


def _is_exact(matcher: Matcher) -> bool:
    return matcher.operator is Operator.EQUAL


def _compiled(
    conditions: Sequence[Condition], compile_patterns: CompilePatterns
) -> tuple[dict[str, _Patterns], dict[str, dict[str, int]]]:
    """The patterns of each label, and the place of each among them."""
    places: dict[str, dict[str, int]] = defaultdict(dict)
    for condition in conditions:
        for matcher in condition:
            if matcher.operator.is_pattern:
                of_label = places[matcher.name]
                of_label.setdefault(matcher.value, len(of_label))
    compiled = {}
    for name, patterns in places.items():
        find = compile_patterns(list(patterns))
        compiled[name] = _Patterns(find, frozenset(find("")))
    return compiled, places


def _test_of(matcher: Matcher, places: Mapping[str, Mapping[str, int]]) -> _Test:
    if matcher.operator.is_pattern:
        return _Test(matcher.name, matcher.operator.is_negative, None, places[matcher.name][matcher.value])
    return _Test(matcher.name, matcher.operator.is_negative, matcher.value)
