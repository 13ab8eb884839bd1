"""How a model is told on the command line."""

from clients.cli.errors import CommandError
from leadline_sdk import Client


def model_name(client: Client, model: str) -> str:
    """Give the resource name of a model that was told by its version or by its name.

    Raises:
        CommandError: no model has this version.
    """
    if not model.isdecimal():
        return model
    for found in client.list_models():
        if found.version == int(model):
            return found.name
    raise CommandError(f"there is no model {model}; `leadline models` lists them")
