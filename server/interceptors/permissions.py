"""What the caller may do: each rpc of the contract names the one permission that it needs, or is open to everybody."""

from collections.abc import Iterable

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from leadline.v1 import permission_pb2

from server.interceptors.method_interceptor import Context, GuardInterceptor, Method
from server.runtime.errors import PermissionMissing
from server.runtime.principal import current_principal


class PermissionsInterceptor(GuardInterceptor):
    """Refuses calls whose principal lacks the rpc's permission.

    Args:
        services: The services that the process offers.

    Raises:
        ValueError: An rpc of theirs names no permission and is not public either.
    """

    def __init__(self, services: Iterable[ServiceDescriptor]) -> None:
        super().__init__()
        self._scopes = {
            f"/{service.full_name}/{method.name}": required_scope(method)
            for service in services
            for method in service.methods
        }

    def check(self, method: Method, context: Context) -> None:
        """Compares what the rpc needs with what the principal has.

        Raises:
            PermissionMissing: The principal lacks the permission.
        """
        del context
        scope = self._scopes.get(method.path)
        # A method without an entry has no servicer either.
        if scope is not None and scope not in current_principal().permissions:
            raise PermissionMissing(scope)


def required_scope(method: MethodDescriptor) -> str | None:
    """Gives the permission that an rpc needs, as a token's `scope` names it.

    Args:
        method: The rpc.

    Returns:
        The scope; None if the rpc is public and takes calls without a token.

    Raises:
        ValueError: It names none and is not public, or does both.
    """
    options = method.GetOptions()
    value = permission_pb2.Permission.DESCRIPTOR.values_by_number[
        options.Extensions[permission_pb2.required_permission]
    ]
    scope: str = value.GetOptions().Extensions[permission_pb2.scope]
    public: bool = options.Extensions[permission_pb2.public]
    if bool(scope) == public:
        raise ValueError(f"{method.full_name} names no permission" if not scope else f"{method.full_name} is public")
    return scope or None


def is_public(method: MethodDescriptor | None) -> bool:
    """Tells whether an rpc takes calls without a token; False for one that is not in the contract."""
    return method is not None and bool(method.GetOptions().Extensions[permission_pb2.public])
