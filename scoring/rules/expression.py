"""Conditions in the Common Expression Language (CEL), read and evaluated by Google's implementation.

CEL has no loops and no side effects, and its parser bounds how deep an expression may nest. Two parts of it could still
be made slow, and are left out: macros over lists, by which a short text can ask for a value of any size, and regular
expressions, of which a few dozen characters cost tens of milliseconds a lead. What remains costs at most in proportion
to the length of the expression and of the lead's texts, of which only the beginning is shown.
"""

import re
from collections.abc import Mapping
from typing import Any

from cel_expr_python import cel

# Of a text field, so many characters are seen by a condition.
LONGEST_TEXT = 1_000

_LANGUAGE = """
stdlib:
  exclude_macros: [all, exists, exists_one, map, filter]
  exclude_functions:
  - name: matches
"""

_VARIABLES = {
    "fields": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "dates": cel.Type.Map(cel.Type.STRING, cel.Type.TIMESTAMP),
    "event_counts": cel.Type.Map(cel.Type.STRING, cel.Type.INT),
    "event_days": cel.Type.Map(cel.Type.STRING, cel.Type.INT),
    "event_times": cel.Type.Map(cel.Type.STRING, cel.Type.TIMESTAMP),
    "status": cel.Type.STRING,
    "received_time": cel.Type.TIMESTAMP,
    "probability": cel.Type.DOUBLE,
    "grade": cel.Type.STRING,
}

_ENVIRONMENT = cel.NewEnv(config=cel.NewEnvConfigFromYaml(_LANGUAGE), variables=_VARIABLES)

_PROBLEM = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
# Where the lead has not what is asked for.
_ABSENT = "NOT_FOUND:"
_CODE = re.compile(r"^[A-Z_]+: ")


class ExpressionInvalid(Exception):
    """A text is no condition.

    Args:
        problem: What is wrong with it, with line and column, both 1-based, where they are known.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class ConditionFailed(Exception):
    """A condition could not be evaluated on a lead, for example since it compares a text with a number."""


class Condition:
    """An expression that gives a bool, ready to be evaluated.

    Args:
        expression: Its text.

    Raises:
        ExpressionInvalid: It can't be read, names what there is not, or gives no bool.
    """

    def __init__(self, expression: str) -> None:
        try:
            self._program = _ENVIRONMENT.compile(expression)
        except RuntimeError as error:
            raise ExpressionInvalid(_told(str(error))) from error
        kind = self._program.return_type()
        if kind not in (cel.Type.BOOL, cel.Type.DYN):
            raise ExpressionInvalid(f"1:1: gives {kind.name().lower()}, where a bool is needed")

    def holds(self, seen: "SeenLead") -> bool:
        """Tell whether the condition holds on a lead; where the lead has not what is asked for, it does not.

        Raises:
            ConditionFailed: It can't be evaluated on this lead.
        """
        result = self._program.eval(seen.activation)
        kind = result.type()
        if kind == cel.Type.BOOL:
            return bool(result.value())
        if kind == cel.Type.ERROR:
            problem = str(result.value())
            if problem.startswith(_ABSENT):
                return False
            raise ConditionFailed(_CODE.sub("", problem))
        raise ConditionFailed(f"gives {kind.name().lower()}, where a bool is needed")


class SeenLead:
    """What conditions see of a lead, converted once for all of them.

    Args:
        values: A value for each variable of the language.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.activation = _ENVIRONMENT.Activation(values)


def _told(message: str) -> str:
    """Give the first problem that the compiler tells of as `line:column: what`."""
    found = _PROBLEM.search(message)
    if found is None:
        return "1:1: nests too deep" if "recursion" in message else f"1:1: {message.splitlines()[0]}"
    line, column, what = found.groups()
    what = what.removesuffix(" [INVALID_ARGUMENT]").replace(" (in container '')", "")
    return f"{max(int(line), 1)}:{max(int(column), 1)}: {what}"
