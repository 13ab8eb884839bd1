/** Charts in the colours of the theme. Each has words for those who can't see it. */
import Box from "@mui/material/Box";
import { useTheme } from "@mui/material/styles";
import {
  Chart as ChartJs,
  type ChartConfiguration,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from "chart.js";
import { useEffect, useRef } from "react";

ChartJs.register(Legend, LinearScale, LineController, LineElement, PointElement, Tooltip);

interface ChartProps {
  readonly configuration: ChartConfiguration;
  /** What the chart shows, in words. */
  readonly label: string;
  readonly height: number;
}

/** Draws a chart, and draws it anew when it changes. */
export function Chart({ configuration, label, height }: ChartProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  useEffect(() => {
    if (!canvas.current) return undefined;
    ChartJs.defaults.color = theme.palette.text.secondary;
    ChartJs.defaults.borderColor = theme.palette.gridline;
    ChartJs.defaults.font.family = theme.typography.fontFamily ?? "sans-serif";
    ChartJs.defaults.maintainAspectRatio = false;
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) ChartJs.defaults.animation = false;
    const chart = new ChartJs(canvas.current, configuration);
    return () => {
      chart.destroy();
    };
  }, [configuration, theme]);
  return (
    <Box sx={{ position: "relative" }} style={{ height }}>
      <canvas ref={canvas} role="img" aria-label={label} />
    </Box>
  );
}
