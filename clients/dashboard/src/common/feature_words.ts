/** Features of models and types of events as people say them. */
import { useCallback } from "react";

import { en } from "@/text/en";
import { useLanguage } from "@/text/language";
import { type TextKey, type Translate } from "@/text/texts";

const EVENT_FEATURE = /^events\.([a-z][a-z0-9_]*)\.(count|days_since_last|decayed_\d+_days|active_days)$/;
const FIELD_FEATURE = /^(.+)\.(length|days_before_received|day_of_week)$/;

/** Gives a type of event in words: `page_view` as `Page view`. */
export function eventWords(type: string, t: Translate): string {
  const key = `event.${type}`;
  if (key in en) return t(key as TextKey);
  const words = type.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Gives a feature in words: `events.page_view.count` as `Page view, how often`. */
export function featureWords(feature: string, t: Translate): string {
  const [, type, measure = ""] = EVENT_FEATURE.exec(feature) ?? [];
  if (type !== undefined) {
    const days = /\d+/.exec(measure)?.[0] ?? "";
    return t(`feature.${measure.startsWith("decayed") ? "decayed" : (measure as "count")}`, { event: eventWords(type, t), days });
  }
  const [, field, derived] = FIELD_FEATURE.exec(feature) ?? [];
  return field === undefined ? feature : t(`feature.${derived as "length"}`, { field });
}

/** Gives a function that tells features in words. */
export function useFeatureWords(): (feature: string) => string {
  const { t } = useLanguage();
  return useCallback((feature: string) => featureWords(feature, t), [t]);
}
