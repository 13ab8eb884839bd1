"""The rule service of a small Leadline: it keeps versions in memory, and tells of a dry run what it was given."""

from typing import Any

from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from leadline.v1 import rule_service_pb2 as rules
from leadline.v1 import rule_service_pb2_grpc
from leadline.v1.rule_set_pb2 import RuleSet
from leadline.v1.score_pb2 import Grade

DRY_RUN = rules.DryRunRuleSetResponse(
    open_count=40,
    changed_count=1,
    changes=[
        rules.GradeChange(
            lead="leads/00000000-0000-7000-8000-000000000001",
            grade_before=Grade.GRADE_C,
            grade_after=Grade.GRADE_B,
            value_before=48,
            value_after=68,
        )
    ],
    decided_count=200,
    learnt_count=150,
    grades=[
        rules.GradeOutcome(
            grade=Grade.GRADE_B,
            before=rules.ObservedConversion(count=100, converted_count=50, precision=0.5, lift=1.25),
            after=rules.ObservedConversion(count=80, converted_count=48, precision=0.6, lift=1.5),
        )
    ],
    top_tenth=rules.TopOutcome(
        before=rules.ObservedConversion(count=20, converted_count=12, precision=0.6, lift=1.5),
        after=rules.ObservedConversion(count=20, converted_count=15, precision=0.75, lift=1.88),
    ),
    rules=[rules.RuleOutcome(rule="referral", open_matched_count=7, error_count=2, error="no such overload")],
)


class FakeRuleService(rule_service_pb2_grpc.RuleServiceServicer):
    """Versions of rules in memory.

    Attributes:
        rule_sets: the versions, the newest first.
        tried: the rules of each dry run.
    """

    def __init__(self) -> None:
        self.rule_sets: list[RuleSet] = []
        self.tried: list[RuleSet] = []

    async def CreateRuleSet(self, request: rules.CreateRuleSetRequest, _context: Any) -> RuleSet:
        version = len(self.rule_sets) + 1
        created = RuleSet(name=f"ruleSets/00000000-0000-7000-8000-{version:012d}", version=version)
        created.MergeFrom(request.rule_set)
        self.rule_sets.insert(0, created)
        return created

    async def GetRuleSet(self, request: rules.GetRuleSetRequest, _context: Any) -> RuleSet:
        return self._find(request.name)

    async def ListRuleSets(self, _request: Any, _context: Any) -> rules.ListRuleSetsResponse:
        return rules.ListRuleSetsResponse(rule_sets=self.rule_sets)

    async def ActivateRuleSet(
        self, request: rules.ActivateRuleSetRequest, _context: Any
    ) -> rules.ActivateRuleSetResponse:
        for rule_set in self.rule_sets:
            rule_set.active = rule_set.name == request.name
        # An operation that the small Leadline knows.
        operation = operations_pb2.Operation(name="operations/00000000-0000-7000-8000-0000000000bb")
        return rules.ActivateRuleSetResponse(rule_set=self._find(request.name), rescoring=operation)

    async def DeactivateRuleSet(
        self, request: rules.DeactivateRuleSetRequest, _context: Any
    ) -> rules.DeactivateRuleSetResponse:
        found = self._find(request.name)
        found.active = False
        return rules.DeactivateRuleSetResponse(rule_set=found)

    async def DeleteRuleSet(self, request: rules.DeleteRuleSetRequest, _context: Any) -> empty_pb2.Empty:
        self.rule_sets.remove(self._find(request.name))
        return empty_pb2.Empty()

    async def DryRunRuleSet(self, request: rules.DryRunRuleSetRequest, _context: Any) -> rules.DryRunRuleSetResponse:
        self.tried.append(request.rule_set)
        return DRY_RUN

    def _find(self, name: str) -> RuleSet:
        return next(found for found in self.rule_sets if name in (found.name, "ruleSets/active"))
