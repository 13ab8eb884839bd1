/** The log-in. */
export { LogIn as default } from "@/session/log_in";
