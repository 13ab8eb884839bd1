"""The routes of log-in and identity over REST; `test_rest.py` tries them with all others."""

from typing import Any

ID = "00000000-0000-7000-8000-000000000001"
KEY = {"idempotencyKey": "k"}
PASSWORD = "brisk otter folds nine maps"  # noqa: S105 - of the tests
ADDRESS = "noor@example.com"
PERMISSIONS = ["PERMISSION_LEADS_READ", "PERMISSION_LEADS_WRITE"]

Route = tuple[str, str, Any, str, list[dict[str, Any]]]


def _log_in(custom_verb: str, rpc: str, body: dict[str, Any]) -> Route:
    """Gives a route of AuthenticationService whose body is its request."""
    return ("POST", f"/v1/authentication:{custom_verb}", body, f"AuthenticationService/{rpc}", [body])


def _get(url: str, rpc: str, request: dict[str, Any]) -> Route:
    return ("GET", url, None, rpc, [request])


def _create(collection: str, rpc: str, body: dict[str, Any]) -> Route:
    return ("POST", f"/v1/{collection}", body | KEY, rpc, [body | KEY])


def _act(collection: str, verb: str, rpc: str, body: dict[str, Any] | None = None) -> Route:
    """Gives a route that does something to one resource."""
    sent = (body or {}) | KEY
    return ("POST", f"/v1/{collection}/{ID}:{verb}", sent, rpc, [sent | {"name": f"{collection}/{ID}"}])


def _update(collection: str, field: str, rpc: str, values: dict[str, Any]) -> Route:
    mask = {"updateMask": ",".join(values)}
    return (
        "PATCH",
        f"/v1/{collection}/{ID}",
        {field: values} | mask | KEY,
        rpc,
        [{field: values | {"name": f"{collection}/{ID}"}} | mask | KEY],
    )


def _delete(collection: str, rpc: str) -> Route:
    return ("DELETE", f"/v1/{collection}/{ID}?idempotencyKey=k", None, rpc, [{"name": f"{collection}/{ID}"} | KEY])


AUTHENTICATION_ROUTES: list[Route] = [
    _log_in(
        "signUp",
        "SignUp",
        {"organizationDisplayName": "Harbour", "email": ADDRESS, "displayName": "Noor", "password": PASSWORD},
    ),
    _log_in("logIn", "LogIn", {"email": ADDRESS, "password": PASSWORD, "organization": f"organizations/{ID}"}),
    _log_in("verifySecondFactor", "VerifySecondFactor", {"challenge": "c", "code": "123456"}),
    _log_in(
        "logInWithIdToken",
        "LogInWithIdToken",
        {"identityProvider": f"identityProviders/{ID}", "idToken": "t", "nonce": "n"},
    ),
    _log_in("refreshToken", "RefreshToken", {"refreshToken": "t"}),
    _log_in("exchangeApiKey", "ExchangeApiKey", {"apiKey": "s"}),
    _log_in("requestPasswordReset", "RequestPasswordReset", {"email": ADDRESS}),
    _log_in("resetPassword", "ResetPassword", {"token": "t", "newPassword": PASSWORD}),
    _log_in("verifyEmail", "VerifyEmail", {"token": "t"}),
    _log_in("acceptInvitation", "AcceptInvitation", {"token": "t", "displayName": "Ines", "password": PASSWORD}),
    _log_in("requestEmailVerification", "RequestEmailVerification", KEY),
    _log_in("logOut", "LogOut", KEY),
    _log_in("logOutEverywhere", "LogOutEverywhere", KEY),
    _get("/v1/sessions?pageSize=5", "AuthenticationService/ListSessions", {"pageSize": 5}),
    _act("sessions", "revoke", "AuthenticationService/RevokeSession"),
    _log_in("changePassword", "ChangePassword", {"currentPassword": "old", "newPassword": PASSWORD} | KEY),
    _log_in("enrolSecondFactor", "EnrolSecondFactor", {"password": PASSWORD} | KEY),
    _log_in("confirmSecondFactor", "ConfirmSecondFactor", {"code": "123456"} | KEY),
    _log_in("disableSecondFactor", "DisableSecondFactor", {"password": PASSWORD, "code": "123456"} | KEY),
]

IDENTITY_ROUTES: list[Route] = [
    _get(f"/v1/organizations/{ID}", "IdentityService/GetOrganization", {"name": f"organizations/{ID}"}),
    _update("organizations", "organization", "IdentityService/UpdateOrganization", {"displayName": "Harbour"}),
    _get(f"/v1/users/{ID}", "IdentityService/GetUser", {"name": f"users/{ID}"}),
    _get("/v1/users?pageToken=t", "IdentityService/ListUsers", {"pageToken": "t"}),
    _update("users", "user", "IdentityService/UpdateUser", {"role": "roles/sales"}),
    _act("users", "deactivate", "IdentityService/DeactivateUser"),
    _act("users", "reactivate", "IdentityService/ReactivateUser"),
    _create(
        "invitations",
        "IdentityService/CreateInvitation",
        {"invitation": {"email": ADDRESS, "role": "roles/analyst"}},
    ),
    _get("/v1/invitations?pageSize=5", "IdentityService/ListInvitations", {"pageSize": 5}),
    _act("invitations", "revoke", "IdentityService/RevokeInvitation"),
    _create("roles", "IdentityService/CreateRole", {"role": {"displayName": "Reader", "permissions": PERMISSIONS}}),
    _get("/v1/roles/owner", "IdentityService/GetRole", {"name": "roles/owner"}),
    _get("/v1/roles?pageSize=5", "IdentityService/ListRoles", {"pageSize": 5}),
    _update("roles", "role", "IdentityService/UpdateRole", {"permissions": PERMISSIONS}),
    _delete("roles", "IdentityService/DeleteRole"),
    _create(
        "apiKeys", "IdentityService/CreateApiKey", {"apiKey": {"displayName": "Import", "permissions": PERMISSIONS}}
    ),
    _get("/v1/apiKeys?pageSize=5", "IdentityService/ListApiKeys", {"pageSize": 5}),
    _act("apiKeys", "rotate", "IdentityService/RotateApiKey", {"overlap": "3600s"}),
    _act("apiKeys", "revoke", "IdentityService/RevokeApiKey"),
    _create(
        "oauthClients",
        "IdentityService/CreateOauthClient",
        {"oauthClient": {"displayName": "CRM", "permissions": PERMISSIONS}},
    ),
    _get("/v1/oauthClients?pageSize=5", "IdentityService/ListOauthClients", {"pageSize": 5}),
    _act("oauthClients", "rotate", "IdentityService/RotateOauthClient", {"overlap": "3600s"}),
    _act("oauthClients", "revoke", "IdentityService/RevokeOauthClient"),
    _create(
        "identityProviders",
        "IdentityService/CreateIdentityProvider",
        {"identityProvider": {"issuer": "https://issuer.example", "clientId": "leadline", "role": "roles/sales"}},
    ),
    _get("/v1/identityProviders?pageSize=5", "IdentityService/ListIdentityProviders", {"pageSize": 5}),
    _update(
        "identityProviders",
        "identityProvider",
        "IdentityService/UpdateIdentityProvider",
        {"issuer": "https://issuer.example", "clientId": "leadline"},
    ),
    _delete("identityProviders", "IdentityService/DeleteIdentityProvider"),
]
