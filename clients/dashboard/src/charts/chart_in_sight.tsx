/** Charts that are loaded with their library when they come into sight. */
import Box from "@mui/material/Box";
import dynamic from "next/dynamic";
import { type ComponentProps, useEffect, useRef, useState } from "react";

const Chart = dynamic(() => import("./chart").then((module) => module.Chart), { ssr: false });
/** Begins a little before: by the time that one looks, it is drawn. */
const MARGIN = "80px";

/** Keeps the chart's place until then. */
export function ChartInSight(props: ComponentProps<typeof Chart>) {
  const place = useRef<HTMLDivElement>(null);
  const [isInSight, setIsInSight] = useState(false);
  useEffect(() => {
    if (!place.current) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) {
          setIsInSight(true);
          observer.disconnect();
        }
      },
      { rootMargin: MARGIN },
    );
    observer.observe(place.current);
    return () => {
      observer.disconnect();
    };
  }, []);
  return (
    <Box ref={place} style={{ height: props.height }}>
      {isInSight && <Chart {...props} />}
    </Box>
  );
}
