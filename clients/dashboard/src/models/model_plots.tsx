/** The pictures of a model's evaluation. */
import Box from "@mui/material/Box";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { type Plot } from "leadline-sdk";
import { useEffect, useState } from "react";

import { Failure } from "@/common/failure";
import { Panel } from "@/common/panel";
import { useClient } from "@/session/session_context";
import { useLanguage } from "@/text/language";
import { en } from "@/text/en";
import { type TextKey } from "@/text/texts";

/** All pictures of a model. */
export function ModelPlots({ name }: { readonly name: string }) {
  const { t } = useLanguage();
  const client = useClient();
  const { data, error, refetch } = useQuery({
    queryKey: ["plots", name],
    queryFn: ({ signal }) => client.getModelPlots(name, { signal, timeoutMs: 30_000 }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Panel title={t("models.plots")}>
      {error && <Failure error={error} retry={() => void refetch()} />}
      <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 300px), 1fr))" }}>
        {!data && !error && [0, 1, 2].map((place) => <Skeleton key={place} variant="rounded" height={230} />)}
        {data?.map((plot) => <PlotPicture key={plot.kind} plot={plot} />)}
      </Box>
    </Panel>
  );
}

function PlotPicture({ plot }: { readonly plot: Plot }) {
  const { t } = useLanguage();
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([plot.png as BlobPart], { type: "image/png" }));
    setUrl(made);
    return () => {
      URL.revokeObjectURL(made);
    };
  }, [plot]);
  const key = `models.plot.${plot.kind}`;
  const title = key in en ? t(key as TextKey) : "";
  return (
    <Box component="figure" sx={{ m: 0 }}>
      <Box
        component="img"
        src={url}
        alt={title}
        loading="lazy"
        sx={{ width: "100%", borderRadius: 3, bgcolor: "#fff", border: 1, borderColor: "divider", display: "block" }}
      />
      <Typography component="figcaption" variant="caption" color="textSecondary">
        {title}
      </Typography>
    </Box>
  );
}
