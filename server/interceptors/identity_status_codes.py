"""The statuses of what identity refuses: the part of the table in `server.interceptors.errors` that is about it."""

from grpc import StatusCode
from leadline.v1 import error_reason_pb2 as reasons

from server.runtime.errors import LeadlineError
from server.runtime.errors import identity as errors

IDENTITY_STATUS_CODES: dict[type[LeadlineError], tuple[StatusCode, reasons.ErrorReason.ValueType]] = {
    errors.CredentialsRefused: (StatusCode.UNAUTHENTICATED, reasons.ERROR_REASON_CREDENTIALS_REFUSED),
    errors.SecondFactorRefused: (StatusCode.UNAUTHENTICATED, reasons.ERROR_REASON_SECOND_FACTOR_REFUSED),
    errors.PasswordRefused: (StatusCode.INVALID_ARGUMENT, reasons.ERROR_REASON_PASSWORD_REFUSED),
    errors.LogInThrottled: (StatusCode.RESOURCE_EXHAUSTED, reasons.ERROR_REASON_LOG_IN_THROTTLED),
    errors.RefreshTokenRefused: (StatusCode.UNAUTHENTICATED, reasons.ERROR_REASON_REFRESH_TOKEN_REFUSED),
    errors.RefreshTokenReused: (StatusCode.UNAUTHENTICATED, reasons.ERROR_REASON_REFRESH_TOKEN_REUSED),
    errors.TokenRevoked: (StatusCode.UNAUTHENTICATED, reasons.ERROR_REASON_TOKEN_REVOKED),
    errors.OneTimeTokenRefused: (StatusCode.FAILED_PRECONDITION, reasons.ERROR_REASON_ONE_TIME_TOKEN_REFUSED),
    errors.UserAlreadyExists: (StatusCode.ALREADY_EXISTS, reasons.ERROR_REASON_USER_ALREADY_EXISTS),
    errors.UserNotFound: (StatusCode.NOT_FOUND, reasons.ERROR_REASON_USER_NOT_FOUND),
    errors.InvitationNotFound: (StatusCode.NOT_FOUND, reasons.ERROR_REASON_INVITATION_NOT_FOUND),
    errors.InvitationClosed: (StatusCode.FAILED_PRECONDITION, reasons.ERROR_REASON_INVITATION_CLOSED),
    errors.RoleNotFound: (StatusCode.NOT_FOUND, reasons.ERROR_REASON_ROLE_NOT_FOUND),
    errors.RoleAlreadyExists: (StatusCode.ALREADY_EXISTS, reasons.ERROR_REASON_ROLE_ALREADY_EXISTS),
    errors.RoleInUse: (StatusCode.FAILED_PRECONDITION, reasons.ERROR_REASON_ROLE_IN_USE),
    errors.LastOwner: (StatusCode.FAILED_PRECONDITION, reasons.ERROR_REASON_LAST_OWNER),
    errors.ApiKeyNotFound: (StatusCode.NOT_FOUND, reasons.ERROR_REASON_API_KEY_NOT_FOUND),
    errors.ApiKeyRefused: (StatusCode.UNAUTHENTICATED, reasons.ERROR_REASON_API_KEY_REFUSED),
    errors.OauthClientNotFound: (StatusCode.NOT_FOUND, reasons.ERROR_REASON_OAUTH_CLIENT_NOT_FOUND),
    errors.IdentityProviderNotFound: (StatusCode.NOT_FOUND, reasons.ERROR_REASON_IDENTITY_PROVIDER_NOT_FOUND),
    errors.IdTokenRefused: (StatusCode.UNAUTHENTICATED, reasons.ERROR_REASON_ID_TOKEN_REFUSED),
    errors.SessionNotFound: (StatusCode.NOT_FOUND, reasons.ERROR_REASON_SESSION_NOT_FOUND),
    errors.SecondFactorEnabled: (StatusCode.FAILED_PRECONDITION, reasons.ERROR_REASON_SECOND_FACTOR_ENABLED),
    errors.SecondFactorNotEnrolled: (StatusCode.FAILED_PRECONDITION, reasons.ERROR_REASON_SECOND_FACTOR_NOT_ENROLLED),
    errors.EmailNotVerified: (StatusCode.FAILED_PRECONDITION, reasons.ERROR_REASON_EMAIL_NOT_VERIFIED),
    errors.OrganizationAmbiguous: (StatusCode.FAILED_PRECONDITION, reasons.ERROR_REASON_ORGANIZATION_AMBIGUOUS),
    errors.OrganizationNotFound: (StatusCode.NOT_FOUND, reasons.ERROR_REASON_ORGANIZATION_NOT_FOUND),
}
