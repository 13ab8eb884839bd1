"""Input that can't be used: each gets its typed error, and nothing is half-written."""

import math

import pytest
from leadline.v1.lead_service_pb2 import ImportRow

from leadline_sdk import (
    LEAD_STATUS_CONVERTED,
    LEAD_STATUS_LOST,
    AlreadyExists,
    Conflict,
    Event,
    FailedPrecondition,
    FieldValue,
    IdempotencyKeyReused,
    InvalidRequest,
    Lead,
    LeadlineError,
    to_fields,
    to_timestamp,
)
from tests.e2e.conftest import Tenant
from tests.e2e.test_identity import reason_of

TEN_MEBIBYTES = 10 * 1024 * 1024


def test_an_import_refuses_bad_rows_with_their_line_and_keeps_the_good_ones(tenant: Tenant) -> None:
    rows = [
        ImportRow(line_number=2, lead=Lead(external_id="good")),
        ImportRow(line_number=3, lead=Lead(external_id="bad", email="nobody")),
        ImportRow(line_number=4, lead=Lead(external_id="good-too", fields=to_fields({"Size": 3}))),
        ImportRow(line_number=5, lead=Lead(external_id="infinite", fields={"Size": FieldValue(number=math.inf)})),
        ImportRow(line_number=6, lead=Lead(external_id="nan", fields={"Size": FieldValue(number=math.nan)})),
        ImportRow(line_number=7, lead=Lead(external_id="good")),
    ]

    result = tenant.client.import_leads(rows)

    assert (result.created_count, result.duplicate_count, result.refused_count) == (2, 1, 3)
    assert [row.line_number for row in result.refused_rows] == [3, 5, 6]
    assert {row.error.reason for row in result.refused_rows} == {"INVALID_REQUEST"}
    assert "email" in result.refused_rows[0].error.field_violations[0].field
    assert {lead.external_id for lead in tenant.client.list_leads()} == {"good", "good-too"}


def test_a_field_of_ten_mebibytes_is_named_in_the_error(tenant: Tenant) -> None:
    lead = Lead(external_id="big", fields={"Note": FieldValue(text="x" * TEN_MEBIBYTES)})

    with pytest.raises(InvalidRequest) as failure:
        tenant.client.create_lead(lead, timeout=60.0)

    assert failure.value.reason == "INVALID_REQUEST"
    assert "Note" in failure.value.field_violations[0].field
    assert list(tenant.client.list_leads()) == []


def test_a_field_of_ten_mebibytes_refuses_its_row_alone(tenant: Tenant) -> None:
    leads = [Lead(external_id="big", fields={"Note": FieldValue(text="x" * TEN_MEBIBYTES)}), Lead(external_id="small")]

    result = tenant.client.import_leads(leads)

    assert (result.created_count, result.refused_count) == (1, 1)
    assert result.refused_rows[0].line_number == 1


def test_a_wrong_etag_changes_nothing(tenant: Tenant) -> None:
    lead = tenant.client.create_lead(Lead(external_id="1", owner="first"))
    tenant.client.update_lead(Lead(name=lead.name, owner="second"), ["owner"])

    with pytest.raises(Conflict) as failure:
        tenant.client.update_lead(Lead(name=lead.name, owner="third", etag=lead.etag), ["owner"])

    assert failure.value.reason == "ETAG_MISMATCH"
    assert tenant.client.get_lead(lead.name).owner == "second"


def test_the_same_key_gives_the_same_answer_and_refuses_another_request(tenant: Tenant) -> None:
    first = tenant.client.create_lead(Lead(external_id="1"), idempotency_key="once")

    assert tenant.client.create_lead(Lead(external_id="1"), idempotency_key="once") == first
    with pytest.raises(IdempotencyKeyReused):
        tenant.client.create_lead(Lead(external_id="2"), idempotency_key="once")
    assert len(list(tenant.client.list_leads())) == 1


def test_a_lead_whose_id_is_taken_is_refused_with_the_one_that_has_it(tenant: Tenant) -> None:
    taken = tenant.client.create_lead(Lead(external_id="1"))

    with pytest.raises(AlreadyExists) as failure:
        tenant.client.create_lead(Lead(external_id="1"))

    assert failure.value.metadata["name"] == taken.name


@pytest.mark.parametrize("text", ["score >", "colour = red", "status = MAYBE", "score = 1 OR score = 2"])
def test_a_filter_that_can_not_be_read_is_refused(tenant: Tenant, text: str) -> None:
    with pytest.raises(InvalidRequest) as failure:
        list(tenant.client.list_leads(filter=text))

    assert failure.value.reason == "INVALID_FILTER"


def test_rest_refuses_an_unknown_query_parameter(tenant: Tenant) -> None:
    with tenant.rest() as rest:
        answer = rest.get("/v1/leads", params={"colour": "red"})

    assert answer.status_code == 400
    assert reason_of(answer.json()) == "INVALID_REQUEST"


@pytest.mark.parametrize("path", ["/v1/leads/%c0%af", "/v1/leads?filter=%c0%af", "/v1/leads?pageToken=%ff"])
def test_rest_refuses_what_is_no_utf_8(tenant: Tenant, path: str) -> None:
    with tenant.rest() as rest:
        answer = rest.get(path)

    assert answer.status_code == 400
    assert reason_of(answer.json()) == "INVALID_REQUEST"


@pytest.mark.parametrize("body", ['{"lead": {', '{"lead": {"email": 5}, "idempotencyKey": "k"}', "[]"])
def test_rest_refuses_malformed_json(tenant: Tenant, body: str) -> None:
    with tenant.rest() as rest:
        answer = rest.post("/v1/leads", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert reason_of(answer.json()) == "INVALID_REQUEST"
    assert list(tenant.client.list_leads()) == []


def test_rest_names_the_field_that_breaks_a_rule(tenant: Tenant) -> None:
    with tenant.rest() as rest:
        answer = rest.post("/v1/leads", json={"lead": {"email": "nobody"}, "idempotencyKey": "k"})

    assert answer.status_code == 400
    violations = next(detail for detail in answer.json()["details"] if "fieldViolations" in detail)["fieldViolations"]
    assert violations[0]["field"] == "lead.email"


def test_bad_events_are_refused_and_the_others_kept(tenant: Tenant) -> None:
    lead = tenant.client.create_lead(Lead(external_id="1"))
    now = to_timestamp(lead.create_time.ToDatetime())
    events = [
        Event(event_id="good", lead=lead.name, type="call", occurred_time=now),
        Event(event_id="shouting", lead=lead.name, type="CALL", occurred_time=now),
        Event(event_id="nobody", lead_external_id="2", type="call", occurred_time=now),
        Event(event_id="timeless", lead=lead.name, type="call"),
    ]

    result = tenant.client.record_events(events)

    assert result.recorded_count == 1
    assert [(refused.index, refused.error.reason) for refused in result.refused_events] == [
        (1, "INVALID_REQUEST"),
        (2, "LEAD_NOT_FOUND"),
        (3, "INVALID_REQUEST"),
    ]


def failed_training(tenant: Tenant) -> LeadlineError:
    with pytest.raises(FailedPrecondition) as failure:
        tenant.client.train_model().wait(240.0)
    return failure.value


def test_two_classes_of_one_lead_each_are_too_few(tenant: Tenant) -> None:
    tenant.client.import_leads(
        [
            Lead(external_id="1", status=LEAD_STATUS_CONVERTED, fields=to_fields({"Size": 1})),
            Lead(external_id="2", status=LEAD_STATUS_LOST, fields=to_fields({"Size": 2})),
        ]
    )

    failure = failed_training(tenant)

    assert failure.reason == "NOT_ENOUGH_OUTCOMES"
    assert (failure.metadata["converted"], failure.metadata["lost"]) == ("1", "1")


def test_leads_that_all_answered_the_same_teach_nothing(tenant: Tenant) -> None:
    tenant.client.import_leads(
        Lead(
            external_id=str(number),
            status=LEAD_STATUS_CONVERTED if number % 2 else LEAD_STATUS_LOST,
            fields=to_fields({"Size": 1, "Source": "Google"}),
        )
        for number in range(400)
    )

    assert failed_training(tenant).reason == "NO_USABLE_FIELD"


def test_leads_without_an_outcome_teach_nothing(tenant: Tenant) -> None:
    tenant.client.import_leads(
        Lead(external_id=str(number), fields=to_fields({"Size": number})) for number in range(50)
    )

    assert failed_training(tenant).reason == "NOT_ENOUGH_OUTCOMES"
