/** What the browser keeps for us between visits; where it keeps nothing, until the page is closed. */

const memory = new Map<string, string>();
const PREFIX = "leadline.";

/** Gives the browser's storage; undefined where pages may keep nothing. */
function storage(): Storage | undefined {
  try {
    const kept = window.localStorage;
    kept.setItem(`${PREFIX}probe`, "1");
    kept.removeItem(`${PREFIX}probe`);
    return kept;
  } catch {
    // Private modes and company policies forbid it by an exception, even on reading.
    return undefined;
  }
}

/** Tells whether settings outlive the page. */
export function isStoragePersistent(): boolean {
  return storage() !== undefined;
}

/** Gives a setting; undefined if there is none. */
export function readSetting(name: string): string | undefined {
  const kept = storage();
  return (kept ? kept.getItem(PREFIX + name) : memory.get(name)) ?? undefined;
}

/** Keeps a setting; undefined forgets it. */
export function writeSetting(name: string, value: string | undefined): void {
  const kept = storage();
  if (value === undefined) {
    kept?.removeItem(PREFIX + name);
    memory.delete(name);
  } else if (kept) {
    kept.setItem(PREFIX + name, value);
  } else {
    memory.set(name, value);
  }
}
