"""The dashboard's texts: every language has the same ones, with the same holes."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / "clients/dashboard/src"
PARTS = sorted(SOURCE.glob("*/texts.ts"))
_ENTRY = re.compile(r'^\s+"?([\w.]+)"?:\s+"((?:[^"\\]|\\.)*)",?$', re.MULTILINE)
_HOLE = re.compile(r"\{(\w+)\}")


def catalogue(text: str) -> dict[str, set[str]]:
    """Gives the holes of each text by its name."""
    # A text that is too long for the line of its name stands on the next one.
    joined = re.sub(r":\n\s+\"", ': "', text)
    return {name: set(_HOLE.findall(content)) for name, content in _ENTRY.findall(joined)}


def languages() -> list[tuple[str, dict[str, set[str]], dict[str, set[str]]]]:
    """Gives each part of the application with its English and its German texts."""
    common = (SOURCE / "text/en.ts").read_text("utf-8"), (SOURCE / "text/de.ts").read_text("utf-8")
    found = [("common", catalogue(common[0]), catalogue(common[1]))]
    for part in PARTS:
        if part.parent.name != "text":
            for texts in part.read_text("utf-8").split("export const ")[1:]:
                english, _, german = texts.partition("\n  },\n  {\n")
                found.append((part.parent.name, catalogue(english), catalogue(german)))
    return found


@pytest.mark.parametrize(("english", "german"), [pytest.param(en, de, id=part) for part, en, de in languages()])
def test_every_language_has_the_same_texts_with_the_same_holes(
    english: dict[str, set[str]], german: dict[str, set[str]]
) -> None:
    assert len(english) >= 5
    assert english == german


def test_every_part_is_looked_at() -> None:
    assert {part for part, _, _ in languages()} >= {
        "common",
        "lead",
        "notifications",
        "session",
        "settings",
        "workflows",
    }
