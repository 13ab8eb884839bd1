/** Workflows in words. */
import { fromFieldValue } from "leadline-sdk";
import { type Workflow, type WorkflowAction } from "leadline-sdk/contract/workflow";

import { useTexts } from "@/text/language";

import { draftOf } from "./draft";
import { workflowTexts } from "./texts";

/** Gives functions that tell what sets a workflow off and what it does. */
export function useSentences() {
  const text = useTexts(workflowTexts);
  const trigger = (workflow: Workflow): string => {
    const { kind, way, threshold, grade, points, hours, filter } = draftOf(workflow);
    if (workflow.trigger?.kind.case === undefined) return text("trigger.unknown");
    if (kind === "condition") return text("trigger.condition", { filter });
    return text(`trigger.${kind}.${way}`, { threshold, grade, points, hours });
  };
  const action = ({ kind }: WorkflowAction): string => {
    switch (kind.case) {
      case "notify":
        return text("action.notify");
      case "webhook":
        return text("action.webhook", { url: hostOf(kind.value.url) });
      case "assignOwner":
        return text("action.assignOwner", { owners: kind.value.owners.map(({ owner }) => owner).join(", ") });
      case "setField":
        return text("action.setField", { field: kind.value.field, value: String((kind.value.value && fromFieldValue(kind.value.value)) ?? "") });
      case "addToCrmQueue":
        return text("action.addToCrmQueue", { queue: kind.value.queue });
      default:
        return text("action.unknown");
    }
  };
  return { trigger, actions: (workflow: Workflow): string => workflow.actions.map(action).join(", ") };
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
