"""JMESPath, bounded. The library knows no limits, and a short expression can double what it has at every step.

So an expression has a length, a depth and a number of nodes, and an evaluation has a number of steps: each node that is
visited is one, and so is each value in whatever list, object or text is built on the way. Steps are counted and not
seconds, so that the same body has the same outcome on every machine.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from jmespath.visitor import Options, TreeInterpreter

from adapters.inbound.intake import clean
from domain.shared.limits import MAPPING_EXPRESSION_CHARACTERS

NODES: Final = 300  # an expression of the longest length that people write has about a hundred
DEPTH: Final = 32  # each level of it is one of the interpreter's calls, of some frames each
# Of all expressions over one body together: about 0.2 s of work at most, some thousand times what a webhook needs.
STEPS: Final = 100_000
CHARACTERS_PER_STEP: Final = 64  # of a text that is built

type Node = dict[str, Any]

# What these yield is new, where the others hand on what is there already.
_BUILDING: Final = frozenset(
    {
        "multi_select_list",
        "multi_select_dict",
        "flatten",
        "projection",
        "value_projection",
        "filter_projection",
        "function_expression",
        "slice",
    }
)


class ExpressionError(Exception):
    """The expression cannot be read, or yields nothing that can be used. The message says why, for people."""


class Budget:
    """How many steps are left for one body."""

    def __init__(self, steps: int = STEPS) -> None:
        self._steps = steps
        self.left = steps

    def spend(self, steps: int) -> None:
        """Raises `ExpressionError`."""
        self.left -= steps
        if self.left < 0:
            raise ExpressionError(f"takes too many steps over this body (maximum is {self._steps} for all of it)")


def check(expression: str) -> None:
    """Raises `ExpressionError` for what could not be evaluated."""
    _parsed(expression)


def evaluate(expression: str, document: object, budget: Budget) -> object:
    """What the expression yields, as storable JSON. What is not there is None.

    Raises:
        ExpressionError: a type that a function does not take, or too many steps.
    """
    parsed = _parsed(expression)
    try:
        return clean.json_value(_Interpreter(budget).visit(parsed, document))
    except ExpressionError:
        raise
    except JMESPathError as error:
        raise ExpressionError(_sentence(error)) from None
    except Exception as error:  # noqa: BLE001  # the library promises no errors of its own: `ceil` of infinity is one
        raise ExpressionError(f"cannot be evaluated ({type(error).__name__})") from None


@lru_cache(4096)
def _parsed(expression: str) -> Node:
    if len(expression) > MAPPING_EXPRESSION_CHARACTERS:
        raise ExpressionError(f"must be at most {MAPPING_EXPRESSION_CHARACTERS} characters long")
    try:
        parsed: Node = jmespath.compile(expression).parsed
        nodes = list(_nodes(parsed))
    except JMESPathError as error:
        raise ExpressionError(_sentence(error)) from None
    except Exception:  # noqa: BLE001  # nesting without end, and whatever else a parser meets
        raise ExpressionError("is no JMESPath expression") from None
    if len(nodes) > NODES or max(depth for depth, _ in nodes) > DEPTH:
        raise ExpressionError(f"is too complex (maximum is {NODES} parts, nested {DEPTH} deep)")
    for _, node in nodes:
        if node["type"] == "function_expression" and node["value"] not in _FUNCTIONS.FUNCTION_TABLE:
            raise ExpressionError(f"calls {node['value']}(), which is no function of JMESPath")
    return parsed


def _nodes(root: Node) -> Iterator[tuple[int, Node]]:
    """Every node with its depth."""
    waiting = [(1, root)]
    while waiting:
        depth, node = waiting.pop()
        yield depth, node
        waiting += [(depth + 1, child) for child in node["children"] if isinstance(child, dict)]


def _sentence(error: JMESPathError) -> str:
    """Its first line: what follows points at a column with spaces."""
    return "cannot be evaluated: " + clean.cut(clean.text(str(error).partition("\n")[0]), 300)


class _BoundedFunctions(Functions):  # type: ignore[misc]  # the library has no types
    @signature({"types": ["string"]}, {"types": ["array-string"]})  # type: ignore[untyped-decorator]
    def _func_join(self, separator: str, texts: list[str]) -> str:
        """As the library's, but for a long separator between many texts: it would grow before it can be weighed."""
        if len(separator) * len(texts) > STEPS * CHARACTERS_PER_STEP:
            raise ExpressionError("joins too much text")
        return separator.join(texts)


_FUNCTIONS: Final = _BoundedFunctions()


class _Interpreter(TreeInterpreter):  # type: ignore[misc]
    def __init__(self, budget: Budget) -> None:
        super().__init__(Options(custom_functions=_FUNCTIONS))
        self._budget = budget

    def visit(self, node: Node, *args: Any, **kwargs: Any) -> Any:
        self._budget.spend(1)
        result = super().visit(node, *args, **kwargs)
        if node["type"] in _BUILDING:
            _weigh(result, self._budget)
        return result


def _weigh(value: object, budget: Budget) -> None:
    """Spend what the value counts for; what is in it twice counts twice, as it will when it is written."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            budget.spend(1 + len(value))
            waiting += value.values()
        elif isinstance(value, list):
            budget.spend(1 + len(value))
            waiting += value
        elif isinstance(value, str):
            budget.spend(len(value) // CHARACTERS_PER_STEP)
