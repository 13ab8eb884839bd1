/** The link that verifies an e-mail address. */
export { VerifyEmail as default } from "@/session/verify_email";
