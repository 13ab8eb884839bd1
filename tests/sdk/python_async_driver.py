"""The driver of the asynchronous Python client; README.md tells what a driver is."""

import asyncio
import sys
from typing import Any

from leadline_sdk import AsyncClient, Lead, Workflow, __version__, to_field_value
from tests.sdk import python_driving as driving


class Driver:
    """Carries out calls, each under its name in the protocol."""

    def __init__(self) -> None:
        self._client = AsyncClient("127.0.0.1:1")

    async def version(self) -> str:
        return __version__

    async def connect(self, **told: Any) -> None:
        await self._client.close()
        self._client = AsyncClient(**driving.client_options(told))

    async def get_lead(self, name: str) -> str:
        return (await self._client.get_lead(name)).external_id

    async def create_lead(self, external_id: str, idempotency_key: str | None = None) -> str:
        created = await self._client.create_lead(Lead(external_id=external_id), idempotency_key=idempotency_key)
        return created.name

    async def change_owner(self, name: str, owner: str) -> None:
        lead = await self._client.get_lead(name)
        lead.owner = owner
        await self._client.update_lead(lead)

    async def list_leads(self, page_size: int = 0) -> list[str]:
        return [lead.external_id async for lead in self._client.list_leads(page_size=page_size)]

    async def import_leads(self, count: int, bad: list[int], idempotency_key: str | None = None) -> dict[str, Any]:
        rows = driving.rows(count, bad)
        return driving.imported(await self._client.import_leads(rows, idempotency_key=idempotency_key))

    async def record_events(self, count: int, bad: list[int]) -> dict[str, Any]:
        return driving.recorded(await self._client.record_events(driving.events(count, bad)))

    async def batch_score_leads(self, names: list[str]) -> list[dict[str, Any]]:
        return [driving.scored(result) async for result in self._client.batch_score_leads(names)]

    async def watch_scores(self, count: int, **told: Any) -> list[dict[str, Any]]:
        updates: list[dict[str, Any]] = []
        async for found in self._client.watch_scores(**told):
            updates.append(driving.update(found))
            if len(updates) == count:
                break
        return updates

    async def publish_events(self, count: int, bad: list[int]) -> list[list[str]]:
        return [driving.published(found) async for found in self._client.publish_events(driving.events(count, bad))]

    async def watch_notifications(self, count: int, resume_token: str = "") -> list[dict[str, Any]]:
        updates: list[dict[str, Any]] = []
        async for found in self._client.watch_notifications(resume_token=resume_token):
            updates.append(driving.notified(found))
            if len(updates) == count:
                break
        return updates

    async def methods(self) -> list[str]:
        return dir(AsyncClient)

    async def list_lead_events(self, name: str, page_size: int) -> list[str]:
        return [found.event.event_id async for found in self._client.list_lead_events(name, page_size=page_size)]

    async def export_audit_records(self) -> list[str]:
        return [record.name async for record in self._client.export_audit_records()]

    async def create_workflow(self, display_name: str) -> str:
        return (await self._client.create_workflow(Workflow(display_name=display_name))).display_name

    async def get_leads_at_once(self, name: str, count: int) -> int:
        return len(await asyncio.gather(*(self._client.get_lead(name) for _ in range(count))))

    async def log_in(self, email: str, password: str) -> None:
        await self._client.log_in(email, password)

    async def train_model(self) -> dict[str, Any]:
        stages: list[str] = []
        operation = await self._client.train_model()
        model = await operation.wait(progress=lambda now: stages.append(now.stage))
        return {"model": model.name, "stages": stages}

    async def field_value(self, value: object) -> str:
        return driving.encoded(to_field_value(driving.plain(value)))


async def _main() -> None:
    driver = Driver()
    requests = driving.requests()
    while request := await asyncio.to_thread(next, requests, None):
        try:
            answer = {"result": await getattr(driver, request.pop("call"))(**request)}
        except driving.FAILURES as failure:
            answer = driving.failed(failure)
        driving.answer(answer)


if __name__ == "__main__":
    asyncio.run(_main())
    sys.exit()
