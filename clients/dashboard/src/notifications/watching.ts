/** Notifications as they are made: one stream for as long as somebody is logged in. */
import { type Client, FailedPrecondition, InvalidRequest, LeadlineError, PermissionDenied, Unauthenticated } from "leadline-sdk";
import { type Notification } from "leadline-sdk/contract/notification";
import { NotificationService } from "leadline-sdk/contract/notification_service";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** What a new stream would not mend. */
const FINAL = [Unauthenticated, PermissionDenied, InvalidRequest, FailedPrecondition];

/**
 * Tells of each new notification until the signal; goes on over lost connections, without missing one.
 *
 * @throws LeadlineError A new stream would not help.
 */
export async function watchNotifications(client: Client, signal: AbortSignal, tell: (notification: Notification) => void): Promise<void> {
  const service = client.service(NotificationService);
  let resumeToken = "";
  let wait = FIRST_WAIT_MS;
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      // A stream has no deadline: it ends with the page.
      for await (const message of service.watchNotifications({ resumeToken }, { signal, timeoutMs: 0 })) {
        resumeToken = message.resumeToken || resumeToken;
        wait = FIRST_WAIT_MS;
        if (message.event.case === "notification") tell(message.event.value);
      }
    } catch (error) {
      if (isOver()) return;
      if (!(error instanceof LeadlineError) || FINAL.some((kind) => error instanceof kind)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}
