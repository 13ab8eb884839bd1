"""The contract of a store of leads, on the one in memory and on the one in PostgreSQL."""

from uuid import UUID

import pytest

from server.encryption.tenant_keys import TenantKeys
from server.leads.ports import LeadStore
from server.runtime.database import Database
from server.runtime.identifiers import new_id
from server.store.leads import PostgresLeadStore
from tests.contract.stores.lead_store_contract import LeadStoreContract, SetScore, make_score
from tests.fakes.leads import InMemoryLeadStore


@pytest.fixture
def other_tenant_id() -> UUID:
    return new_id()


class TestInMemoryLeadStore(LeadStoreContract):
    @pytest.fixture
    def tenant_id(self) -> UUID:
        return new_id()

    @pytest.fixture
    def store(self) -> LeadStore:
        return InMemoryLeadStore()

    @pytest.fixture
    def set_score(self, store: InMemoryLeadStore, tenant_id: UUID) -> SetScore:
        async def set_score(lead_id: UUID, value: int) -> None:
            store.set_score(tenant_id, lead_id, make_score(value))

        return set_score


class TestPostgresLeadStore(LeadStoreContract):
    @pytest.fixture
    def store(self, database: Database, tenant_keys: TenantKeys) -> LeadStore:
        return PostgresLeadStore(database, tenant_keys)

    @pytest.fixture
    def set_score(self, database: Database, tenant_id: UUID) -> SetScore:
        async def set_score(lead_id: UUID, value: int) -> None:
            score = make_score(value)
            async with database.transaction(tenant_id) as connection:
                await connection.execute(
                    "UPDATE leads SET score_probability = $2, score_log_odds = $3, score_base_log_odds = $4, "
                    "score_value = $5, score_grade = $6, score_model_id = $7, score_time = $8, "
                    "score_probability_low = $9, score_probability_high = $10, score_evidence_count = $11 "
                    "WHERE id = $1",
                    lead_id,
                    score.probability,
                    score.log_odds,
                    score.base_log_odds,
                    score.value,
                    score.grade,
                    score.model_id,
                    score.compute_time,
                    score.probability_low,
                    score.probability_high,
                    score.evidence_count,
                )

        return set_score
