/** The programs that may call: by API keys, or as OAuth clients. */
import Box from "@mui/material/Box";
import { type OauthClient } from "leadline-sdk/contract/identity";

import { timeFrom } from "@/text/formats";

import { Credentials } from "./credentials";
import { useApiKeys, useIdentityService, useOauthClients } from "./use_identity";

/** For how long the secret before works beside a new one. */
const OVERLAP = { seconds: 86_400n };

/** The keys, then the clients. */
export function Programs() {
  const service = useIdentityService();
  const keys = useApiKeys();
  const clients = useOauthClients();
  return (
    <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0,1fr)", gap: { xs: 2, md: 2.5 } }}>
      <Credentials
        kind="keys"
        list={keys}
        identify={({ prefix }) => `${prefix}…`}
        create={async ({ end, ...told }) => [(await service.createApiKey({ apiKey: { ...told, ...(end && { expireTime: timeFrom(end) }) } })).secret]}
        rotate={async (name) => [(await service.rotateApiKey({ name, overlap: OVERLAP })).secret]}
        revoke={(name) => service.revokeApiKey({ name })}
      />
      <Credentials
        kind="clients"
        list={clients}
        identify={({ clientId }) => clientId}
        create={async ({ displayName, permissions }) => shown(await service.createOauthClient({ oauthClient: { displayName, permissions } }))}
        rotate={async (name) => shown(await service.rotateOauthClient({ name, overlap: OVERLAP }))}
        revoke={(name) => service.revokeOauthClient({ name })}
      />
    </Box>
  );
}

/** Gives what a program needs for its tokens. */
function shown({ clientId, clientSecret }: OauthClient): readonly string[] {
  return [`token_url=${window.location.origin}/oauth/token`, `client_id=${clientId}`, `client_secret=${clientSecret}`];
}
