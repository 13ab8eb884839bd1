/** A list from the server, in each of its states. */
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";

import { Failure } from "./failure";
import { Rows } from "./rows";

interface ListingProps<Item> {
  readonly label: string;
  /** Said where there is nothing yet: what it is good for. */
  readonly empty: string;
  readonly list: { readonly data?: readonly Item[] | undefined; readonly error: unknown; readonly refetch: () => unknown };
  readonly row: (item: Item) => ReactNode;
}

/** Its rows; before they are there, a sign of life; what is wrong, or that there are none. */
export function Listing<Item>({ label, empty, list: { data, error, refetch }, row }: ListingProps<Item>) {
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton variant="rounded" height={100} sx={{ mt: 1 }} />;
  if (data.length === 0) {
    return (
      <Typography variant="body2" sx={{ mt: 1 }}>
        {empty}
      </Typography>
    );
  }
  return <Rows label={label}>{data.map(row)}</Rows>;
}
