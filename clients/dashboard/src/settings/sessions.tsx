/** Where the user is logged in. */
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { AuthenticationService } from "leadline-sdk/contract/authentication_service";
import { useState } from "react";

import { Ask } from "@/common/ask";
import { Failure } from "@/common/failure";
import { useNotice } from "@/common/notice";
import { Panel } from "@/common/panel";
import { useClient, useSession } from "@/session/session_context";
import { dateOf } from "@/text/formats";
import { useLanguage, useTexts } from "@/text/language";

import { settingsTexts } from "./texts";

const MOST_SESSIONS = 100;

/** The sessions, the newest first, each of which can be ended. */
export function Sessions() {
  const { formats } = useLanguage();
  const text = useTexts(settingsTexts);
  const service = useClient().service(AuthenticationService);
  const queries = useQueryClient();
  const { end } = useSession();
  const { tell, tellError } = useNotice();
  const [isAsked, setIsAsked] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ["sessions"],
    queryFn: async ({ signal }) => (await service.listSessions({ pageSize: MOST_SESSIONS }, { signal })).sessions,
  });
  const revoke = useMutation({
    mutationFn: (name: string) => service.revokeSession({ name }),
    onSuccess: () => {
      tell(text("sessions.ended"));
    },
    onError: tellError,
    onSettled: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  const endAll = useMutation({
    mutationFn: () => service.logOutEverywhere({}),
    onSuccess: end,
    onError: tellError,
  });
  const everywhere = (
    <Button
      size="small"
      color="error"
      onClick={() => {
        setIsAsked(true);
      }}
    >
      {text("sessions.everywhere")}
    </Button>
  );
  return (
    <Panel title={text("sessions.title")} action={everywhere}>
      <Typography variant="body2" color="textSecondary">
        {text("sessions.text")}
      </Typography>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <Skeleton variant="rounded" height={80} sx={{ mt: 1 }} />}
      <Box component="ul" aria-label={text("sessions.title")} sx={{ listStyle: "none", m: 0, p: 0 }}>
        {data?.map(({ name, userAgent, address, current, createTime, lastRefreshTime }) => (
          <Box component="li" key={name} sx={{ display: "flex", alignItems: "center", gap: 1.5, py: 1.25, borderTop: 1, borderColor: "divider", "&:first-of-type": { borderTop: 0 } }}>
            <Box sx={{ flex: 1, minWidth: 0 }}>
              <Typography variant="body2" noWrap title={userAgent} sx={{ fontWeight: 600 }}>
                {userAgent || address}
              </Typography>
              <Typography variant="caption" color="textSecondary">
                {address} ·{" "}
                {text("sessions.began", {
                  time: createTime ? formats.moment(dateOf(createTime)) : "",
                  renewed: lastRefreshTime ? formats.ago(dateOf(lastRefreshTime)) : text("never"),
                })}
              </Typography>
            </Box>
            {current ? (
              <Chip size="small" color="success" variant="outlined" label={text("sessions.current")} />
            ) : (
              <Button
                size="small"
                onClick={() => {
                  revoke.mutate(name);
                }}
              >
                {text("sessions.end")}
              </Button>
            )}
          </Box>
        ))}
      </Box>
      <Ask
        isOpen={isAsked}
        title={text("sessions.everywhere")}
        text={text("sessions.everywhere.text")}
        action={text("sessions.everywhere")}
        isBusy={endAll.isPending}
        cancel={() => {
          setIsAsked(false);
        }}
        confirm={() => {
          endAll.mutate();
        }}
      />
    </Panel>
  );
}
