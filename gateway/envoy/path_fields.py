"""What a REST request must not say twice: a field that its path fills can't be a query parameter as well.

The transcoder would let the parameter win, so whoever reads the path (a log, a proxy, a person) would see another
resource than the rpc changes.
"""

import re
from collections.abc import Sequence

from google.protobuf.descriptor import Descriptor, MethodDescriptor

from gateway.contract import rest_path

_VARIABLE = re.compile(r"\{(?P<field>[\w.]+)=(?P<pattern>[^}]*)\}")
_ANY_PATH = "[^?]*"


def second_say(methods: Sequence[MethodDescriptor]) -> str:
    """Gives what paths look like whose query names a field that the path fills.

    Names with escapes are among them, since no field needs any, and the transcoder would read what they mean.

    Args:
        methods: All rpcs of the contract.

    Returns:
        A regular expression for a whole path with its query.
    """
    names = {_ANY_PATH: {"[^=&]*%[^=&]*"}}
    for method in methods:
        for variable in _VARIABLE.finditer(rest_path(method)):
            field = variable["field"]
            # Elsewhere it may be an ordinary parameter, as `lead` is where runs of workflows are listed.
            is_parameter = any(_takes(other, field) for other in methods)
            path = _path(rest_path(method)) if is_parameter else _ANY_PATH
            names.setdefault(path, set()).update(_spellings(method.input_type, field))
    return "|".join(rf"{path}\?(.*&)?({'|'.join(sorted(named))})([=&].*)?" for path, named in names.items())


def _takes(method: MethodDescriptor, field: str) -> bool:
    bound = {variable["field"] for variable in _VARIABLE.finditer(rest_path(method))}
    return bool(rest_path(method)) and field not in bound and field in method.input_type.fields_by_name


def _path(template: str) -> str:
    patterns = _VARIABLE.sub(lambda variable: variable["pattern"], template)
    return re.escape(patterns).replace(r"\*", "[^/?]+")


def _spellings(message: Descriptor, field: str) -> set[str]:
    """Gives a field's name as the contract and as JSON spell it."""
    json_names = []
    for name in field.split("."):
        found = message.fields_by_name[name]
        json_names.append(found.json_name)
        message = found.message_type or message
    return {re.escape(field), re.escape(".".join(json_names))}
