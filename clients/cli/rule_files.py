"""Reads scoring rules from a file: TOML, which is good to write, or JSON, as `leadline rules show --json` gives it."""

from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError

from clients.cli.document_files import read_document
from clients.cli.errors import CommandError
from leadline_sdk import RuleSet

SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
"""What a time such as `7d` or `12h` may end with."""

# What only Leadline tells of a version.
_OUTPUT_ONLY = frozenset({"name", "version", "active", "etag", "create_time", "activate_time"})


def read_rules(file: Path) -> RuleSet:
    """Give the rules in a file.

    Raises:
        CommandError: the file can't be read, or does not hold rules.
    """
    document = read_document(file, "a rule set: `display_name`, `rules` and `groups`")
    told = {name: value for name, value in document.items() if name not in _OUTPUT_ONLY}
    try:
        for rule in told.get("rules", []):
            _spell_out_times(rule)
        rule_set: RuleSet = ParseDict(told, RuleSet())
    except (ParseError, TypeError, AttributeError, ValueError) as error:
        raise CommandError(f"{file}: {error}") from error
    return rule_set


def _spell_out_times(rule: dict[str, Any]) -> None:
    """Write times such as `7d` as the contract does: in seconds."""
    decay = rule.get("decay") or {}
    for course in ("linear_period", "half_life"):
        time = decay.get(course)
        if isinstance(time, str) and time[-1:] in SECONDS:
            decay[course] = f"{float(time[:-1]) * SECONDS[time[-1]]:.0f}s"
