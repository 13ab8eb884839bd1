/** The workflows and what they did. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { pages } from "leadline-sdk";
import { type Workflow } from "leadline-sdk/contract/workflow";
import { WorkflowService } from "leadline-sdk/contract/workflow_service";

import { useClient } from "@/session/session_context";

const MOST_WORKFLOWS = 200;
const RUNS_A_PAGE = 20;
/** Runs come by themselves; whoever looks at them should not have to ask. */
const LOOK_AGAIN_MS = 5_000;

/** Gives the service of workflows. */
export function useWorkflowService() {
  return useClient().service(WorkflowService);
}

/** Gives the workflows, the newest first. */
export function useWorkflows() {
  const service = useWorkflowService();
  return useQuery({
    queryKey: ["workflows"],
    queryFn: async ({ signal }) => {
      const found: Workflow[] = [];
      for await (const { workflows } of pages((pageToken) => service.listWorkflows({ pageToken, pageSize: 100 }, { signal }))) {
        found.push(...workflows);
        if (found.length >= MOST_WORKFLOWS) break;
      }
      return found;
    },
  });
}

/** Gives what workflows did, the newest first, page by page; of all, or of the one that is named. */
export function useRuns(workflow: string) {
  const service = useWorkflowService();
  return useInfiniteQuery({
    queryKey: ["runs", workflow],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => service.listWorkflowRuns({ workflow, pageSize: RUNS_A_PAGE, pageToken: pageParam }, { signal }),
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    refetchInterval: LOOK_AGAIN_MS,
  });
}
