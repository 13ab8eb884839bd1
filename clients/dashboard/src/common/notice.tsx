/** Short messages at the edge of the page: what was done, or why it was not. */
import dynamic from "next/dynamic";
import { createContext, type ReactNode, useContext, useMemo, useState } from "react";

import { useErrorText } from "./error_text";

// Nobody needs it before the first notice.
const NoticeBar = dynamic(() => import("./notice_bar").then((module) => module.NoticeBar), { ssr: false });

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
