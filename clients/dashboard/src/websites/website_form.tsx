/** A key for a website while it is written. */
import { useMutation } from "@tanstack/react-query";
import { TrackingService } from "leadline-sdk/contract/tracking_service";
import { useState } from "react";

import { TextInput } from "@/common/fields";
import { FormDialog } from "@/common/form_dialog";
import { linesOf } from "@/common/lines";
import { useClient } from "@/session/session_context";
import { useTexts } from "@/text/language";

import { websiteTexts } from "./texts";

/** Which website it is, and where its pages are. */
export function WebsiteForm({ close }: { readonly close: () => void }) {
  const text = useTexts(websiteTexts);
  const service = useClient().service(TrackingService);
  const [displayName, setDisplayName] = useState("");
  const [origins, setOrigins] = useState("");
  const create = useMutation({
    mutationFn: () => service.createTrackingKey({ trackingKey: { displayName: displayName.trim(), allowedOrigins: linesOf(origins) } }),
    onSuccess: close,
  });
  return (
    <FormDialog title={text("new")} action={text("create")} isBusy={create.isPending} error={create.error} close={close} submit={create.mutate}>
      <TextInput label={text("name")} isRequired hasFocus value={displayName} change={setDisplayName} input={{ maxLength: 128 }} />
      <TextInput
        label={text("origins")}
        help={text("origins.help")}
        placeholder="https://www.example.com"
        lines={2}
        isRequired
        value={origins}
        change={setOrigins}
        input={{ spellCheck: false, autoCapitalize: "off", dir: "ltr" }}
      />
    </FormDialog>
  );
}
