"""Where messages lie in Redis: the names of the streams, and how a cluster shards them.

What is in braces decides the slot of a cluster. Changes of leads lie in a fixed number of streams, each tenant's always
in the same one: workers then wait on as many streams however many tenants there are, a tenant's messages keep their
order, and a cluster spreads the streams over its nodes. Score changes have a stream for each tenant, since each watcher
reads one tenant's.
"""

from typing import Final
from uuid import UUID

PARTITIONS: Final = 16
"""How many streams carry changes of leads. Another number moves tenants to other streams: drain them before."""

LEAD_CHANGES: Final = tuple(f"leadline:{{lead-changes-{partition:02}}}" for partition in range(PARTITIONS))
"""The streams of changed leads."""

TRAINING_REQUESTS: Final = "leadline:training-requests"
RESCORING_REQUESTS: Final = "leadline:rescoring-requests"
EXPERIMENT_STARTS: Final = "leadline:experiment-starts"
MODEL_ALARMS: Final = "leadline:model-alarms"

RELAYED_BATCHES: Final = "leadline:relayed-batches"
"""How many batches were handed over, as PostgreSQL has it too. Another number means that data were lost on one side."""

EPOCH: Final = "leadline:epoch"
"""Another text after each loss of data. What was made for another epoch is to be made anew."""

EVERY_SCORE_CHANGES: Final = "leadline:{*}:score-changes"
"""The pattern of the streams of score changes."""


def lead_changes_of(tenant_id: UUID) -> str:
    """Gives the stream that carries a tenant's changed leads."""
    # The last bits of an id are random, whatever its first ones tell of its time.
    return LEAD_CHANGES[tenant_id.int % PARTITIONS]


def score_changes_of(tenant_id: UUID) -> str:
    """Gives the stream that carries a tenant's score changes."""
    return f"leadline:{{{tenant_id}}}:score-changes"
