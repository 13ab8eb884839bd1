/** The image that tells when an e-mail to a lead is opened. */
import { useMutation } from "@tanstack/react-query";
import Typography from "@mui/material/Typography";
import { TrackingService } from "leadline-sdk/contract/tracking_service";
import { useState } from "react";

import { CopyBlock } from "@/common/copying";
import { TextInput } from "@/common/fields";
import { FormDialog } from "@/common/form_dialog";
import { useClient } from "@/session/session_context";
import { useTexts } from "@/text/language";

import { websiteTexts } from "./texts";

interface MailImageProps {
  /** The lead to whom the e-mail goes, `leads/{lead}`. */
  readonly lead: string;
  readonly close: () => void;
}

/** Asks which e-mail it is, then shows what to put into it. */
export function MailImage({ lead, close }: MailImageProps) {
  const text = useTexts(websiteTexts);
  const service = useClient().service(TrackingService);
  const [message, setMessage] = useState("");
  const sign = useMutation({ mutationFn: () => service.signOpenPixel({ lead, message: message.trim() }) });
  return (
    <FormDialog title={text("image.title")} action={text("image.make")} isBusy={sign.isPending} error={sign.error} close={close} submit={sign.mutate}>
      <Typography variant="body2" color="textSecondary">
        {text("image.text")}
      </Typography>
      <TextInput label={text("image.message")} hasFocus value={message} change={setMessage} input={{ maxLength: 128 }} />
      {sign.data && <CopyBlock label={text("image.code")} text={`<img src="${window.location.origin}${sign.data.path}" width="1" height="1" alt="">`} />}
    </FormDialog>
  );
}
