/** The methods of the client that need nothing but their call. Generated from the contract. */
import { type DescMessage, type DescService, type MessageInitShape } from "@bufbuild/protobuf";
import { type Client as ServiceClient } from "@connectrpc/connect";

import { type CallOptions } from "../src/connection.js";
import { type Operation } from "../src/operations.js";
import { pages } from "../src/pages.js";
import { type Operation as OperationMessage } from "./google/longrunning/operations_pb.js";
import { type AuditRecord } from "./leadline/v1/audit_record_pb.js";
import { type ExportAuditRecordsRequestSchema, type GetAuditRecordRequestSchema, type ListAuditRecordsRequestSchema, type VerifyAuditLogRequestSchema, type VerifyAuditLogResponse } from "./leadline/v1/audit_service_pb.js";
import { type AcceptInvitationRequestSchema, type ChangePasswordRequestSchema, type ConfirmSecondFactorRequestSchema, type ConfirmSecondFactorResponse, type DisableSecondFactorRequestSchema, type EnrolSecondFactorRequestSchema, type EnrolSecondFactorResponse, type ListSessionsRequestSchema, type LogInRequestSchema, type LogInResponse, type LogInWithIdTokenRequestSchema, type LogOutEverywhereRequestSchema, type LogOutRequestSchema, type RefreshTokenRequestSchema, type RequestEmailVerificationRequestSchema, type RequestPasswordResetRequestSchema, type ResetPasswordRequestSchema, type RevokeSessionRequestSchema, type SignUpRequestSchema, type TokenSet, type VerifyEmailRequestSchema, type VerifySecondFactorRequestSchema } from "./leadline/v1/authentication_service_pb.js";
import { type AcknowledgeCrmQueueItemsRequestSchema, type AcknowledgeCrmQueueItemsResponse, type CrmQueueItem, type ListCrmQueueItemsRequestSchema, type TakeCrmQueueItemsRequestSchema, type TakeCrmQueueItemsResponse } from "./leadline/v1/crm_queue_service_pb.js";
import { type DeadLetter } from "./leadline/v1/dead_letter_pb.js";
import { type DeleteDeadLetterRequestSchema, type GetDeadLetterRequestSchema, type ListDeadLettersRequestSchema, type ReplayDeadLetterRequestSchema, type ReplayDeadLetterResponse } from "./leadline/v1/dead_letter_service_pb.js";
import { type TenantKey } from "./leadline/v1/encryption_key_pb.js";
import { type GetTenantKeyRequestSchema, type ListTenantKeysRequestSchema, type RotateTenantKeyRequestSchema, type RotateTenantKeyResponse } from "./leadline/v1/encryption_key_service_pb.js";
import { type Experiment, type ExperimentResult } from "./leadline/v1/experiment_pb.js";
import { type ConcludeExperimentRequestSchema, type CreateExperimentRequestSchema, type GetExperimentRequestSchema, type GetExperimentResultRequestSchema, type ListExperimentsRequestSchema, type StopExperimentRequestSchema } from "./leadline/v1/experiment_service_pb.js";
import { type ApiKey, type IdentityProvider, type Invitation, type OauthClient, type Organization, type Role, type Session, type User } from "./leadline/v1/identity_pb.js";
import { type CreateApiKeyRequestSchema, type CreateIdentityProviderRequestSchema, type CreateInvitationRequestSchema, type CreateOauthClientRequestSchema, type CreateRoleRequestSchema, type DeactivateUserRequestSchema, type DeleteIdentityProviderRequestSchema, type DeleteRoleRequestSchema, type GetOrganizationRequestSchema, type GetRoleRequestSchema, type GetUserRequestSchema, type ListApiKeysRequestSchema, type ListIdentityProvidersRequestSchema, type ListInvitationsRequestSchema, type ListOauthClientsRequestSchema, type ListRolesRequestSchema, type ListUsersRequestSchema, type ReactivateUserRequestSchema, type RevokeApiKeyRequestSchema, type RevokeInvitationRequestSchema, type RevokeOauthClientRequestSchema, type RotateApiKeyRequestSchema, type RotateOauthClientRequestSchema, type UpdateIdentityProviderRequestSchema, type UpdateOrganizationRequestSchema, type UpdateRoleRequestSchema, type UpdateUserRequestSchema } from "./leadline/v1/identity_service_pb.js";
import { type ListLeadEventsRequestSchema, type ListLeadScoresRequestSchema, type RecordedEvent } from "./leadline/v1/lead_history_service_pb.js";
import { type Alarm, type DriftReport, type MonitoringPolicy } from "./leadline/v1/monitoring_pb.js";
import { type GetDriftReportRequestSchema, type GetMonitoringPolicyRequestSchema, type ListAlarmsRequestSchema, type UpdateMonitoringPolicyRequestSchema } from "./leadline/v1/monitoring_service_pb.js";
import { type Notification } from "./leadline/v1/notification_pb.js";
import { type CountUnreadNotificationsRequestSchema, type CountUnreadNotificationsResponse, type ListNotificationsRequestSchema, type MarkNotificationsReadRequestSchema, type MarkNotificationsReadResponse } from "./leadline/v1/notification_service_pb.js";
import { type CreateRuleSetRequestSchema, type DeleteRuleSetRequestSchema, type DryRunRuleSetRequestSchema, type DryRunRuleSetResponse, type GetRuleSetRequestSchema, type ListRuleSetsRequestSchema } from "./leadline/v1/rule_service_pb.js";
import { type RuleSet } from "./leadline/v1/rule_set_pb.js";
import { type Score } from "./leadline/v1/score_pb.js";
import { type TrackingKey } from "./leadline/v1/tracking_pb.js";
import { type CreateTrackingKeyRequestSchema, type DeleteTrackingKeyRequestSchema, type ListTrackingKeysRequestSchema, type SignOpenPixelRequestSchema, type SignOpenPixelResponse } from "./leadline/v1/tracking_service_pb.js";
import { type WebhookDelivery, type Workflow, type WorkflowRun } from "./leadline/v1/workflow_pb.js";
import { type CreateWorkflowRequestSchema, type DeleteWorkflowRequestSchema, type DisableWorkflowRequestSchema, type DryRunWorkflowRequestSchema, type DryRunWorkflowResponse, type EnableWorkflowRequestSchema, type GetWebhookDeliveryRequestSchema, type GetWorkflowRequestSchema, type ListWebhookDeliveriesRequestSchema, type ListWorkflowRunsRequestSchema, type ListWorkflowsRequestSchema, type ReplayWebhookDeliveryRequestSchema, type RotateWebhookSecretRequestSchema, type RotateWebhookSecretResponse, type UpdateWorkflowRequestSchema } from "./leadline/v1/workflow_service_pb.js";

/** What a `Client` inherits. A service's part of the contract is loaded with the first call of one of its methods. */
export abstract class ContractMethods {
  /** Gives a client of any service of the contract. */
  abstract service<Service extends DescService>(service: Service): ServiceClient<Service>;

  /** Gives a handle of an operation that makes such a message. */
  protected abstract operationOf<Result>(message: OperationMessage, result: DescMessage): Operation<Result>;

  async #AuditService() {
    const { AuditService } = await import("./leadline/v1/audit_service_pb.js");
    return this.service(AuditService);
  }

  async #AuthenticationService() {
    const { AuthenticationService } = await import("./leadline/v1/authentication_service_pb.js");
    return this.service(AuthenticationService);
  }

  async #CrmQueueService() {
    const { CrmQueueService } = await import("./leadline/v1/crm_queue_service_pb.js");
    return this.service(CrmQueueService);
  }

  async #DeadLetterService() {
    const { DeadLetterService } = await import("./leadline/v1/dead_letter_service_pb.js");
    return this.service(DeadLetterService);
  }

  async #EncryptionKeyService() {
    const { EncryptionKeyService } = await import("./leadline/v1/encryption_key_service_pb.js");
    return this.service(EncryptionKeyService);
  }

  async #ExperimentService() {
    const { ExperimentService } = await import("./leadline/v1/experiment_service_pb.js");
    return this.service(ExperimentService);
  }

  async #IdentityService() {
    const { IdentityService } = await import("./leadline/v1/identity_service_pb.js");
    return this.service(IdentityService);
  }

  async #LeadHistoryService() {
    const { LeadHistoryService } = await import("./leadline/v1/lead_history_service_pb.js");
    return this.service(LeadHistoryService);
  }

  async #MonitoringService() {
    const { MonitoringService } = await import("./leadline/v1/monitoring_service_pb.js");
    return this.service(MonitoringService);
  }

  async #NotificationService() {
    const { NotificationService } = await import("./leadline/v1/notification_service_pb.js");
    return this.service(NotificationService);
  }

  async #RuleService() {
    const { RuleService } = await import("./leadline/v1/rule_service_pb.js");
    return this.service(RuleService);
  }

  async #TrackingService() {
    const { TrackingService } = await import("./leadline/v1/tracking_service_pb.js");
    return this.service(TrackingService);
  }

  async #WorkflowService() {
    const { WorkflowService } = await import("./leadline/v1/workflow_service_pb.js");
    return this.service(WorkflowService);
  }

  /** Gives one record. Errors: AUDIT_RECORD_NOT_FOUND. */
  async getAuditRecord(request: MessageInitShape<typeof GetAuditRecordRequestSchema>, options: CallOptions = {}): Promise<AuditRecord> {
    return (await this.#AuditService()).getAuditRecord(request, options);
  }

  /** Lists records. Errors: INVALID_FILTER, INVALID_PAGE_TOKEN. */
  async *listAuditRecords(request: MessageInitShape<typeof ListAuditRecordsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<AuditRecord> {
    const service = await this.#AuditService();
    const fetch = (pageToken: string) => service.listAuditRecords({ ...request, pageToken }, options);
    for await (const { auditRecords } of pages(fetch)) yield* auditRecords;
  }

  /** Gives all records that are sealed when the call begins, the oldest first. Errors: INVALID_FILTER. */
  async *exportAuditRecords(request: MessageInitShape<typeof ExportAuditRecordsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<AuditRecord> {
    const service = await this.#AuditService();
    for await (const { auditRecords } of service.exportAuditRecords(request, options)) yield* auditRecords;
  }

  /** Walks the chain, at most 100,000 records a call, and tells the first record that is not as it was written. */
  async verifyAuditLog(request: MessageInitShape<typeof VerifyAuditLogRequestSchema>, options: CallOptions = {}): Promise<VerifyAuditLogResponse> {
    return (await this.#AuditService()).verifyAuditLog(request, options);
  }

  /**
   * Makes an organization with its first user, who owns it, and logs that user in. A message asks the user to verify
   * the e-mail address. Errors: PASSWORD_REFUSED, LOG_IN_THROTTLED.
   */
  async signUp(request: MessageInitShape<typeof SignUpRequestSchema>, options: CallOptions = {}): Promise<TokenSet> {
    return (await this.#AuthenticationService()).signUp(request, options);
  }

  /**
   * Logs a user in. An unknown address and a wrong password get the same answer, after the same time. Errors:
   * CREDENTIALS_REFUSED, LOG_IN_THROTTLED, ORGANIZATION_AMBIGUOUS.
   */
  async logIn(request: MessageInitShape<typeof LogInRequestSchema>, options: CallOptions = {}): Promise<LogInResponse> {
    return (await this.#AuthenticationService()).logIn(request, options);
  }

  /** Ends a log-in that asked for a second factor. Errors: SECOND_FACTOR_REFUSED, LOG_IN_THROTTLED. */
  async verifySecondFactor(request: MessageInitShape<typeof VerifySecondFactorRequestSchema>, options: CallOptions = {}): Promise<TokenSet> {
    return (await this.#AuthenticationService()).verifySecondFactor(request, options);
  }

  /**
   * Logs a user in who shows an ID token of an OpenID Connect issuer that the organization has named. Errors:
   * ID_TOKEN_REFUSED, LOG_IN_THROTTLED.
   */
  async logInWithIdToken(request: MessageInitShape<typeof LogInWithIdTokenRequestSchema>, options: CallOptions = {}): Promise<TokenSet> {
    return (await this.#AuthenticationService()).logInWithIdToken(request, options);
  }

  /**
   * Gives new tokens for a refresh token, which is used up by it. A refresh token that comes a second time was stolen:
   * its session ends. Errors: REFRESH_TOKEN_REFUSED, REFRESH_TOKEN_REUSED.
   */
  async refreshToken(request: MessageInitShape<typeof RefreshTokenRequestSchema>, options: CallOptions = {}): Promise<TokenSet> {
    return (await this.#AuthenticationService()).refreshToken(request, options);
  }

  /**
   * Sends a message with a token by which the password can be set anew, if the address has an account. The answer is
   * the same if it has none. Errors: LOG_IN_THROTTLED.
   */
  async requestPasswordReset(request: MessageInitShape<typeof RequestPasswordResetRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#AuthenticationService()).requestPasswordReset(request, options);
  }

  /** Sets the password anew and ends all sessions of the user. Errors: ONE_TIME_TOKEN_REFUSED, PASSWORD_REFUSED. */
  async resetPassword(request: MessageInitShape<typeof ResetPasswordRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#AuthenticationService()).resetPassword(request, options);
  }

  /** Takes the token of a message as proof that the e-mail address is the user's. Errors: ONE_TIME_TOKEN_REFUSED. */
  async verifyEmail(request: MessageInitShape<typeof VerifyEmailRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#AuthenticationService()).verifyEmail(request, options);
  }

  /**
   * Makes the account of an invited person and logs them in. Errors: ONE_TIME_TOKEN_REFUSED, PASSWORD_REFUSED,
   * USER_ALREADY_EXISTS.
   */
  async acceptInvitation(request: MessageInitShape<typeof AcceptInvitationRequestSchema>, options: CallOptions = {}): Promise<TokenSet> {
    return (await this.#AuthenticationService()).acceptInvitation(request, options);
  }

  /** Sends the message again that asks the caller to verify the e-mail address. Errors: LOG_IN_THROTTLED. */
  async requestEmailVerification(request: MessageInitShape<typeof RequestEmailVerificationRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#AuthenticationService()).requestEmailVerification(request, options);
  }

  /** Ends the session of this call. Its tokens are refused within seconds. */
  async logOut(request: MessageInitShape<typeof LogOutRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#AuthenticationService()).logOut(request, options);
  }

  /** Ends all sessions of the caller. Their tokens are refused within seconds. */
  async logOutEverywhere(request: MessageInitShape<typeof LogOutEverywhereRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#AuthenticationService()).logOutEverywhere(request, options);
  }

  /** Lists the caller's sessions, the newest first. */
  async *listSessions(request: MessageInitShape<typeof ListSessionsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<Session> {
    const service = await this.#AuthenticationService();
    const fetch = (pageToken: string) => service.listSessions({ ...request, pageToken }, options);
    for await (const { sessions } of pages(fetch)) yield* sessions;
  }

  /** Ends one of the caller's sessions. Errors: SESSION_NOT_FOUND. */
  async revokeSession(request: MessageInitShape<typeof RevokeSessionRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#AuthenticationService()).revokeSession(request, options);
  }

  /**
   * Changes the caller's password and ends their other sessions. Errors: CREDENTIALS_REFUSED, PASSWORD_REFUSED,
   * LOG_IN_THROTTLED.
   */
  async changePassword(request: MessageInitShape<typeof ChangePasswordRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#AuthenticationService()).changePassword(request, options);
  }

  /**
   * Begins to set up a second factor: a secret for an authenticator app, which counts from its confirmation on. Errors:
   * CREDENTIALS_REFUSED, SECOND_FACTOR_ENABLED, LOG_IN_THROTTLED.
   */
  async enrolSecondFactor(request: MessageInitShape<typeof EnrolSecondFactorRequestSchema>, options: CallOptions = {}): Promise<EnrolSecondFactorResponse> {
    return (await this.#AuthenticationService()).enrolSecondFactor(request, options);
  }

  /**
   * Makes the second factor count, once the app shows a right code, and gives recovery codes. Errors:
   * SECOND_FACTOR_REFUSED, SECOND_FACTOR_NOT_ENROLLED, SECOND_FACTOR_ENABLED, LOG_IN_THROTTLED.
   */
  async confirmSecondFactor(request: MessageInitShape<typeof ConfirmSecondFactorRequestSchema>, options: CallOptions = {}): Promise<ConfirmSecondFactorResponse> {
    return (await this.#AuthenticationService()).confirmSecondFactor(request, options);
  }

  /**
   * Takes the second factor away. Errors: CREDENTIALS_REFUSED, SECOND_FACTOR_REFUSED, SECOND_FACTOR_NOT_ENROLLED,
   * LOG_IN_THROTTLED.
   */
  async disableSecondFactor(request: MessageInitShape<typeof DisableSecondFactorRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#AuthenticationService()).disableSecondFactor(request, options);
  }

  /** Lists items, the oldest first, without taking them. Errors: INVALID_PAGE_TOKEN. */
  async *listCrmQueueItems(request: MessageInitShape<typeof ListCrmQueueItemsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<CrmQueueItem> {
    const service = await this.#CrmQueueService();
    const fetch = (pageToken: string) => service.listCrmQueueItems({ ...request, pageToken }, options);
    for await (const { crmQueueItems } of pages(fetch)) yield* crmQueueItems;
  }

  /**
   * Takes the oldest waiting items for a time. What is not acknowledged by then waits again, so that an integration
   * that dies loses nothing.
   */
  async takeCrmQueueItems(request: MessageInitShape<typeof TakeCrmQueueItemsRequestSchema>, options: CallOptions = {}): Promise<TakeCrmQueueItemsResponse> {
    return (await this.#CrmQueueService()).takeCrmQueueItems(request, options);
  }

  /**
   * Ends the work on items: they are never handed out again. Items that are acknowledged already, or do not exist, are
   * passed over.
   */
  async acknowledgeCrmQueueItems(request: MessageInitShape<typeof AcknowledgeCrmQueueItemsRequestSchema>, options: CallOptions = {}): Promise<AcknowledgeCrmQueueItemsResponse> {
    return (await this.#CrmQueueService()).acknowledgeCrmQueueItems(request, options);
  }

  /** Gives one dead letter. Errors: DEAD_LETTER_NOT_FOUND. */
  async getDeadLetter(request: MessageInitShape<typeof GetDeadLetterRequestSchema>, options: CallOptions = {}): Promise<DeadLetter> {
    return (await this.#DeadLetterService()).getDeadLetter(request, options);
  }

  /** Lists dead letters, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listDeadLetters(request: MessageInitShape<typeof ListDeadLettersRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<DeadLetter> {
    const service = await this.#DeadLetterService();
    const fetch = (pageToken: string) => service.listDeadLetters({ ...request, pageToken }, options);
    for await (const { deadLetters } of pages(fetch)) yield* deadLetters;
  }

  /**
   * Tries once more, with a corrected event or with what is kept. Where it succeeds, the dead letter is gone; else it
   * stays, and the error says why: INVALID_REQUEST, LEAD_NOT_FOUND, DEAD_LETTER_NOT_FOUND.
   */
  async replayDeadLetter(request: MessageInitShape<typeof ReplayDeadLetterRequestSchema>, options: CallOptions = {}): Promise<ReplayDeadLetterResponse> {
    return (await this.#DeadLetterService()).replayDeadLetter(request, options);
  }

  /** Deletes a dead letter. Errors: DEAD_LETTER_NOT_FOUND. */
  async deleteDeadLetter(request: MessageInitShape<typeof DeleteDeadLetterRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#DeadLetterService()).deleteDeadLetter(request, options);
  }

  /** Gives one version of the tenant's key. Errors: TENANT_KEY_NOT_FOUND. */
  async getTenantKey(request: MessageInitShape<typeof GetTenantKeyRequestSchema>, options: CallOptions = {}): Promise<TenantKey> {
    return (await this.#EncryptionKeyService()).getTenantKey(request, options);
  }

  /**
   * Lists the versions of the tenant's key, the newest first; none before the tenant has its first lead. Errors:
   * INVALID_PAGE_TOKEN.
   */
  async *listTenantKeys(request: MessageInitShape<typeof ListTenantKeysRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<TenantKey> {
    const service = await this.#EncryptionKeyService();
    const fetch = (pageToken: string) => service.listTenantKeys({ ...request, pageToken }, options);
    for await (const { tenantKeys } of pages(fetch)) yield* tenantKeys;
  }

  /**
   * Gives the tenant's key a new version and wraps the data keys of all leads by it, while leads are read and written.
   * The operation's response is RotateTenantKeyResponse, its metadata OperationMetadata. It ends by retiring the
   * versions before, once no process holds them any more. Cancelled, it leaves several versions in use, and the next
   * rotation goes on with the newest instead of making another. Errors: TENANT_KEY_ROTATING.
   */
  async rotateTenantKey(request: MessageInitShape<typeof RotateTenantKeyRequestSchema>, options: CallOptions = {}): Promise<Operation<RotateTenantKeyResponse>> {
    const { RotateTenantKeyResponseSchema } = await import("./leadline/v1/encryption_key_service_pb.js");
    const message = await (await this.#EncryptionKeyService()).rotateTenantKey(request, options);
    return this.operationOf<RotateTenantKeyResponse>(message, RotateTenantKeyResponseSchema);
  }

  /**
   * Starts an experiment. It ends when it is stopped or concluded, or when the champion changes. A tenant may run one
   * shadow, and beside it one canary or split. Errors: NO_MODEL, MODEL_NOT_FOUND, MODEL_BROKEN, EXPERIMENT_CONFLICT,
   * DEPENDENCY_UNAVAILABLE.
   */
  async createExperiment(request: MessageInitShape<typeof CreateExperimentRequestSchema>, options: CallOptions = {}): Promise<Experiment> {
    return (await this.#ExperimentService()).createExperiment(request, options);
  }

  /** Gives one experiment. Errors: EXPERIMENT_NOT_FOUND. */
  async getExperiment(request: MessageInitShape<typeof GetExperimentRequestSchema>, options: CallOptions = {}): Promise<Experiment> {
    return (await this.#ExperimentService()).getExperiment(request, options);
  }

  /** Lists the tenant's experiments, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listExperiments(request: MessageInitShape<typeof ListExperimentsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<Experiment> {
    const service = await this.#ExperimentService();
    const fetch = (pageToken: string) => service.listExperiments({ ...request, pageToken }, options);
    for await (const { experiments } of pages(fetch)) yield* experiments;
  }

  /**
   * Tells what an experiment shows by the outcomes that are known now, while it runs and afterwards. Errors:
   * EXPERIMENT_NOT_FOUND.
   */
  async getExperimentResult(request: MessageInitShape<typeof GetExperimentResultRequestSchema>, options: CallOptions = {}): Promise<ExperimentResult> {
    return (await this.#ExperimentService()).getExperimentResult(request, options);
  }

  /**
   * Ends an experiment without a decision: the champion makes all scores again. Errors: EXPERIMENT_NOT_FOUND,
   * EXPERIMENT_OVER.
   */
  async stopExperiment(request: MessageInitShape<typeof StopExperimentRequestSchema>, options: CallOptions = {}): Promise<Experiment> {
    return (await this.#ExperimentService()).stopExperiment(request, options);
  }

  /**
   * Ends an experiment by what it shows: a challenger that is better becomes champion, any other does not. Errors:
   * EXPERIMENT_NOT_FOUND, EXPERIMENT_OVER, EXPERIMENT_INCONCLUSIVE, MODEL_BROKEN, DEPENDENCY_UNAVAILABLE.
   */
  async concludeExperiment(request: MessageInitShape<typeof ConcludeExperimentRequestSchema>, options: CallOptions = {}): Promise<Experiment> {
    return (await this.#ExperimentService()).concludeExperiment(request, options);
  }

  /** Gives the caller's organization; `organizations/-` names it too. Errors: ORGANIZATION_NOT_FOUND. */
  async getOrganization(request: MessageInitShape<typeof GetOrganizationRequestSchema>, options: CallOptions = {}): Promise<Organization> {
    return (await this.#IdentityService()).getOrganization(request, options);
  }

  /** Changes the caller's organization. Errors: ORGANIZATION_NOT_FOUND, INVALID_FIELD_MASK. */
  async updateOrganization(request: MessageInitShape<typeof UpdateOrganizationRequestSchema>, options: CallOptions = {}): Promise<Organization> {
    return (await this.#IdentityService()).updateOrganization(request, options);
  }

  /** Gives one user. Errors: USER_NOT_FOUND. */
  async getUser(request: MessageInitShape<typeof GetUserRequestSchema>, options: CallOptions = {}): Promise<User> {
    return (await this.#IdentityService()).getUser(request, options);
  }

  /** Lists the users, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listUsers(request: MessageInitShape<typeof ListUsersRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<User> {
    const service = await this.#IdentityService();
    const fetch = (pageToken: string) => service.listUsers({ ...request, pageToken }, options);
    for await (const { users } of pages(fetch)) yield* users;
  }

  /**
   * Changes a user's name or role. Nobody can give a role with a permission that they lack. Tokens with the old role
   * are refused within seconds. Errors: USER_NOT_FOUND, ROLE_NOT_FOUND, PERMISSION_MISSING, LAST_OWNER,
   * INVALID_FIELD_MASK.
   */
  async updateUser(request: MessageInitShape<typeof UpdateUserRequestSchema>, options: CallOptions = {}): Promise<User> {
    return (await this.#IdentityService()).updateUser(request, options);
  }

  /** Keeps a user from logging in and ends their sessions. Errors: USER_NOT_FOUND, LAST_OWNER, PERMISSION_MISSING. */
  async deactivateUser(request: MessageInitShape<typeof DeactivateUserRequestSchema>, options: CallOptions = {}): Promise<User> {
    return (await this.#IdentityService()).deactivateUser(request, options);
  }

  /** Lets a user log in again. Errors: USER_NOT_FOUND, PERMISSION_MISSING. */
  async reactivateUser(request: MessageInitShape<typeof ReactivateUserRequestSchema>, options: CallOptions = {}): Promise<User> {
    return (await this.#IdentityService()).reactivateUser(request, options);
  }

  /**
   * Invites a person by e-mail. Errors: USER_ALREADY_EXISTS, ROLE_NOT_FOUND, PERMISSION_MISSING, EMAIL_NOT_VERIFIED.
   */
  async createInvitation(request: MessageInitShape<typeof CreateInvitationRequestSchema>, options: CallOptions = {}): Promise<Invitation> {
    return (await this.#IdentityService()).createInvitation(request, options);
  }

  /** Lists the invitations, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listInvitations(request: MessageInitShape<typeof ListInvitationsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<Invitation> {
    const service = await this.#IdentityService();
    const fetch = (pageToken: string) => service.listInvitations({ ...request, pageToken }, options);
    for await (const { invitations } of pages(fetch)) yield* invitations;
  }

  /** Takes an invitation back that waits for its answer. Errors: INVITATION_NOT_FOUND, INVITATION_CLOSED. */
  async revokeInvitation(request: MessageInitShape<typeof RevokeInvitationRequestSchema>, options: CallOptions = {}): Promise<Invitation> {
    return (await this.#IdentityService()).revokeInvitation(request, options);
  }

  /** Makes a role of the organization's own. Errors: PERMISSION_MISSING, ROLE_ALREADY_EXISTS. */
  async createRole(request: MessageInitShape<typeof CreateRoleRequestSchema>, options: CallOptions = {}): Promise<Role> {
    return (await this.#IdentityService()).createRole(request, options);
  }

  /** Gives one role. Errors: ROLE_NOT_FOUND. */
  async getRole(request: MessageInitShape<typeof GetRoleRequestSchema>, options: CallOptions = {}): Promise<Role> {
    return (await this.#IdentityService()).getRole(request, options);
  }

  /** Lists the roles: the built-in ones, then the organization's own, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listRoles(request: MessageInitShape<typeof ListRolesRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<Role> {
    const service = await this.#IdentityService();
    const fetch = (pageToken: string) => service.listRoles({ ...request, pageToken }, options);
    for await (const { roles } of pages(fetch)) yield* roles;
  }

  /**
   * Changes a role of the organization's own. Its holders' tokens are refused within seconds, and have to be renewed.
   * Errors: ROLE_NOT_FOUND, PERMISSION_MISSING, ROLE_ALREADY_EXISTS, INVALID_FIELD_MASK.
   */
  async updateRole(request: MessageInitShape<typeof UpdateRoleRequestSchema>, options: CallOptions = {}): Promise<Role> {
    return (await this.#IdentityService()).updateRole(request, options);
  }

  /** Deletes a role of the organization's own that nobody holds. Errors: ROLE_NOT_FOUND, ROLE_IN_USE. */
  async deleteRole(request: MessageInitShape<typeof DeleteRoleRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#IdentityService()).deleteRole(request, options);
  }

  /**
   * Makes an API key and gives its secret, this once. A repetition with the same idempotency key gives the key without
   * its secret. Errors: PERMISSION_MISSING.
   */
  async createApiKey(request: MessageInitShape<typeof CreateApiKeyRequestSchema>, options: CallOptions = {}): Promise<ApiKey> {
    return (await this.#IdentityService()).createApiKey(request, options);
  }

  /** Lists the API keys, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listApiKeys(request: MessageInitShape<typeof ListApiKeysRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<ApiKey> {
    const service = await this.#IdentityService();
    const fetch = (pageToken: string) => service.listApiKeys({ ...request, pageToken }, options);
    for await (const { apiKeys } of pages(fetch)) yield* apiKeys;
  }

  /** Replaces an API key's secret and gives the new one, this once. Errors: API_KEY_NOT_FOUND, PERMISSION_MISSING. */
  async rotateApiKey(request: MessageInitShape<typeof RotateApiKeyRequestSchema>, options: CallOptions = {}): Promise<ApiKey> {
    return (await this.#IdentityService()).rotateApiKey(request, options);
  }

  /** Ends an API key for good. Tokens got by it are refused within seconds. Errors: API_KEY_NOT_FOUND. */
  async revokeApiKey(request: MessageInitShape<typeof RevokeApiKeyRequestSchema>, options: CallOptions = {}): Promise<ApiKey> {
    return (await this.#IdentityService()).revokeApiKey(request, options);
  }

  /**
   * Makes an OAuth 2.0 client and gives its secret, this once. A repetition with the same idempotency key gives the
   * client without its secret. Errors: PERMISSION_MISSING.
   */
  async createOauthClient(request: MessageInitShape<typeof CreateOauthClientRequestSchema>, options: CallOptions = {}): Promise<OauthClient> {
    return (await this.#IdentityService()).createOauthClient(request, options);
  }

  /** Lists the OAuth 2.0 clients, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listOauthClients(request: MessageInitShape<typeof ListOauthClientsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<OauthClient> {
    const service = await this.#IdentityService();
    const fetch = (pageToken: string) => service.listOauthClients({ ...request, pageToken }, options);
    for await (const { oauthClients } of pages(fetch)) yield* oauthClients;
  }

  /**
   * Replaces a client's secret and gives the new one, this once. Errors: OAUTH_CLIENT_NOT_FOUND, PERMISSION_MISSING.
   */
  async rotateOauthClient(request: MessageInitShape<typeof RotateOauthClientRequestSchema>, options: CallOptions = {}): Promise<OauthClient> {
    return (await this.#IdentityService()).rotateOauthClient(request, options);
  }

  /** Ends a client for good. Its tokens are refused within seconds. Errors: OAUTH_CLIENT_NOT_FOUND. */
  async revokeOauthClient(request: MessageInitShape<typeof RevokeOauthClientRequestSchema>, options: CallOptions = {}): Promise<OauthClient> {
    return (await this.#IdentityService()).revokeOauthClient(request, options);
  }

  /** Lets users log in by an OpenID Connect issuer. Errors: ROLE_NOT_FOUND, PERMISSION_MISSING. */
  async createIdentityProvider(request: MessageInitShape<typeof CreateIdentityProviderRequestSchema>, options: CallOptions = {}): Promise<IdentityProvider> {
    return (await this.#IdentityService()).createIdentityProvider(request, options);
  }

  /** Lists the OpenID Connect issuers, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listIdentityProviders(request: MessageInitShape<typeof ListIdentityProvidersRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<IdentityProvider> {
    const service = await this.#IdentityService();
    const fetch = (pageToken: string) => service.listIdentityProviders({ ...request, pageToken }, options);
    for await (const { identityProviders } of pages(fetch)) yield* identityProviders;
  }

  /**
   * Changes an OpenID Connect issuer. Errors: IDENTITY_PROVIDER_NOT_FOUND, ROLE_NOT_FOUND, PERMISSION_MISSING,
   * INVALID_FIELD_MASK.
   */
  async updateIdentityProvider(request: MessageInitShape<typeof UpdateIdentityProviderRequestSchema>, options: CallOptions = {}): Promise<IdentityProvider> {
    return (await this.#IdentityService()).updateIdentityProvider(request, options);
  }

  /** Ends log-in by an OpenID Connect issuer. Sessions that it began go on. Errors: IDENTITY_PROVIDER_NOT_FOUND. */
  async deleteIdentityProvider(request: MessageInitShape<typeof DeleteIdentityProviderRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#IdentityService()).deleteIdentityProvider(request, options);
  }

  /** Lists the events of a lead, the latest first. Errors: LEAD_NOT_FOUND, INVALID_PAGE_TOKEN. */
  async *listLeadEvents(request: MessageInitShape<typeof ListLeadEventsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<RecordedEvent> {
    const service = await this.#LeadHistoryService();
    const fetch = (pageToken: string) => service.listLeadEvents({ ...request, pageToken }, options);
    for await (const { events } of pages(fetch)) yield* events;
  }

  /**
   * Lists the scores that a lead had, the latest first. A score that told nothing new was not stored. Errors:
   * LEAD_NOT_FOUND, INVALID_PAGE_TOKEN.
   */
  async *listLeadScores(request: MessageInitShape<typeof ListLeadScoresRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<Score> {
    const service = await this.#LeadHistoryService();
    const fetch = (pageToken: string) => service.listLeadScores({ ...request, pageToken }, options);
    for await (const { scores } of pages(fetch)) yield* scores;
  }

  /** Gives what the latest check of a model has found. Errors: NO_MODEL, MODEL_NOT_FOUND, DRIFT_REPORT_NOT_FOUND. */
  async getDriftReport(request: MessageInitShape<typeof GetDriftReportRequestSchema>, options: CallOptions = {}): Promise<DriftReport> {
    return (await this.#MonitoringService()).getDriftReport(request, options);
  }

  /** Lists the tenant's alarms, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listAlarms(request: MessageInitShape<typeof ListAlarmsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<Alarm> {
    const service = await this.#MonitoringService();
    const fetch = (pageToken: string) => service.listAlarms({ ...request, pageToken }, options);
    for await (const { alarms } of pages(fetch)) yield* alarms;
  }

  /** Gives the tenant's policy. */
  async getMonitoringPolicy(request: MessageInitShape<typeof GetMonitoringPolicyRequestSchema>, options: CallOptions = {}): Promise<MonitoringPolicy> {
    return (await this.#MonitoringService()).getMonitoringPolicy(request, options);
  }

  /** Changes the tenant's policy. The champion is checked by it within moments. Errors: INVALID_FIELD_MASK. */
  async updateMonitoringPolicy(request: MessageInitShape<typeof UpdateMonitoringPolicyRequestSchema>, options: CallOptions = {}): Promise<MonitoringPolicy> {
    return (await this.#MonitoringService()).updateMonitoringPolicy(request, options);
  }

  /** Lists the caller's notifications, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listNotifications(request: MessageInitShape<typeof ListNotificationsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<Notification> {
    const service = await this.#NotificationService();
    const fetch = (pageToken: string) => service.listNotifications({ ...request, pageToken }, options);
    for await (const { notifications } of pages(fetch)) yield* notifications;
  }

  /** Counts the caller's unread notifications. */
  async countUnreadNotifications(request: MessageInitShape<typeof CountUnreadNotificationsRequestSchema>, options: CallOptions = {}): Promise<CountUnreadNotificationsResponse> {
    return (await this.#NotificationService()).countUnreadNotifications(request, options);
  }

  /** Marks notifications as read by the caller; those that are read already, or do not exist, are passed over. */
  async markNotificationsRead(request: MessageInitShape<typeof MarkNotificationsReadRequestSchema>, options: CallOptions = {}): Promise<MarkNotificationsReadResponse> {
    return (await this.#NotificationService()).markNotificationsRead(request, options);
  }

  /** Keeps a new version of the rules, which is not active yet. Errors: RULE_INVALID, ETAG_MISMATCH. */
  async createRuleSet(request: MessageInitShape<typeof CreateRuleSetRequestSchema>, options: CallOptions = {}): Promise<RuleSet> {
    return (await this.#RuleService()).createRuleSet(request, options);
  }

  /** Gives one version. Errors: RULE_SET_NOT_FOUND. */
  async getRuleSet(request: MessageInitShape<typeof GetRuleSetRequestSchema>, options: CallOptions = {}): Promise<RuleSet> {
    return (await this.#RuleService()).getRuleSet(request, options);
  }

  /** Lists the versions, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listRuleSets(request: MessageInitShape<typeof ListRuleSetsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<RuleSet> {
    const service = await this.#RuleService();
    const fetch = (pageToken: string) => service.listRuleSets({ ...request, pageToken }, options);
    for await (const { ruleSets } of pages(fetch)) yield* ruleSets;
  }

  /**
   * Deletes a version that was never active. One that was is kept, since scores were made with it that can be replayed.
   * Errors: RULE_SET_NOT_FOUND, RULE_SET_IN_USE.
   */
  async deleteRuleSet(request: MessageInitShape<typeof DeleteRuleSetRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#RuleService()).deleteRuleSet(request, options);
  }

  /**
   * Tells what rules would do, without keeping them: which open leads would change grade, and which conversion would
   * have been seen in each grade among leads with an outcome. Compares them with the rules that are active. Errors:
   * RULE_INVALID, NO_MODEL, DEPENDENCY_UNAVAILABLE.
   */
  async dryRunRuleSet(request: MessageInitShape<typeof DryRunRuleSetRequestSchema>, options: CallOptions = {}): Promise<DryRunRuleSetResponse> {
    return (await this.#RuleService()).dryRunRuleSet(request, options);
  }

  /**
   * Gives the address of an image that records `email_opened` when an e-mail with it is opened: once a day, for 400
   * days. Put the edge's address before it. Errors: LEAD_NOT_FOUND.
   */
  async signOpenPixel(request: MessageInitShape<typeof SignOpenPixelRequestSchema>, options: CallOptions = {}): Promise<SignOpenPixelResponse> {
    return (await this.#TrackingService()).signOpenPixel(request, options);
  }

  /** Makes a key for the pages of a website. */
  async createTrackingKey(request: MessageInitShape<typeof CreateTrackingKeyRequestSchema>, options: CallOptions = {}): Promise<TrackingKey> {
    return (await this.#TrackingService()).createTrackingKey(request, options);
  }

  /** Lists the keys, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listTrackingKeys(request: MessageInitShape<typeof ListTrackingKeysRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<TrackingKey> {
    const service = await this.#TrackingService();
    const fetch = (pageToken: string) => service.listTrackingKeys({ ...request, pageToken }, options);
    for await (const { trackingKeys } of pages(fetch)) yield* trackingKeys;
  }

  /** Deletes a key; what pages send by it is refused from then on. Errors: TRACKING_KEY_NOT_FOUND. */
  async deleteTrackingKey(request: MessageInitShape<typeof DeleteTrackingKeyRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#TrackingService()).deleteTrackingKey(request, options);
  }

  /** Creates a workflow. Errors: INVALID_FILTER, WEBHOOK_TARGET_REFUSED, TOO_MANY_WORKFLOWS. */
  async createWorkflow(request: MessageInitShape<typeof CreateWorkflowRequestSchema>, options: CallOptions = {}): Promise<Workflow> {
    return (await this.#WorkflowService()).createWorkflow(request, options);
  }

  /** Gives one workflow. Errors: WORKFLOW_NOT_FOUND. */
  async getWorkflow(request: MessageInitShape<typeof GetWorkflowRequestSchema>, options: CallOptions = {}): Promise<Workflow> {
    return (await this.#WorkflowService()).getWorkflow(request, options);
  }

  /** Lists the tenant's workflows, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listWorkflows(request: MessageInitShape<typeof ListWorkflowsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<Workflow> {
    const service = await this.#WorkflowService();
    const fetch = (pageToken: string) => service.listWorkflows({ ...request, pageToken }, options);
    for await (const { workflows } of pages(fetch)) yield* workflows;
  }

  /**
   * Changes the fields of a workflow that the mask names. A new trigger starts afresh: what leads did before does not
   * count. Errors: WORKFLOW_NOT_FOUND, ETAG_MISMATCH, INVALID_FIELD_MASK, INVALID_FILTER, WEBHOOK_TARGET_REFUSED.
   */
  async updateWorkflow(request: MessageInitShape<typeof UpdateWorkflowRequestSchema>, options: CallOptions = {}): Promise<Workflow> {
    return (await this.#WorkflowService()).updateWorkflow(request, options);
  }

  /**
   * Deletes a workflow with its history and its webhook deliveries; pending ones are not sent any more. Errors:
   * WORKFLOW_NOT_FOUND, ETAG_MISMATCH.
   */
  async deleteWorkflow(request: MessageInitShape<typeof DeleteWorkflowRequestSchema>, options: CallOptions = {}): Promise<void> {
    await (await this.#WorkflowService()).deleteWorkflow(request, options);
  }

  /** Lets a workflow run, from the next change of a lead on. Errors: WORKFLOW_NOT_FOUND. */
  async enableWorkflow(request: MessageInitShape<typeof EnableWorkflowRequestSchema>, options: CallOptions = {}): Promise<Workflow> {
    return (await this.#WorkflowService()).enableWorkflow(request, options);
  }

  /** Stops a workflow; pending webhook deliveries are still sent. Errors: WORKFLOW_NOT_FOUND. */
  async disableWorkflow(request: MessageInitShape<typeof DisableWorkflowRequestSchema>, options: CallOptions = {}): Promise<Workflow> {
    return (await this.#WorkflowService()).disableWorkflow(request, options);
  }

  /**
   * Tells what a workflow would have done over the recent history of scores, without doing anything. The workflow need
   * not be stored. A `lead_condition` has no history: the leads for which it holds now are told. Errors:
   * INVALID_FILTER.
   */
  async dryRunWorkflow(request: MessageInitShape<typeof DryRunWorkflowRequestSchema>, options: CallOptions = {}): Promise<DryRunWorkflowResponse> {
    return (await this.#WorkflowService()).dryRunWorkflow(request, options);
  }

  /** Lists what workflows did and why, the newest first. Errors: INVALID_PAGE_TOKEN. */
  async *listWorkflowRuns(request: MessageInitShape<typeof ListWorkflowRunsRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<WorkflowRun> {
    const service = await this.#WorkflowService();
    const fetch = (pageToken: string) => service.listWorkflowRuns({ ...request, pageToken }, options);
    for await (const { workflowRuns } of pages(fetch)) yield* workflowRuns;
  }

  /**
   * Makes a new secret, with which the workflow's webhooks are signed from now on, and shows it this once. The secret
   * before signs as well for a while, so that a receiver can take the new one over without refusing anything. A
   * workflow has no secret before the first call; until then its webhooks wait. Errors: WORKFLOW_NOT_FOUND.
   */
  async rotateWebhookSecret(request: MessageInitShape<typeof RotateWebhookSecretRequestSchema>, options: CallOptions = {}): Promise<RotateWebhookSecretResponse> {
    return (await this.#WorkflowService()).rotateWebhookSecret(request, options);
  }

  /** Gives one webhook delivery with its attempts. Errors: WEBHOOK_DELIVERY_NOT_FOUND. */
  async getWebhookDelivery(request: MessageInitShape<typeof GetWebhookDeliveryRequestSchema>, options: CallOptions = {}): Promise<WebhookDelivery> {
    return (await this.#WorkflowService()).getWebhookDelivery(request, options);
  }

  /**
   * Lists webhook deliveries, the newest first, without their attempts: the delivery log, and with `state` DEAD the
   * dead letters. Errors: INVALID_PAGE_TOKEN.
   */
  async *listWebhookDeliveries(request: MessageInitShape<typeof ListWebhookDeliveriesRequestSchema> = {}, options: CallOptions = {}): AsyncGenerator<WebhookDelivery> {
    const service = await this.#WorkflowService();
    const fetch = (pageToken: string) => service.listWebhookDeliveries({ ...request, pageToken }, options);
    for await (const { webhookDeliveries } of pages(fetch)) yield* webhookDeliveries;
  }

  /**
   * Sends a delivery anew, delivered or dead, under its old `webhook-id`. Errors: WEBHOOK_DELIVERY_NOT_FOUND,
   * WEBHOOK_DELIVERY_PENDING.
   */
  async replayWebhookDelivery(request: MessageInitShape<typeof ReplayWebhookDeliveryRequestSchema>, options: CallOptions = {}): Promise<WebhookDelivery> {
    return (await this.#WorkflowService()).replayWebhookDelivery(request, options);
  }
}
