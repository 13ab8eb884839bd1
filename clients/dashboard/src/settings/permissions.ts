/** Permissions in words, and which of them a token has. */
import { Permission } from "leadline-sdk/contract/permission";

const ALL = Object.values(Permission).filter((value): value is Permission => typeof value === "number" && value !== Permission.UNSPECIFIED);

/** Gives a permission in words: `leads pii read`. */
export function permissionWords(permission: Permission): string {
  return (Permission[permission] as string | undefined)?.toLowerCase().replaceAll("_", " ") ?? String(permission);
}

/** Gives the permissions that a token's scopes name, such as `leads.pii.read`. */
export function permissionsOf(scopes: readonly string[]): Permission[] {
  const held = new Set(scopes.map(letters));
  return ALL.filter((permission) => held.has(letters(permissionWords(permission))));
}

function letters(text: string): string {
  return text.replace(/[^a-z]/g, "");
}
