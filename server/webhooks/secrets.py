"""The secrets that sign webhooks: derived from the process's signing secret, so that none is stored. Pure."""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook


class WebhookSigner:
    """Derives secrets and signs with them.

    Who has the database has none of the secrets; who changes the process's signing secret changes them all.

    Args:
        secret: The process's signing secret.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def secret(self, tenant_id: UUID, workflow_id: UUID, generation: int) -> str:
        """Gives a workflow's secret in the form of Standard Webhooks, `whsec_...`: 256 bits.

        Args:
            tenant_id: The tenant.
            workflow_id: The workflow.
            generation: Which secret of the workflow, 1 for its first.
        """
        purpose = f"webhook-secret/{tenant_id}/{workflow_id}/{generation}".encode()
        return "whsec_" + base64.b64encode(hmac.digest(self._secret, purpose, "sha256")).decode()

    @staticmethod
    def headers(secrets: Sequence[str], webhook_id: str, time: datetime, payload: str) -> dict[str, str]:
        """Gives the headers that sign a message.

        Args:
            secrets: What signs it; the receiver accepts it if it knows one of them.
            webhook_id: By which the receiver knows the message again.
            time: When it is sent, UTC.
            payload: The body.
        """
        signatures = [Webhook(secret).sign(webhook_id, time, payload) for secret in secrets]
        return {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(time.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
