"""Tells what is wrong with rules before they are kept."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from scoring.rules.expression import Condition, ExpressionInvalid
from scoring.rules.rule_set import RuleSet


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a rule set.

    Attributes:
        path: Where, such as `rules[0].expression`.
        description: What, in words; for an expression it begins with line and column, both 1-based.
    """

    path: str
    description: str


def problems(rule_set: RuleSet) -> list[Problem]:
    """Give all that is wrong with a rule set beyond what the contract checks: none if it can be used."""
    return [*_repeated_names(rule_set), *_unknown_groups(rule_set), *_bad_expressions(rule_set)]


def _repeated_names(rule_set: RuleSet) -> Iterator[Problem]:
    for collection, names in (
        ("rules", [rule.rule_id for rule in rule_set.rules]),
        ("groups", [group.group_id for group in rule_set.groups]),
    ):
        seen: Counter[str] = Counter()
        for index, name in enumerate(names):
            if seen[name]:
                yield Problem(f"{collection}[{index}].id", f"{name!r} is the id of another one before")
            seen[name] += 1


def _unknown_groups(rule_set: RuleSet) -> Iterator[Problem]:
    known = {group.group_id for group in rule_set.groups} | {""}
    for index, rule in enumerate(rule_set.rules):
        if rule.group not in known:
            yield Problem(f"rules[{index}].group", f"there is no group {rule.group!r}")


def _bad_expressions(rule_set: RuleSet) -> Iterator[Problem]:
    for index, rule in enumerate(rule_set.rules):
        try:
            Condition(rule.expression)
        except ExpressionInvalid as error:
            yield Problem(f"rules[{index}].expression", error.problem)
