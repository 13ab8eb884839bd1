/** Texts of a lead's history, and of a score that is set by hand. */
import { partTexts } from "@/text/translating";
export const historyTexts = partTexts(
  {
    label: "Score over time: from {first} to {last}, now {now} of 100",
    empty: "This lead has had no score yet. It gets one within a moment of its first event, or of the first training.",
    one: "The score has not changed since {time}.",
    moved: "What moved it",
    "moved.nothing": "A new model, new rules, or a change of what is known",
    "moved.more": "{events} and {count} more",
    "moved.more.one": "{events} and one more",
    timeline: "Timeline",
    "timeline.empty": "Nothing has happened yet. Events come from your website, e-mails and CRM; each one refreshes the score.",
    "timeline.more": "Show more",
    "score.title": "{value} of 100, {time}",
  },
  {
    label: "Score im Lauf der Zeit: von {first} bis {last}, jetzt {now} von 100",
    empty: "Dieser Lead hatte noch keinen Score. Er bekommt einen gleich nach seinem ersten Ereignis oder nach dem ersten Training.",
    one: "Der Score hat sich seit {time} nicht geändert.",
    moved: "Was ihn bewegt hat",
    "moved.nothing": "Ein neues Modell, neue Regeln, oder etwas Bekanntes hat sich geändert",
    "moved.more": "{events} und {count} weitere",
    "moved.more.one": "{events} und noch eines",
    timeline: "Verlauf",
    "timeline.empty": "Noch ist nichts geschehen. Ereignisse kommen von der Website, aus E-Mails und dem CRM; jedes erneuert den Score.",
    "timeline.more": "Mehr zeigen",
    "score.title": "{value} von 100, {time}",
  },
);

export const overrideTexts = partTexts(
  {
    begin: "Set the score by hand",
    change: "Set another one",
    clear: "Back to the model's score",
    cleared: "The score is the model's again.",
    value: "Score, 0 to 100",
    set: "Set it",
    "set.done": "The score stands at {value} until you take that back.",
    by: "Set by hand {time}; the model says {model}.",
  },
  {
    begin: "Score von Hand setzen",
    change: "Anders setzen",
    clear: "Zurück zum Score des Modells",
    cleared: "Der Score ist wieder der des Modells.",
    value: "Score, 0 bis 100",
    set: "Setzen",
    "set.done": "Der Score steht auf {value}, bis du das zurücknimmst.",
    by: "Von Hand gesetzt {time}; das Modell sagt {model}.",
  },
);
