/** The choice of the language. */
import Button from "@mui/material/Button";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import { useState } from "react";

import { useLanguage } from "@/text/language";
import { type Language, LANGUAGES } from "@/text/texts";

/** A button with the present language, and the others behind it. */
export function LanguageMenu() {
  const { t, language, choose } = useLanguage();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const close = (): void => {
    setAnchor(null);
  };
  return (
    <>
      <Button
        size="small"
        color="inherit"
        aria-haspopup="menu"
        aria-label={`${language.toUpperCase()}: ${t("nav.language")}, ${LANGUAGES[language]}`}
        sx={{ minWidth: 40, color: "text.secondary" }}
        onClick={(event) => {
          setAnchor(event.currentTarget);
        }}
      >
        {language.toUpperCase()}
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={close}>
        {(Object.keys(LANGUAGES) as Language[]).map((name) => (
          <MenuItem
            key={name}
            lang={name}
            selected={name === language}
            onClick={() => {
              choose(name);
              close();
            }}
          >
            {LANGUAGES[name]}
          </MenuItem>
        ))}
      </Menu>
    </>
  );
}
