"""Finds the workflow that a person means: by its name or by what they call it."""

from clients.cli.errors import CommandError
from leadline_sdk import Client, Workflow


def find_workflow(client: Client, told: str) -> Workflow:
    """Give the workflow that is meant.

    Args:
        client: to look with.
        told: a resource name `workflows/...`, or what people call it.

    Raises:
        CommandError: there is no such workflow, or several are called so.
        NotFound: there is no workflow of this name.
    """
    if told.startswith("workflows/"):
        return client.get_workflow(told)
    found = [workflow for workflow in client.list_workflows() if workflow.display_name == told]
    if not found:
        raise CommandError(f"there is no workflow {told!r}", advice="`leadline workflows` shows the workflows")
    if len(found) > 1:
        names = ", ".join(workflow.name for workflow in found)
        raise CommandError(f"several workflows are called {told!r}: {names}", advice="tell which by its name")
    return found[0]
