"""The security page names tests that there are."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")


def named_tests() -> list[tuple[str, str]]:
    """Gives file and name of each test that the page names; `::name` stands for one in the file before it."""
    found, file = [], ""
    for path, name in re.findall(r"`(tests/[\w/]+\.py)?::(\w+)`", PAGE):
        file = path or file
        found.append((file, name))
    return found


@pytest.mark.parametrize(("file", "name"), named_tests())
def test_a_named_test_exists(file: str, name: str) -> None:
    assert re.search(rf"def {name}\(", (REPOSITORY / file).read_text(encoding="utf-8"))


def test_every_promise_has_its_test() -> None:
    promises = PAGE.partition("## Promises")[2].partition("## How the audit log works")[0]
    rows = [
        line for line in promises.splitlines() if line.startswith("|") and not line.startswith(("|---", "| promise"))
    ]
    assert len(rows) > 25
    assert all("`tests/" in row for row in rows)
