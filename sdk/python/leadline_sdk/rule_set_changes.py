"""What became of activating or deactivating a version of the scoring rules."""

from __future__ import annotations

from dataclasses import dataclass

from leadline.v1.rule_set_pb2 import RuleSet
from leadline.v1.scoring_service_pb2 import RescoreLeadsResponse

from leadline_sdk.operations import AsyncOperation, Operation


@dataclass(frozen=True, slots=True)
class RuleSetChange:
    """What the synchronous client gives.

    Attributes:
        rule_set: the version as it is now.
        rescoring: a handle to wait until every open lead is scored anew; None while there is no model, since no scores
            are stored then.
    """

    rule_set: RuleSet
    rescoring: Operation[RescoreLeadsResponse] | None


@dataclass(frozen=True, slots=True)
class AsyncRuleSetChange:
    """What the asynchronous client gives.

    Attributes:
        rule_set: the version as it is now.
        rescoring: a handle to wait until every open lead is scored anew; None while there is no model, since no scores
            are stored then.
    """

    rule_set: RuleSet
    rescoring: AsyncOperation[RescoreLeadsResponse] | None
