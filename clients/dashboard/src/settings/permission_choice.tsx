/** What somebody or something may do, to tick. */
import Box from "@mui/material/Box";
import Checkbox from "@mui/material/Checkbox";
import FormControlLabel from "@mui/material/FormControlLabel";
import Typography from "@mui/material/Typography";
import { Permission } from "leadline-sdk/contract/permission";
import { useMemo } from "react";

import { scopesOf } from "@/session/session";
import { useSession } from "@/session/session_context";

import { permissionsOf, permissionWords } from "./permissions";

/** Gives what whoever is logged in may do: nobody can give more. */
export function useHeldPermissions(): readonly Permission[] {
  const { session } = useSession();
  return useMemo(() => permissionsOf(session ? scopesOf(session.tokens) : []), [session]);
}

interface PermissionChoiceProps {
  readonly label: string;
  readonly offered: readonly Permission[];
  readonly chosen: readonly Permission[];
  readonly change: (chosen: readonly Permission[]) => void;
}

/** The permissions, one box each, by what they are about. */
export function PermissionChoice({ label, offered, chosen, change }: PermissionChoiceProps) {
  const groups = useMemo(() => {
    const found = new Map<string, { permission: Permission; words: string }[]>();
    for (const permission of offered) {
      const words = permissionWords(permission);
      const action = words.slice(words.lastIndexOf(" ") + 1);
      const about = words.slice(0, -action.length).trim();
      found.set(about, [...(found.get(about) ?? []), { permission, words: action }]);
    }
    return [...found].sort(([left], [right]) => left.localeCompare(right));
  }, [offered]);
  return (
    <Box role="group" aria-label={label}>
      <Typography variant="h3">{label}</Typography>
      <Box sx={{ display: "grid", columnGap: 3, gridTemplateColumns: { xs: "minmax(0,1fr)", sm: "repeat(2, minmax(0,1fr))" } }}>
        {groups.map(([about, permissions]) => (
          <Box key={about} role="group" aria-label={about} sx={{ display: "flex", alignItems: "center", borderTop: 1, borderColor: "divider" }}>
            <Typography variant="body2" sx={{ flex: 1, "&::first-letter": { textTransform: "uppercase" } }}>
              {about}
            </Typography>
            {permissions.map(({ permission, words }) => (
              <FormControlLabel
                key={permission}
                label={words}
                slotProps={{ typography: { variant: "caption" } }}
                sx={{ mr: 0.5 }}
                control={
                  <Checkbox
                    size="small"
                    checked={chosen.includes(permission)}
                    onChange={(event) => {
                      change(event.target.checked ? [...chosen, permission] : chosen.filter((other) => other !== permission));
                    }}
                  />
                }
              />
            ))}
          </Box>
        ))}
      </Box>
    </Box>
  );
}
