/** Texts about notifications. */
import { partTexts } from "@/text/translating";

export const notificationTexts = partTexts(
  {
    title: "Notifications",
    subtitle: "What workflows tell you",
    unread: "{count} unread",
    new: "Unread",
    markAll: "Mark all as read",
    mark: "Mark as read",
    "mark.of": "Mark as read: {text}",
    unreadOnly: "Unread only",
    lead: "To the lead",
    more: "Show more",
    "empty.title": "Nothing to read",
    "empty.text": "Workflows write here, for example when a lead gets hot. Make one that notifies you.",
    "empty.action": "To the workflows",
  },
  {
    title: "Mitteilungen",
    subtitle: "Was Workflows dir sagen",
    unread: "{count} ungelesen",
    new: "Ungelesen",
    markAll: "Alle als gelesen markieren",
    mark: "Als gelesen markieren",
    "mark.of": "Als gelesen markieren: {text}",
    unreadOnly: "Nur ungelesene",
    lead: "Zum Lead",
    more: "Mehr zeigen",
    "empty.title": "Nichts zu lesen",
    "empty.text": "Workflows schreiben hierher, etwa wenn ein Lead heiß wird. Lege einen an, der dich benachrichtigt.",
    "empty.action": "Zu den Workflows",
  },
);
