"""Requests made from the OpenAPI document, good and bad ones, to the whole stack: each gets an answer it promises."""

from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.attack.effort import searching
from tests.e2e.conftest import Tenant

DOCUMENT = Path(__file__).parents[2] / "gateway" / "openapi" / "leadline.openapi.json"
# What has no end, and what waits as long as it is asked to.
ENDLESS = (":watch", ":wait")
_FOUND: list[Any] = list(schemathesis.openapi.from_path(str(DOCUMENT)).get_all_operations())
OPERATIONS = [operation for found in _FOUND if not (operation := found.ok()).path.endswith(ENDLESS)]


def test_whatever_is_asked_over_rest_gets_a_typed_answer(tenant: Tenant) -> None:
    seen: set[int] = set()

    @searching(80)
    @given(
        operation=st.sampled_from(OPERATIONS),
        mode=st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]),
        data=st.data(),
    )
    def search(operation: Any, mode: GenerationMode, data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(mode))
        answer = case.call(
            base_url=f"http://{tenant.stack.edge_address}",
            headers={"Authorization": f"Bearer {tenant.token}"},
            timeout=20.0,
        )
        seen.add(answer.status_code)
        assert answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR, (case.as_curl_command(), answer.text)
        if answer.status_code >= httpx.codes.BAD_REQUEST:
            body = answer.json()
            (info,) = [detail for detail in body["details"] if detail["@type"].endswith("google.rpc.ErrorInfo")]
            assert (bool(info["reason"]), info["domain"]) == (True, "leadline.dev"), case.as_curl_command()
            assert body["code"] > 0

    search()
    assert {200, 400} <= seen
