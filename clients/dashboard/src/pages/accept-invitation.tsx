/** The link of an invitation. */
export { AcceptInvitation as default } from "@/session/accept_invitation";
