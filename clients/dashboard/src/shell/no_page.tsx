/** Where an address leads nowhere. */
import Button from "@mui/material/Button";
import NextLink from "next/link";

import { EmptyState } from "@/common/empty_state";
import { SearchIcon } from "@/common/icons";
import { useLanguage } from "@/text/language";

/** Says so, and leads back. */
export function NoPage() {
  const { t } = useLanguage();
  return (
    <EmptyState
      icon={<SearchIcon />}
      title={t("noPage.title")}
      text={t("noPage.text")}
      action={
        <Button component={NextLink} prefetch={false} href="/" variant="contained">
          {t("lead.back")}
        </Button>
      }
    />
  );
}
