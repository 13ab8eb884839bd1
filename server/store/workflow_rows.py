"""Workflows and their runs as rows."""

import dataclasses
from typing import Final

import orjson
from asyncpg import Record

from server.workflows.runs import ActionResult, RunState, WorkflowRun
from server.workflows.workflow import (
    ACTIONS_JSON,
    TRIGGER_JSON,
    WebhookSecrets,
    Workflow,
    WorkflowDefinition,
)

SELECT_WORKFLOWS: Final = """
SELECT id, display_name, trigger::text AS trigger, actions::text AS actions, cool_down, enabled, secret_generation,
    previous_secret_expire_time, create_time, update_time, revision
FROM workflows
"""
"""Gives rows for `workflow_from_row`; conditions and order are to follow."""

SELECT_RUNS: Final = """
SELECT id, workflow_id, lead_id, crossing_key, state, reason, action_results::text AS action_results,
    create_time
FROM workflow_runs
"""
"""Gives rows for `run_from_row`; conditions and order are to follow."""


def workflow_from_row(row: Record) -> Workflow:
    """Gives the workflow in a row of `SELECT_WORKFLOWS`."""
    return Workflow(
        workflow_id=row["id"],
        definition=WorkflowDefinition(
            display_name=row["display_name"],
            trigger=TRIGGER_JSON.validate_json(row["trigger"]),
            actions=ACTIONS_JSON.validate_json(row["actions"]),
            cool_down=row["cool_down"],
        ),
        enabled=row["enabled"],
        secrets=WebhookSecrets(row["secret_generation"], row["previous_secret_expire_time"]),
        create_time=row["create_time"],
        update_time=row["update_time"],
        revision=row["revision"],
    )


def workflow_values(workflow: Workflow) -> tuple[object, ...]:
    """Gives a workflow's values in the order of the columns of `SELECT_WORKFLOWS`."""
    definition = workflow.definition
    return (
        workflow.workflow_id,
        definition.display_name,
        TRIGGER_JSON.dump_json(definition.trigger).decode(),
        ACTIONS_JSON.dump_json(tuple(definition.actions)).decode(),
        definition.cool_down,
        workflow.enabled,
        workflow.secrets.generation,
        workflow.secrets.previous_expire_time,
        workflow.create_time,
        workflow.update_time,
        workflow.revision,
    )


def run_from_row(row: Record) -> WorkflowRun:
    """Gives the run in a row of `SELECT_RUNS`."""
    return WorkflowRun(
        run_id=row["id"],
        workflow_id=row["workflow_id"],
        lead_id=row["lead_id"],
        crossing_key=row["crossing_key"],
        state=RunState(row["state"]),
        reason=row["reason"],
        results=[ActionResult(**result) for result in orjson.loads(row["action_results"])],
        create_time=row["create_time"],
    )


def run_values(run: WorkflowRun) -> tuple[object, ...]:
    """Gives a run's values in the order of the columns of `SELECT_RUNS`."""
    results = orjson.dumps([dataclasses.asdict(result) for result in run.results]).decode()
    return (
        run.run_id,
        run.workflow_id,
        run.lead_id,
        run.crossing_key,
        int(run.state),
        run.reason,
        results,
        run.create_time,
    )
