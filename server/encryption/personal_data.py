"""What of a lead tells who it is."""

from typing import Final, NamedTuple


class PersonalData(NamedTuple):
    """The fields of a lead that are kept encrypted. Texts are empty where nothing is known.

    Attributes:
        email: E-mail address.
        display_name: The person's name.
        phone: Phone number.
    """

    email: str
    display_name: str
    phone: str


NO_PERSONAL_DATA: Final = PersonalData("", "", "")


class SealedPersonalData(NamedTuple):
    """The personal data of a lead as it is kept; all is None where nothing is known.

    Attributes:
        content: The data, encrypted by a key of its own.
        data_key: That key, wrapped by the tenant's.
        key_version: Which version of the tenant's key that is.
    """

    content: bytes | None
    data_key: bytes | None
    key_version: int | None


NOTHING_SEALED: Final = SealedPersonalData(None, None, None)
