package dev.leadline.sdk;

import dev.leadline.v1.Notification;

/**
 * A new notification of the caller.
 *
 * @param notification the notification
 * @param resumeToken lets another watch go on right after this update, even in another process
 */
public record NotificationUpdate(Notification notification, String resumeToken) {}
