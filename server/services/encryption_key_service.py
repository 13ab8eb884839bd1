"""EncryptionKeyService: shows the versions of a tenant's key, and has it rotated."""

from google.longrunning import operations_pb2
from leadline.v1 import encryption_key_pb2, encryption_key_service_pb2, encryption_key_service_pb2_grpc

from server.encryption.versions import COLLECTION, ReadTenantKeys, TenantKeyVersion, TenantKeyVersionStore
from server.interceptors.method_interceptor import Context
from server.operations.follow_operations import GetOperation
from server.runtime.principal import current_principal
from server.services.conversions.operations import operation_to_proto
from server.services.conversions.times import time_to_proto

KINDS = {
    "file": encryption_key_pb2.KEY_SERVICE_KIND_FILE,
    "vault": encryption_key_pb2.KEY_SERVICE_KIND_VAULT,
    "aws": encryption_key_pb2.KEY_SERVICE_KIND_AWS_KMS,
    "gcp": encryption_key_pb2.KEY_SERVICE_KIND_GOOGLE_CLOUD_KMS,
}


class EncryptionKeyService(encryption_key_service_pb2_grpc.EncryptionKeyServiceServicer):
    """Converts requests, calls the use cases, converts what they give.

    Args:
        read_tenant_keys: Gives versions.
        store: Where it is written down that a key shall be rotated.
        get_operation: Gives the operation that does it.
        key_service: The setting that names the key service.
    """

    def __init__(
        self,
        *,
        read_tenant_keys: ReadTenantKeys,
        store: TenantKeyVersionStore,
        get_operation: GetOperation,
        key_service: str,
    ) -> None:
        self._read_tenant_keys = read_tenant_keys
        self._store = store
        self._get_operation = get_operation
        self._kind = KINDS[key_service.partition(":")[0]]

    async def GetTenantKey(
        self, request: encryption_key_service_pb2.GetTenantKeyRequest, context: Context
    ) -> encryption_key_pb2.TenantKey:
        """Gives one version."""
        version = int(request.name.removeprefix(f"{COLLECTION}/"))
        return self._to_proto(await self._read_tenant_keys.get(current_principal().tenant_id, version))

    async def ListTenantKeys(
        self, request: encryption_key_service_pb2.ListTenantKeysRequest, context: Context
    ) -> encryption_key_service_pb2.ListTenantKeysResponse:
        """Gives a page of versions."""
        page = await self._read_tenant_keys.page(
            current_principal().tenant_id, page_size=request.page_size, page_token=request.page_token
        )
        return encryption_key_service_pb2.ListTenantKeysResponse(
            tenant_keys=map(self._to_proto, page.versions), next_page_token=page.next_page_token
        )

    async def RotateTenantKey(
        self, request: encryption_key_service_pb2.RotateTenantKeyRequest, context: Context
    ) -> operations_pb2.Operation:
        """Asks for the rotation of the tenant's key."""
        tenant_id = current_principal().tenant_id
        operation_id = await self._store.request_rotation(tenant_id)
        return operation_to_proto(await self._get_operation(tenant_id, operation_id))

    def _to_proto(self, version: TenantKeyVersion) -> encryption_key_pb2.TenantKey:
        return encryption_key_pb2.TenantKey(
            name=f"{COLLECTION}/{version.version}",
            version=version.version,
            state=encryption_key_pb2.TenantKeyState.ValueType(version.state),
            key_service=self._kind,
            lead_count=version.lead_count,
            create_time=time_to_proto(version.create_time),
            retire_time=None if version.retire_time is None else time_to_proto(version.retire_time),
        )
