/** Short messages at the edge of the page: what was done, or why it was not. */
import dynamic from "next/dynamic";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";

import { useErrorText } from "./error_text";

const load = () => import("./notice_bar");
const NoticeBar = dynamic(() => load().then((module) => module.NoticeBar), { ssr: false });
/** When the page is there, and before the first notice: that may be that the connection is lost. */
const LOADED_AFTER_MS = 4_000;

/** What is told. */
export interface Notice {
  readonly text: string;
  readonly severity: "success" | "error";
}

interface NoticeValue {
  readonly tell: (text: string) => void;
  readonly tellError: (error: unknown) => void;
}

const NoticeContext = createContext<NoticeValue | undefined>(undefined);

/** Gives what is inside a place for notices. */
export function NoticeProvider({ children }: { readonly children: ReactNode }) {
  const [notice, setNotice] = useState<Notice>();
  const [isOpen, setIsOpen] = useState(false);
  const errorText = useErrorText();
  useEffect(() => {
    const timer = setTimeout(() => {
      load().catch(() => undefined);
    }, LOADED_AFTER_MS);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  const value = useMemo<NoticeValue>(() => {
    const show = (shown: Notice): void => {
      setNotice(shown);
      setIsOpen(true);
    };
    return {
      tell: (text) => {
        show({ text, severity: "success" });
      },
      tellError: (error) => {
        show({ text: errorText(error), severity: "error" });
      },
    };
  }, [errorText]);
  const close = (): void => {
    setIsOpen(false);
  };
  return (
    <NoticeContext value={value}>
      {children}
      {notice && <NoticeBar notice={notice} isOpen={isOpen} close={close} />}
    </NoticeContext>
  );
}

/** Gives how to show a notice. */
export function useNotice(): NoticeValue {
  const value = useContext(NoticeContext);
  if (!value) throw new Error("outside of NoticeProvider");
  return value;
}
