/** The organization: its name, what it asks of its users, whose web pages may call, and by whom users log in. */
import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Checkbox from "@mui/material/Checkbox";
import FormControlLabel from "@mui/material/FormControlLabel";
import Skeleton from "@mui/material/Skeleton";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Organization as OrganizationMessage } from "leadline-sdk/contract/identity";
import { type SyntheticEvent, useState } from "react";

import { useErrorText } from "@/common/error_text";
import { Failure } from "@/common/failure";
import { TextInput } from "@/common/fields";
import { linesOf } from "@/common/lines";
import { useNotice } from "@/common/notice";
import { Panel } from "@/common/panel";
import { useIdentityService, useOrganization } from "@/settings/use_identity";
import { useLanguage, useTexts } from "@/text/language";

import { Providers } from "./providers";
import { organizationTexts } from "./texts";

/** Its own values, then the issuers. */
export function Organization() {
  const text = useTexts(organizationTexts);
  const { data, error, refetch } = useOrganization();
  return (
    <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0,1fr)", gap: { xs: 2, md: 2.5 } }}>
      <Panel title={text("title")}>
        {error && <Failure error={error} retry={() => void refetch()} />}
        {!data && !error && <Skeleton variant="rounded" height={260} />}
        {data && <OrganizationForm organization={data} />}
      </Panel>
      <Providers />
    </Box>
  );
}

function OrganizationForm({ organization }: { readonly organization: OrganizationMessage }) {
  const { t } = useLanguage();
  const text = useTexts(organizationTexts);
  const errorText = useErrorText();
  const service = useIdentityService();
  const queries = useQueryClient();
  const { tell } = useNotice();
  const [displayName, setDisplayName] = useState(organization.displayName);
  const [isFactorRequired, setIsFactorRequired] = useState(organization.secondFactorRequired);
  const [origins, setOrigins] = useState(organization.allowedOrigins.join("\n"));
  const save = useMutation({
    mutationFn: () =>
      service.updateOrganization({
        organization: { name: organization.name, displayName: displayName.trim(), secondFactorRequired: isFactorRequired, allowedOrigins: linesOf(origins) },
        updateMask: { paths: ["display_name", "second_factor_required", "allowed_origins"] },
      }),
    onSuccess: (changed) => {
      queries.setQueryData(["organization"], changed);
      setOrigins(changed.allowedOrigins.join("\n"));
      tell(text("saved"));
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Box component="form" onSubmit={submit} sx={{ display: "grid", gap: 2, maxWidth: 560, gridTemplateColumns: "minmax(0,1fr)" }}>
      <TextInput label={text("name")} isRequired value={displayName} change={setDisplayName} input={{ maxLength: 128 }} />
      <FormControlLabel
        label={text("factor")}
        control={
          <Checkbox
            checked={isFactorRequired}
            onChange={(event) => {
              setIsFactorRequired(event.target.checked);
            }}
          />
        }
      />
      <TextInput
        label={text("origins")}
        help={text("origins.help")}
        placeholder="https://crm.example.com"
        lines={2}
        value={origins}
        change={setOrigins}
        input={{ spellCheck: false, autoCapitalize: "off", dir: "ltr" }}
      />
      {save.error && <Alert severity="error">{errorText(save.error)}</Alert>}
      <Button type="submit" variant="contained" loading={save.isPending} sx={{ justifySelf: "start" }}>
        {t("common.save")}
      </Button>
    </Box>
  );
}
