/** A workflow while it is written: texts as they are typed, and how they become a workflow of the contract. */
import { fromFieldValue, Grade, toFieldValue } from "leadline-sdk";
import { Direction, type Workflow, type WorkflowAction } from "leadline-sdk/contract/workflow";

import { type GradeLetter } from "@/common/grade";

export const TRIGGER_KINDS = ["score", "grade", "movement", "condition"] as const;
/** What sets a workflow off. */
export type TriggerKind = (typeof TRIGGER_KINDS)[number];
export const ACTION_KINDS = ["notify", "webhook", "assignOwner", "setField", "addToCrmQueue"] as const;
/** What a workflow does. */
export type ActionKind = (typeof ACTION_KINDS)[number];
/** Which way a score or a grade moves. */
export type Way = "UP" | "DOWN";

/** An action while it is written; what other kinds need is kept while another kind is chosen. */
export interface ActionDraft {
  readonly key: number;
  readonly kind: ActionKind;
  readonly text: string;
  readonly recipients: string;
  readonly notifyOwner: boolean;
  readonly url: string;
  readonly owners: string;
  readonly reassign: boolean;
  readonly field: string;
  readonly value: string;
  readonly queue: string;
}

/** A workflow while it is written. */
export interface Draft {
  readonly displayName: string;
  readonly kind: TriggerKind;
  readonly way: Way;
  readonly threshold: string;
  readonly hysteresis: string;
  readonly grade: Exclude<GradeLetter, "none">;
  readonly points: string;
  readonly hours: string;
  readonly filter: string;
  readonly actions: readonly ActionDraft[];
  readonly coolDownHours: string;
}

const SECONDS_AN_HOUR = 3_600;
const WAYS = { UP: Direction.UP, DOWN: Direction.DOWN } as const;
let lastKey = 0;

/** Gives an action as it is offered. */
export function newAction(): ActionDraft {
  lastKey += 1;
  return {
    key: lastKey,
    kind: "notify",
    text: "$lead is hot: $score",
    recipients: "",
    notifyOwner: false,
    url: "https://",
    owners: "",
    reassign: false,
    field: "",
    value: "",
    queue: "",
  };
}

/** Gives a workflow as it is offered. */
export function newDraft(): Draft {
  return {
    displayName: "",
    kind: "score",
    way: "UP",
    threshold: "75",
    hysteresis: "10",
    grade: "A",
    points: "20",
    hours: "24",
    filter: "status = OPEN AND score >= 70",
    actions: [newAction()],
    coolDownHours: "24",
  };
}

/** Gives a stored workflow to be changed. */
export function draftOf(workflow: Workflow): Draft {
  const draft = { ...newDraft(), displayName: workflow.displayName, actions: workflow.actions.map(actionOf) };
  const coolDownHours = String(Number(workflow.coolDown?.seconds ?? 0n) / SECONDS_AN_HOUR);
  const trigger = workflow.trigger?.kind;
  switch (trigger?.case) {
    case "scoreCrossing":
      return {
        ...draft,
        coolDownHours,
        kind: "score",
        way: wayOf(trigger.value.direction),
        threshold: String(trigger.value.threshold),
        hysteresis: String(trigger.value.hysteresis),
      };
    case "gradeCrossing":
      return { ...draft, coolDownHours, kind: "grade", way: wayOf(trigger.value.direction), grade: letterOf(trigger.value.grade) };
    case "scoreMovement":
      return {
        ...draft,
        coolDownHours,
        kind: "movement",
        way: wayOf(trigger.value.direction),
        points: String(trigger.value.points),
        hours: String(Number(trigger.value.within?.seconds ?? 0n) / SECONDS_AN_HOUR),
      };
    case "leadCondition":
      return { ...draft, coolDownHours, kind: "condition", filter: trigger.value.filter };
    default:
      return { ...draft, coolDownHours };
  }
}

function actionOf({ kind }: WorkflowAction): ActionDraft {
  const draft = newAction();
  switch (kind.case) {
    case "notify":
      return { ...draft, kind: "notify", text: kind.value.text, recipients: kind.value.recipients.join(", "), notifyOwner: kind.value.notifyOwner };
    case "webhook":
      return { ...draft, kind: "webhook", url: kind.value.url };
    case "assignOwner": {
      const owners = kind.value.owners.map(({ owner, capacity }) => (capacity > 0 ? `${owner}, ${capacity}` : owner)).join("\n");
      return { ...draft, kind: "assignOwner", owners, reassign: kind.value.reassign };
    }
    case "setField": {
      const value = kind.value.value && fromFieldValue(kind.value.value);
      return { ...draft, kind: "setField", field: kind.value.field, value: value instanceof Date ? value.toISOString() : String(value ?? "") };
    }
    case "addToCrmQueue":
      return { ...draft, kind: "addToCrmQueue", queue: kind.value.queue };
    default:
      return draft;
  }
}

/** Gives what is written as a workflow of the contract, which says what is wrong with it. */
export function workflowOf(draft: Draft) {
  return {
    displayName: draft.displayName.trim(),
    trigger: { kind: triggerOf(draft) },
    actions: draft.actions.map((action) => ({ kind: kindOf(action) })),
    coolDown: { seconds: secondsOf(draft.coolDownHours) },
  };
}

function triggerOf({ kind, way, threshold, hysteresis, grade, points, hours, filter }: Draft) {
  const direction = WAYS[way];
  switch (kind) {
    case "score":
      return { case: "scoreCrossing", value: { direction, threshold: numberOf(threshold), hysteresis: numberOf(hysteresis) } } as const;
    case "grade":
      return { case: "gradeCrossing", value: { direction, grade: Grade[grade] } } as const;
    case "movement":
      return { case: "scoreMovement", value: { direction, points: numberOf(points), within: { seconds: secondsOf(hours) } } } as const;
    case "condition":
      return { case: "leadCondition", value: { filter: filter.trim() } } as const;
  }
}

function kindOf(action: ActionDraft) {
  switch (action.kind) {
    case "notify": {
      const recipients = action.recipients.split(",").map((name) => name.trim()).filter(Boolean);
      return { case: "notify", value: { text: action.text, recipients, notifyOwner: action.notifyOwner } } as const;
    }
    case "webhook":
      return { case: "webhook", value: { url: action.url.trim() } } as const;
    case "assignOwner":
      return { case: "assignOwner", value: { owners: ownersOf(action.owners), reassign: action.reassign } } as const;
    case "setField":
      return { case: "setField", value: { field: action.field.trim(), ...(action.value && { value: valueOf(action.value) }) } } as const;
    case "addToCrmQueue":
      return { case: "addToCrmQueue", value: { queue: action.queue.trim() } } as const;
  }
}

/** Gives a value of a field as it is meant: numbers and yes or no as what they are, all else as a category. */
function valueOf(text: string) {
  const word = text.trim();
  if (word === "true" || word === "false") return toFieldValue(word === "true");
  return word !== "" && Number.isFinite(Number(word)) ? toFieldValue(Number(word)) : toFieldValue(text, "category");
}

function ownersOf(text: string) {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const [, owner = line, capacity = "0"] = /^(.*?)\s*,\s*(\d+)$/.exec(line) ?? [];
      return { owner, capacity: numberOf(capacity) };
    });
}

function numberOf(text: string): number {
  const number = Math.round(Number(text));
  return Number.isFinite(number) ? Math.min(Math.max(number, -1_000_000), 1_000_000) : 0;
}

function secondsOf(hours: string): bigint {
  const seconds = Math.round(Number(hours.replace(",", ".")) * SECONDS_AN_HOUR);
  return BigInt(Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 1e12) : 0);
}

function wayOf(direction: Direction): Way {
  return direction === Direction.DOWN ? "DOWN" : "UP";
}

function letterOf(grade: Grade): Draft["grade"] {
  return (["A", "B", "C", "D"] as const).find((letter) => Grade[letter] === grade) ?? "A";
}
