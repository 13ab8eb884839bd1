"""How e-mail addresses and phone numbers are compared."""

import pytest

from server.leads.contact import comparable_email, comparable_phone


@pytest.mark.parametrize("email", ["ada@example.com", "Ada@Example.COM", " ADA@example.com "])
def test_addresses_are_compared_without_case(email: str) -> None:
    assert comparable_email(email) == "ada@example.com"


@pytest.mark.parametrize("phone", ["+49 (30) 1234-567", "0049 30 1234567", "+49301234567", " +49.30/1234567"])
def test_international_numbers_are_compared_by_their_digits(phone: str) -> None:
    assert comparable_phone(phone) == "+49301234567"


@pytest.mark.parametrize(("phone", "comparable"), [("", ""), ("030 12-34", "0301234"), ("none", ""), ("+", "")])
def test_other_numbers_are_their_digits(phone: str, comparable: str) -> None:
    assert comparable_phone(phone) == comparable
