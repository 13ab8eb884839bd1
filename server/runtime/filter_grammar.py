"""Reads filters as far as all of them are alike: the part of https://google.aip.dev/160 that the contract names.

A filter is comparisons joined by AND, such as `status = OPEN AND score >= 70`. Which fields there are, how they compare
and what their values mean, each place that takes a filter says itself.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from server.runtime.errors import InvalidFilter


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a filter.

    Attributes:
        text: The word, without its quotes.
        position: The 0-based character where it starts.
    """

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a filter, in its three words."""

    field: Word
    comparator: Word
    value: Word


_GRAMMAR: Final = r"""
start: condition ("AND" condition)*
condition: FIELD COMPARATOR (WORD | QUOTED)

FIELD: /[a-zA-Z_][a-zA-Z0-9_.]*/
COMPARATOR: "<=" | ">=" | "!=" | "=" | "<" | ">" | ":"
WORD: /[^\s"'()<>=!]+/
QUOTED: /"([^"\\]|\\.)*"/ | /'([^'\\]|\\.)*'/

%import common.WS
%ignore WS
"""


def read_comparisons(text: str) -> list[Comparison]:
    """Reads a filter.

    Args:
        text: The filter; empty means no comparison.

    Returns:
        The comparisons, all of which must hold, in the order of the text.

    Raises:
        InvalidFilter: The text can't be read.
    """
    if not text.strip():
        return []
    try:
        return _COMPARISONS.transform(_PARSER.parse(text))
    except UnexpectedInput as error:
        raise InvalidFilter(_expectation(error), _position(error, text)) from error


def read_time(word: Word, field: str) -> datetime:
    """Reads a time of RFC 3339.

    Args:
        word: The value of a comparison.
        field: What is compared.

    Returns:
        The time, UTC.

    Raises:
        InvalidFilter: It is none, or has no offset.
    """
    reason = f"{field} is a time with its offset, such as 2026-01-31T08:00:00Z"
    try:
        time = datetime.fromisoformat(word.text)
        if time.tzinfo is None:
            raise InvalidFilter(reason, word.position)
        return time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidFilter(reason, word.position) from error


@v_args(inline=True)
class _Comparisons(Transformer[Token, list[Comparison]]):
    """Flattens the parse tree."""

    def start(self, *comparisons: Comparison) -> list[Comparison]:
        return list(comparisons)

    def condition(self, field: Token, comparator: Token, value: Token) -> Comparison:
        return Comparison(_word(field), _word(comparator), _word(value))


# The contextual lexer tells a field from a bare word by what may stand there.
_PARSER: Final = Lark(_GRAMMAR, parser="lalr", lexer="contextual")
_COMPARISONS: Final = _Comparisons()


def _expectation(error: UnexpectedInput) -> str:
    """Says in words what should have stood where the text can't be read."""
    if isinstance(error, UnexpectedToken):
        expected = error.accepts or error.expected
    elif isinstance(error, UnexpectedCharacters):
        expected = error.allowed or set()
    else:
        expected = set()
    if "AND" in expected:
        return "conditions are joined by AND"
    if "COMPARATOR" in expected:
        return "expected a comparison after the field: =, <, <=, > or >="
    if "WORD" in expected:
        return "expected a value after the comparison"
    return "expected a condition such as score >= 70"


def _position(error: UnexpectedInput, text: str) -> int:
    """Gives the 0-based character where the text can't be read, which is its end if something is missing there."""
    at_end = isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END")
    position = error.pos_in_stream
    return len(text) if at_end or position is None else position


def _word(token: Token) -> Word:
    """Takes the quotes off a word, and the backslash off each character that it escapes."""
    text = str(token)
    if token.type == "QUOTED":
        characters = iter(text[1:-1])
        text = "".join(next(characters) if character == "\\" else character for character in characters)
    return Word(text, token.start_pos or 0)
