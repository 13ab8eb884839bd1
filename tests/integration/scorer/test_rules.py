"""Scoring rules, as callers of the rule service see them, on real PostgreSQL."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import grpc.aio
from google.protobuf.duration_pb2 import Duration
from leadline.v1 import (
    lead_pb2,
    rule_service_pb2,
    rule_set_pb2,
    score_pb2,
    scoring_service_pb2,
)

from deploy.local.development_token import DevelopmentKey
from scoring.registry.model import Model
from server.runtime.database import Database
from server.runtime.identifiers import format_name, new_id
from tests.grpc_errors import error_of
from tests.integration.scorer.conftest import (
    RECEIVED_TIME,
    add_event,
    add_lead,
    days,
)
from tests.integration.scorer.site import Site, is_sum

Bearer = tuple[tuple[str, str], ...]

REFERRAL = rule_set_pb2.Rule(id="referral", expression='fields.source == "Referral"', points=20)
NEWCOMER = rule_set_pb2.Rule(id="newcomer", display_name="New", expression="fields.visits < 2", points=-8)


class TestVersions:
    async def test_a_version_is_kept_as_it_was_written(self, site: Site) -> None:
        rule = rule_set_pb2.Rule(
            id="visited",
            expression="event_counts.page_view >= 2",
            points=10,
            group="engagement",
            decay=rule_set_pb2.Decay(half_life=Duration(seconds=86_400), anchor_event_type="page_view"),
        )
        group = rule_set_pb2.RuleGroup(id="engagement", max_points=0)

        created = await site.create(rule, display_name="First", groups=[group])

        assert (created.version, created.display_name, created.active) == (1, "First", False)
        assert list(created.rules) == [rule]
        assert list(created.groups) == [group]
        assert created.groups[0].HasField("max_points")
        assert not created.groups[0].HasField("min_points")
        request = rule_service_pb2.GetRuleSetRequest(name=created.name)
        assert await site.rules.GetRuleSet(request, metadata=site.bearer) == created

    async def test_one_version_is_active_and_an_earlier_one_can_be_again(self, site: Site) -> None:
        first, second = await site.create(REFERRAL), await site.create(NEWCOMER)
        active = rule_service_pb2.GetRuleSetRequest(name="ruleSets/active")
        error = await error_of(site.rules.GetRuleSet(active, metadata=site.bearer))
        assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "RULE_SET_NOT_FOUND")

        for chosen in (first, second, first):
            response = await site.activate(chosen.name)
            assert response.rule_set.active
            assert not response.HasField("rescoring"), "without a model no scores are stored"
            assert (await site.rules.GetRuleSet(active, metadata=site.bearer)).name == chosen.name
        await site.deactivate(first.name)

        error = await error_of(site.rules.GetRuleSet(active, metadata=site.bearer))
        assert error.reason == "RULE_SET_NOT_FOUND"
        listed = await site.rules.ListRuleSets(rule_service_pb2.ListRuleSetsRequest(), metadata=site.bearer)
        assert [found.version for found in listed.rule_sets] == [2, 1]

    async def test_pages_follow_each_other(self, site: Site) -> None:
        for _ in range(3):
            await site.create(REFERRAL)
        request = rule_service_pb2.ListRuleSetsRequest(page_size=2)
        first = await site.rules.ListRuleSets(request, metadata=site.bearer)
        request.page_token = first.next_page_token
        second = await site.rules.ListRuleSets(request, metadata=site.bearer)
        versions = [found.version for page in (first, second) for found in page.rule_sets]
        assert (versions, second.next_page_token) == ([3, 2, 1], "")

    async def test_nobodys_change_is_lost(self, site: Site) -> None:
        first = await site.create(REFERRAL)
        second = await site.create(NEWCOMER, newest_etag=first.etag)
        error = await error_of(site.create(REFERRAL, newest_etag=first.etag))
        assert (error.code, error.reason) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        assert error.metadata["etag"] == second.etag

        await site.activate(second.name, second.etag)
        assert (await error_of(site.activate(second.name, second.etag))).reason == "ETAG_MISMATCH"

    async def test_what_was_active_once_is_kept(self, site: Site) -> None:
        used, unused = await site.create(REFERRAL), await site.create(REFERRAL)
        await site.activate(used.name)
        await site.deactivate(used.name)

        def delete(name: str) -> Any:
            request = rule_service_pb2.DeleteRuleSetRequest(name=name, idempotency_key=str(new_id()))
            return site.rules.DeleteRuleSet(request, metadata=site.bearer)

        await delete(unused.name)
        assert (await error_of(delete(unused.name))).reason == "RULE_SET_NOT_FOUND"
        error = await error_of(delete(used.name))
        assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "RULE_SET_IN_USE")

    async def test_rules_that_can_not_be_used_are_told_with_their_place(self, site: Site) -> None:
        error = await error_of(
            site.create(
                rule_set_pb2.Rule(id="one", expression="fields.visits >", points=1),
                rule_set_pb2.Rule(id="two", expression="probability + 1", points=1, group="nowhere"),
                rule_set_pb2.Rule(id="two", expression="true", points=1),
            )
        )
        assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "RULE_INVALID")
        assert error.message.startswith("rule_set.rules[2].id: ")
        assert sorted(error.violations) == [
            ("rule_set.rules[0].expression", "RULE_INVALID"),
            ("rule_set.rules[1].expression", "RULE_INVALID"),
            ("rule_set.rules[1].group", "RULE_INVALID"),
            ("rule_set.rules[2].id", "RULE_INVALID"),
        ]
        unreadable = rule_set_pb2.Rule(id="one", expression="fields.visits >", points=1)
        message = (await error_of(site.create(unreadable))).message
        assert message.startswith("rule_set.rules[0].expression: 1:16: Syntax error")

    async def test_what_the_contract_forbids_is_refused(self, site: Site) -> None:
        for rule in (
            rule_set_pb2.Rule(id="Upper", expression="true", points=1),
            rule_set_pb2.Rule(id="much", expression="true", points=101),
            rule_set_pb2.Rule(id="long", expression="true" + " " * 1000, points=1),
            rule_set_pb2.Rule(id="fades", expression="true", points=1, decay=rule_set_pb2.Decay()),
        ):
            assert (await error_of(site.create(rule))).reason == "INVALID_REQUEST"

    async def test_rules_are_one_tenants(self, site: Site, development_key: DevelopmentKey) -> None:
        created = await site.create(REFERRAL)
        stranger = (("authorization", f"Bearer {development_key.mint(new_id())}"),)
        request = rule_service_pb2.GetRuleSetRequest(name=created.name)
        assert (await error_of(site.rules.GetRuleSet(request, metadata=stranger))).reason == "RULE_SET_NOT_FOUND"

    async def test_writing_needs_a_permission_of_its_own(
        self, site: Site, development_key: DevelopmentKey, tenant_id: UUID
    ) -> None:
        site.bearer = (("authorization", f"Bearer {development_key.mint(tenant_id, scope=['rules.read'])}"),)
        assert (await error_of(site.create(REFERRAL))).reason == "PERMISSION_MISSING"


class TestScores:
    async def test_active_rules_move_the_score_and_its_grade(
        self, site: Site, champion: Model, database: Database, tenant_id: UUID
    ) -> None:
        assert champion
        lead_id = await add_lead(database, tenant_id, visits=-0.1, source="Referral")
        before = await site.score(lead_id)
        assert (before.value, before.model_value, before.rule_points, before.grade) == (48, 48, 0, score_pb2.GRADE_C)

        created = await site.create(REFERRAL, NEWCOMER)
        response = await site.activate(created.name)

        assert response.rescoring.name.startswith("operations/")
        after = await site.score(lead_id)
        assert (after.value, after.model_value, after.rule_points, after.grade) == (60, 48, 12, score_pb2.GRADE_B)
        assert after.probability == before.probability
        assert [(part.rule, part.display_name, part.applied_points) for part in after.rule_contributions] == [
            ("referral", "referral", 20),
            ("newcomer", "New", -8),
        ]
        assert is_sum(after)
        assert after.rule_set == created.name
        assert not (await site.score(lead_id, omit_attributions=True)).rule_contributions
        await site.deactivate(created.name)
        assert (await site.score(lead_id)).value == 48

    async def test_inline_and_batch_scores_have_the_points_too(
        self, site: Site, champion: Model, database: Database, tenant_id: UUID
    ) -> None:
        assert champion
        lead_id = await add_lead(database, tenant_id, visits=-0.1, source="Referral")
        await site.activate((await site.create(REFERRAL)).name)
        lead = lead_pb2.Lead()
        lead.fields["visits"].number = -0.1
        lead.fields["source"].category = "Referral"

        inline = await site.scoring.ScoreInlineLead(
            scoring_service_pb2.ScoreInlineLeadRequest(lead=lead), metadata=site.bearer
        )
        request = scoring_service_pb2.BatchScoreLeadsRequest(names=[format_name("leads", lead_id)])
        batch = await site.scoring.BatchScoreLeads(request, metadata=site.bearer)

        assert inline.value == batch.results[0].score.value == 68
        assert is_sum(inline)

    async def test_rules_tell_leads_apart_before_there_is_a_model(
        self, site: Site, database: Database, tenant_id: UUID
    ) -> None:
        one, other = [await add_lead(database, tenant_id, source=source) for source in ("Referral", "Google")]
        await site.activate((await site.create(REFERRAL)).name)

        scores = [await site.score(lead_id) for lead_id in (one, other)]

        assert [score.value for score in scores] == [40, 20]
        assert all(is_sum(score) for score in scores)
        assert scores[0].basis == score_pb2.SCORE_BASIS_PRIOR

    async def test_a_rule_that_fails_on_a_lead_is_told_in_its_score(
        self, site: Site, champion: Model, database: Database, tenant_id: UUID
    ) -> None:
        assert champion
        lead_id = await add_lead(database, tenant_id, source="Referral")
        broken = rule_set_pb2.Rule(id="broken", expression="fields.source > 3", points=50)
        await site.activate((await site.create(broken, REFERRAL)).name)

        failed, sound = (await site.score(lead_id)).rule_contributions

        assert (failed.rule, failed.applied_points) == ("broken", 0)
        assert "overload" in failed.error
        assert (sound.applied_points, sound.error) == (20, "")

    async def test_points_fade_and_tell_when_the_grade_changes(
        self, site: Site, champion: Model, database: Database, tenant_id: UUID
    ) -> None:
        assert champion
        lead_id = await add_lead(database, tenant_id, visits=0.9, source="Google")
        async with database.transaction(tenant_id) as connection:
            now = await connection.fetchval("SELECT now()")
        await add_event(database, tenant_id, lead_id, now - days(10))
        fading = rule_set_pb2.Rule(
            id="visited",
            expression="event_counts.page_view >= 1",
            points=40,
            decay=rule_set_pb2.Decay(linear_period=Duration(seconds=20 * 86_400), anchor_event_type="page_view"),
        )
        await site.activate((await site.create(fading)).name)

        score = await site.score(lead_id)

        [contribution] = score.rule_contributions
        assert (score.model_value, contribution.points, score.grade) == (48, 20, score_pb2.GRADE_B)
        assert contribution.decay_anchor_time.ToDatetime(now.tzinfo) == now - days(10)
        # 0.475 and 2 points are below 0.5: as 2.5 of the 40 points are left.
        assert score.next_grade == score_pb2.GRADE_C
        expected = now - days(10) + timedelta(days=20 * 37.5 / 40)
        assert abs(score.next_grade_time.ToDatetime(now.tzinfo) - expected) < timedelta(milliseconds=1)
        await site.rescoring.rescore(tenant_id, [lead_id])
        stored = await site.stored(lead_id)
        assert (stored["score_value"], stored["score_grade"]) == (68, score_pb2.GRADE_B)
        assert stored["score_next_grade_time"] == score.next_grade_time.ToDatetime(now.tzinfo)


class TestStoredScores:
    async def test_stored_scores_follow_the_rules_page_by_page(
        self, site: Site, champion: Model, database: Database, tenant_id: UUID
    ) -> None:
        assert champion
        lead_id = await add_lead(database, tenant_id, visits=-0.1, source="Referral")
        other_id = await add_lead(database, tenant_id, visits=3.0)
        assert await site.rescore_pages() == 2
        created = await site.create(REFERRAL)
        await site.activate(created.name)

        assert await site.rescore_pages() == 2, "both now say which rules they have"
        assert await site.rescore_pages() == 0

        stored = await site.stored(lead_id)
        assert (stored["score_value"], stored["score_grade"]) == (68, score_pb2.GRADE_B)
        assert format_name("ruleSets", stored["score_rule_set_id"]) == created.name
        assert (await site.stored(other_id))["score_value"] == 88
        await site.deactivate(created.name)
        assert await site.rescore_pages() == 2
        stored = await site.stored(lead_id)
        assert (stored["score_value"], stored["score_rule_set_id"]) == (48, None)

    async def test_a_score_with_rules_is_replayed_after_the_rules_have_changed(
        self, site: Site, champion: Model, database: Database, tenant_id: UUID
    ) -> None:
        assert champion
        lead_id = await add_lead(database, tenant_id, visits=-0.1, source="Referral")
        async with database.transaction(tenant_id) as connection:
            now = await connection.fetchval("SELECT now()")
        fading = rule_set_pb2.Rule(
            id="fresh",
            expression="true",
            points=30,
            decay=rule_set_pb2.Decay(linear_period=Duration(seconds=int(2 * (now - RECEIVED_TIME).total_seconds()))),
        )
        await site.activate((await site.create(REFERRAL, fading)).name)
        await site.rescoring.rescore(tenant_id, [lead_id])
        stored = await site.stored(lead_id)
        # All that a condition saw is another now, and so are the rules.
        async with database.transaction(tenant_id) as connection:
            await connection.execute("UPDATE leads SET fields = '{}' WHERE id = $1", lead_id)
        await site.activate((await site.create(NEWCOMER)).name)

        name = format_name("scores", stored["score_id"])
        replay = await site.scoring.ReplayScore(scoring_service_pb2.ReplayScoreRequest(name=name), metadata=site.bearer)

        assert replay.identical
        assert replay.stored.value == replay.replayed.value == stored["score_value"] == 48 + 20 + 15
        assert replay.replayed.rule_points == 35
        assert replay.stored.grade == replay.replayed.grade == score_pb2.GRADE_B


class TestDryRun:
    async def dry_run(self, site: Site, *rules: rule_set_pb2.Rule, sample_size: int = 0) -> Any:
        request = rule_service_pb2.DryRunRuleSetRequest(
            rule_set=rule_set_pb2.RuleSet(rules=rules), sample_size=sample_size
        )
        return await site.rules.DryRunRuleSet(request, metadata=site.bearer)

    async def test_it_tells_which_leads_would_change_grade(
        self, site: Site, champion: Model, database: Database, tenant_id: UUID
    ) -> None:
        assert champion
        near = await add_lead(database, tenant_id, visits=-0.1, source="Referral")
        far = await add_lead(database, tenant_id, visits=-3.0, source="Referral")
        await add_lead(database, tenant_id, visits=3.0)
        broken = rule_set_pb2.Rule(id="broken", expression="fields.source > 3", points=5)

        response = await self.dry_run(site, REFERRAL, broken)

        assert (response.open_count, response.changed_count) == (3, 1)
        [change] = response.changes
        assert change.lead == format_name("leads", near)
        assert (change.grade_before, change.grade_after) == (score_pb2.GRADE_C, score_pb2.GRADE_B)
        assert (change.value_before, change.value_after) == (48, 68)
        referral, failed = response.rules
        assert (referral.open_matched_count, referral.error_count, referral.error) == (2, 0, "")
        assert (failed.open_matched_count, failed.error_count) == (0, 3)
        assert "overload" in failed.error
        listed = await site.rules.ListRuleSets(rule_service_pb2.ListRuleSetsRequest(), metadata=site.bearer)
        assert not listed.rule_sets, "nothing is kept"
        assert (await self.dry_run(site, REFERRAL, sample_size=1)).open_count == 1
        assert far

    async def test_it_tells_the_precision_that_would_have_been(
        self, site: Site, champion: Model, database: Database, tenant_id: UUID
    ) -> None:
        assert champion
        # The model puts visitors on top, who don't convert; referrals do, though it does not know.
        for place in range(20):
            converts = place % 2 == 0
            await add_lead(
                database,
                tenant_id,
                visits=-0.1 if converts else 1.1,
                source="Referral" if converts else "Google",
                status=2 if converts else 3,
                outcome_time=RECEIVED_TIME + days(1),
            )
        response = await self.dry_run(
            site, REFERRAL, rule_set_pb2.Rule(id="open", expression='status == "OPEN"', points=0)
        )

        assert (response.decided_count, response.learnt_count) == (20, 20)
        better, worse = response.grades
        assert (better.grade, worse.grade) == (score_pb2.GRADE_B, score_pb2.GRADE_C)
        assert (better.before.count, better.before.precision, better.before.lift) == (10, 0.0, 0.0)
        assert (better.after.count, better.after.converted_count) == (20, 10)
        assert (better.after.precision, better.after.lift) == (0.5, 1.0)
        assert (worse.before.precision, worse.before.lift, worse.after.count) == (1.0, 2.0, 0)
        assert (response.top_tenth.before.precision, response.top_tenth.after.precision) == (0.0, 1.0)
        assert response.top_tenth.after.lift == 2.0
        assert response.rules[1].decided_matched_count == 20, "conditions don't see the outcome"

    async def test_it_compares_with_the_active_rules(
        self, site: Site, champion: Model, database: Database, tenant_id: UUID
    ) -> None:
        assert champion
        await add_lead(database, tenant_id, visits=-0.1, source="Referral")
        await site.activate((await site.create(REFERRAL)).name)
        assert (await self.dry_run(site, REFERRAL)).changed_count == 0
        [change] = (await self.dry_run(site)).changes
        assert (change.value_before, change.value_after) == (68, 48)

    async def test_without_a_model_there_is_nothing_to_compare(self, site: Site) -> None:
        error = await error_of(self.dry_run(site, REFERRAL))
        assert (error.code, error.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_MODEL")

    async def test_rules_that_can_not_be_used_are_refused(self, site: Site) -> None:
        error = await error_of(self.dry_run(site, rule_set_pb2.Rule(id="one", expression="1", points=1)))
        assert error.reason == "RULE_INVALID"
