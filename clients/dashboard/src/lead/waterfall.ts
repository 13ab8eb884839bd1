/** From the average lead to this one, reason by reason. */
import { type Attribution, type Score } from "leadline-sdk";

/** One bar of the waterfall: from one probability to another. */
export interface WaterfallStep {
  /** Undefined for the two ends and for what is left over. */
  readonly attribution: Attribution | undefined;
  readonly kind: "start" | "reason" | "rest" | "end";
  /** 0 to 1. */
  readonly from: number;
  /** 0 to 1. */
  readonly to: number;
  /** How many attributions the step holds. */
  readonly count: number;
}

/** Gives the probability of log-odds. */
export function probabilityOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

/**
 * Gives the steps of a score: attributions add up in log-odds, so each is shown as the probability before and after it,
 * in the order of their strength.
 *
 * @param most How many reasons have a bar of their own; the others share one.
 */
export function waterfall({ attributions, baseLogOdds, logOdds }: Score, most: number): WaterfallStep[] {
  const start = probabilityOf(baseLogOdds);
  const steps: WaterfallStep[] = [{ attribution: undefined, kind: "start", from: 0, to: start, count: 0 }];
  const strongest = [...attributions].sort((left, right) => Math.abs(right.logOdds) - Math.abs(left.logOdds));
  const shown = strongest.length > most + 1 ? strongest.slice(0, most) : strongest;
  let reached = baseLogOdds;
  for (const attribution of shown) {
    const from = probabilityOf(reached);
    reached += attribution.logOdds;
    steps.push({ attribution, kind: "reason", from, to: probabilityOf(reached), count: 1 });
  }
  const end = probabilityOf(logOdds);
  if (shown.length < strongest.length) {
    const count = strongest.length - shown.length;
    steps.push({ attribution: undefined, kind: "rest", from: probabilityOf(reached), to: end, count });
  }
  steps.push({ attribution: undefined, kind: "end", from: 0, to: end, count: 0 });
  return steps;
}

/** What part of the probabilities a waterfall shows. */
export interface WaterfallScale {
  /** 0 to 1. */
  readonly lowest: number;
  /** 0 to 1, above `lowest`. */
  readonly highest: number;
  /** Round probabilities between both, in order. */
  readonly ticks: readonly number[];
}

const TICK_STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25];
const MOST_TICKS = 5;
const MARGIN = 0.04;

/** Gives the scale on which all steps are seen, with a margin at both sides. */
export function scaleOf(steps: readonly WaterfallStep[]): WaterfallScale {
  const reached = steps.map(({ to }) => to);
  const lowest = Math.max(0, Math.min(...reached) - MARGIN);
  const highest = Math.min(1, Math.max(...reached) + MARGIN);
  const step = TICK_STEPS.find((size) => (highest - lowest) / size <= MOST_TICKS) ?? 0.25;
  const first = Math.ceil(lowest / step);
  const count = Math.floor(highest / step) - first + 1;
  return { lowest, highest, ticks: Array.from({ length: count }, (_, place) => (first + place) * step) };
}
