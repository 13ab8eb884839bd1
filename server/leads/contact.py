"""How e-mail addresses and phone numbers are compared. Pure."""

from typing import Final

_INTERNATIONAL: Final = "00"


def comparable_email(email: str) -> str:
    """Gives an e-mail address in the form in which addresses are compared: without case.

    Args:
        email: As somebody writes it.
    """
    return email.strip().casefold()


def comparable_phone(phone: str) -> str:
    """Gives a phone number in the form in which numbers are compared: its digits, an international one from a plus on.

    Args:
        phone: As somebody writes it, such as `+49 (30) 1234-567` or `0049 30 1234567`, which are the same.
    """
    if not phone:
        return ""
    text = phone.strip()
    digits = "".join(filter(str.isdecimal, text))
    if digits and text.startswith("+"):
        return f"+{digits}"
    return f"+{digits.removeprefix(_INTERNATIONAL)}" if digits.startswith(_INTERNATIONAL) else digits
