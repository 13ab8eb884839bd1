"""The driver of the synchronous Python client; README.md tells what a driver is."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from leadline_sdk import Client, Lead, Workflow, __version__, to_field_value
from tests.sdk import python_driving as driving


class Driver:
    """Carries out calls, each under its name in the protocol."""

    def __init__(self) -> None:
        self._client = Client("127.0.0.1:1")

    def version(self) -> str:
        return __version__

    def connect(self, **told: Any) -> None:
        self._client.close()
        self._client = Client(**driving.client_options(told))

    def get_lead(self, name: str) -> str:
        return self._client.get_lead(name).external_id

    def create_lead(self, external_id: str, idempotency_key: str | None = None) -> str:
        return self._client.create_lead(Lead(external_id=external_id), idempotency_key=idempotency_key).name

    def change_owner(self, name: str, owner: str) -> None:
        lead = self._client.get_lead(name)
        lead.owner = owner
        self._client.update_lead(lead)

    def list_leads(self, page_size: int = 0) -> list[str]:
        return [lead.external_id for lead in self._client.list_leads(page_size=page_size)]

    def import_leads(self, count: int, bad: list[int], idempotency_key: str | None = None) -> dict[str, Any]:
        rows = driving.rows(count, bad)
        return driving.imported(self._client.import_leads(rows, idempotency_key=idempotency_key))

    def record_events(self, count: int, bad: list[int]) -> dict[str, Any]:
        return driving.recorded(self._client.record_events(driving.events(count, bad)))

    def batch_score_leads(self, names: list[str]) -> list[dict[str, Any]]:
        return [driving.scored(result) for result in self._client.batch_score_leads(names)]

    def watch_scores(self, count: int, **told: Any) -> list[dict[str, Any]]:
        return [driving.update(found) for found in islice(self._client.watch_scores(**told), count)]

    def publish_events(self, count: int, bad: list[int]) -> list[list[str]]:
        return [driving.published(found) for found in self._client.publish_events(driving.events(count, bad))]

    def watch_notifications(self, count: int, resume_token: str = "") -> list[dict[str, Any]]:
        return [
            driving.notified(found)
            for found in islice(self._client.watch_notifications(resume_token=resume_token), count)
        ]

    def methods(self) -> list[str]:
        return dir(Client)

    def list_lead_events(self, name: str, page_size: int) -> list[str]:
        return [found.event.event_id for found in self._client.list_lead_events(name, page_size=page_size)]

    def export_audit_records(self) -> list[str]:
        return [record.name for record in self._client.export_audit_records()]

    def create_workflow(self, display_name: str) -> str:
        return self._client.create_workflow(Workflow(display_name=display_name)).display_name

    def get_leads_at_once(self, name: str, count: int) -> int:
        with ThreadPoolExecutor(count) as threads:
            return len(list(threads.map(self._client.get_lead, [name] * count)))

    def log_in(self, email: str, password: str) -> None:
        self._client.log_in(email, password)

    def train_model(self) -> dict[str, Any]:
        stages: list[str] = []
        model = self._client.train_model().wait(progress=lambda now: stages.append(now.stage))
        return {"model": model.name, "stages": stages}

    def field_value(self, value: object) -> str:
        return driving.encoded(to_field_value(driving.plain(value)))


def _main() -> None:
    driver = Driver()

    def carry_out(call: str, told: dict[str, Any]) -> object:
        method: Callable[..., object] = getattr(driver, call)
        return method(**told)

    for request in driving.requests():
        try:
            answer = {"result": carry_out(request.pop("call"), request)}
        except driving.FAILURES as failure:
            answer = driving.failed(failure)
        driving.answer(answer)


if __name__ == "__main__":
    _main()
