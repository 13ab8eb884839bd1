/** The organization, who may log in to it, and what may call for it. */
import { useQuery } from "@tanstack/react-query";
import { pages } from "leadline-sdk";
import { type ApiKey, type IdentityProvider, type Invitation, type OauthClient, type Role, type User } from "leadline-sdk/contract/identity";
import { IdentityService } from "leadline-sdk/contract/identity_service";

import { useClient } from "@/session/session_context";

const A_PAGE = 200;
/** More are not listed here. */
const MOST = 1_000;

/** Gives the service of users and credentials. */
export function useIdentityService() {
  return useClient().service(IdentityService);
}

/** Gives the users, the newest first. */
export function useUsers() {
  const service = useIdentityService();
  return useQuery<User[]>({
    queryKey: ["users"],
    queryFn: ({ signal }) => all((pageToken) => service.listUsers({ pageToken, pageSize: A_PAGE }, { signal }), ({ users }) => users),
  });
}

/** Gives the invitations, the newest first. */
export function useInvitations() {
  const service = useIdentityService();
  return useQuery<Invitation[]>({
    queryKey: ["invitations"],
    queryFn: ({ signal }) => all((pageToken) => service.listInvitations({ pageToken, pageSize: A_PAGE }, { signal }), ({ invitations }) => invitations),
  });
}

/** Gives the roles, the built-in ones first. */
export function useRoles() {
  const service = useIdentityService();
  return useQuery<Role[]>({
    queryKey: ["roles"],
    queryFn: ({ signal }) => all((pageToken) => service.listRoles({ pageToken, pageSize: A_PAGE }, { signal }), ({ roles }) => roles),
  });
}

/** Gives the API keys, the newest first. */
export function useApiKeys() {
  const service = useIdentityService();
  return useQuery<ApiKey[]>({
    queryKey: ["apiKeys"],
    queryFn: ({ signal }) => all((pageToken) => service.listApiKeys({ pageToken, pageSize: A_PAGE }, { signal }), ({ apiKeys }) => apiKeys),
  });
}

/** Gives the OAuth clients, the newest first. */
export function useOauthClients() {
  const service = useIdentityService();
  return useQuery<OauthClient[]>({
    queryKey: ["oauthClients"],
    queryFn: ({ signal }) => all((pageToken) => service.listOauthClients({ pageToken, pageSize: A_PAGE }, { signal }), ({ oauthClients }) => oauthClients),
  });
}

/** Gives the issuers by whose tokens users log in, the newest first. */
export function useIdentityProviders() {
  const service = useIdentityService();
  return useQuery<IdentityProvider[]>({
    queryKey: ["identityProviders"],
    queryFn: ({ signal }) => all((pageToken) => service.listIdentityProviders({ pageToken, pageSize: A_PAGE }, { signal }), ({ identityProviders }) => identityProviders),
  });
}

/** Gives the organization of whoever is logged in. */
export function useOrganization() {
  const service = useIdentityService();
  return useQuery({ queryKey: ["organization"], queryFn: ({ signal }) => service.getOrganization({ name: "organizations/-" }, { signal }) });
}

async function all<Page extends { nextPageToken: string }, Item>(fetch: (pageToken: string) => Promise<Page>, items: (page: Page) => Item[]): Promise<Item[]> {
  const found: Item[] = [];
  for await (const page of pages(fetch)) {
    found.push(...items(page));
    if (found.length >= MOST) break;
  }
  return found;
}
