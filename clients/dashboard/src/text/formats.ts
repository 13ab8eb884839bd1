/** Numbers and times as a language writes them. */
import { type Language } from "./texts";

/** A point in time of the contract. */
export interface ContractTime {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** How a language writes numbers and times. */
export interface Formats {
  /** Whether a number goes with the singular. */
  readonly isOne: (value: number) => boolean;
  /** A whole number: 12,345. */
  readonly count: (value: number | bigint) => string;
  /** A share: 0.316 as 31.6 %. */
  readonly percent: (share: number, digits?: number) => string;
  /** A number with so many digits after the point. */
  readonly decimal: (value: number, digits: number) => string;
  /** A number with its sign: +4. */
  readonly signed: (value: number, digits?: number) => string;
  /** How long ago: 3 minutes ago. */
  readonly ago: (moment: Date, now?: number) => string;
  /** Date and time. */
  readonly moment: (moment: Date) => string;
  /** A date. */
  readonly day: (moment: Date) => string;
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 30],
  ["month", 12],
];

/** Gives how a language writes numbers and times. */
export function formatsOf(language: Language): Formats {
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const plural = new Intl.PluralRules(language);
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const moment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
  const fixed = (digits: number, options: Intl.NumberFormatOptions = {}) =>
    new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, ...options });
  return {
    isOne: (value) => plural.select(value) === "one",
    count: (value) => whole.format(value),
    percent: (share, digits = 0) => fixed(digits, { style: "percent" }).format(share),
    decimal: (value, digits) => fixed(digits).format(value),
    signed: (value, digits = 0) => fixed(digits, { signDisplay: "exceptZero" }).format(value),
    ago: (time, now = Date.now()) => {
      let amount = (time.getTime() - now) / 1_000;
      if (Math.abs(amount) < 1) amount = 0;
      for (const [unit, size] of STEPS) {
        if (Math.abs(amount) < size) return relative.format(Math.round(amount), unit);
        amount /= size;
      }
      return relative.format(Math.round(amount), "year");
    },
    moment: (time) => moment.format(time),
    day: (time) => day.format(time),
  };
}

/** Gives a point in time of the contract as JavaScript has it. */
export function dateOf({ seconds, nanos }: ContractTime): Date {
  return new Date(Number(seconds) * 1_000 + Math.floor(nanos / 1e6));
}

/** Gives a point in time as the contract has it: the reverse of `dateOf`. */
export function timeFrom(time: Date): ContractTime {
  const seconds = Math.floor(time.getTime() / 1_000);
  return { seconds: BigInt(seconds), nanos: (time.getTime() - seconds * 1_000) * 1e6 };
}
