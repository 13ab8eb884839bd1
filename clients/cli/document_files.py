"""Reads what a command is given in a file: TOML, which is good to write, or JSON, as the commands' --json gives it."""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

import orjson
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

from clients.cli.errors import CommandError
from leadline_sdk import FieldValue, to_fields

_Told = TypeVar("_Told", bound=Message)


def read_document(file: Path, expected: str) -> dict[str, Any]:
    """Give what a file holds.

    Args:
        file: TOML, or JSON if its name ends with .json.
        expected: what it must hold, for people.

    Raises:
        CommandError: the file can't be read, or holds something else.
    """
    kind = "JSON" if file.suffix == ".json" else "TOML"
    try:
        content = file.read_bytes()
        document = orjson.loads(content) if kind == "JSON" else tomllib.loads(content.decode())
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}") from error
    except (orjson.JSONDecodeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} is not {kind}: {error}") from error
    if not isinstance(document, dict):
        raise CommandError(f"{file} must hold {expected}")
    return document


def read_message(file: Path, message: _Told, expected: str, output_only: Collection[str] = ()) -> _Told:
    """Fill a message with what a file holds, by the names of the contract, and give it.

    Args:
        file: TOML, or JSON if its name ends with .json.
        message: the empty message.
        expected: what the file must hold, for people.
        output_only: fields that only Leadline tells; they are passed over.

    Raises:
        CommandError: the file can't be read, or does not hold such a message.
    """
    document = read_document(file, expected)
    told = {name: value for name, value in document.items() if name not in output_only}
    try:
        return ParseDict(told, message)
    except (ParseError, TypeError, ValueError) as error:
        raise CommandError(f"{file}: {error}") from error


def fields_of(document: Mapping[str, Any]) -> dict[str, FieldValue]:
    """Give the fields that a JSON object tells.

    A value is a number, text, true or false, or has its kind told as the contract does: `{"date": "..."}`.

    Raises:
        ValueError: a value can't be held by a field.
        TypeError: a value's type has no counterpart.
        ParseError: a kind is not known.
    """
    return to_fields(
        {name: ParseDict(value, FieldValue()) if isinstance(value, dict) else value for name, value in document.items()}
    )
