/** A new password, with the link of a message or without. */
export { ResetPassword as default } from "@/session/reset_password";
