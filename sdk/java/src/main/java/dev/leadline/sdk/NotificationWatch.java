package dev.leadline.sdk;

import com.google.rpc.Status;
import dev.leadline.v1.NotificationServiceGrpc.NotificationServiceBlockingStub;
import dev.leadline.v1.WatchNotificationsRequest;
import dev.leadline.v1.WatchNotificationsResponse;
import java.util.Iterator;

/**
 * Goes through the caller's new notifications as they are made: without an end, a gap or a repetition. It goes on and
 * ends as a {@link ScoreWatch} does.
 */
public final class NotificationWatch
        extends Watch<NotificationServiceBlockingStub, WatchNotificationsResponse, NotificationUpdate> {
    NotificationWatch(NotificationServiceBlockingStub stub, String resumeToken) {
        super(stub, resumeToken);
    }

    @Override
    Iterator<WatchNotificationsResponse> open(NotificationServiceBlockingStub stub, String resumeToken) {
        WatchNotificationsRequest request =
                WatchNotificationsRequest.newBuilder().setResumeToken(resumeToken).build();
        return stub.watchNotifications(request);
    }

    @Override
    String resumeTokenOf(WatchNotificationsResponse message) {
        return message.getResumeToken();
    }

    @Override
    Status statusOf(WatchNotificationsResponse message) {
        return message.hasStatus() ? message.getStatus() : null;
    }

    @Override
    NotificationUpdate updateOf(WatchNotificationsResponse message, String resumeToken) {
        return message.hasNotification() && !isRepeated(message.getNotification().getName())
                ? new NotificationUpdate(message.getNotification(), resumeToken)
                : null;
    }
}
