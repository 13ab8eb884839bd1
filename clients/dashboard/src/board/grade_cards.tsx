/** How many leads have each grade; a click shows them alone. */
import Box from "@mui/material/Box";
import ButtonBase from "@mui/material/ButtonBase";
import Skeleton from "@mui/material/Skeleton";
import Typography from "@mui/material/Typography";
import { useQuery } from "@tanstack/react-query";
import { type Model, ModelState } from "leadline-sdk";
import { useMemo } from "react";

import { gradeOf, type GradeLetter, GRADES } from "@/common/grade";
import { useClient } from "@/session/session_context";
import { useLanguage } from "@/text/language";

import { type BoardLead } from "./use_leads";

interface GradeCardsProps {
  readonly leads: readonly BoardLead[];
  readonly chosen: readonly GradeLetter[];
  readonly isLoading: boolean;
  readonly choose: (grades: readonly GradeLetter[]) => void;
}

/** One card for each grade. */
export function GradeCards({ leads, chosen, isLoading, choose }: GradeCardsProps) {
  const champion = useChampion();
  const counts = useMemo(() => {
    const counted: Record<GradeLetter, number> = { A: 0, B: 0, C: 0, D: 0, none: 0 };
    for (const { lead } of leads) counted[gradeOf(lead.score)] += 1;
    return counted;
  }, [leads]);
  const shown = GRADES.filter((grade) => grade !== "none" || counts.none > 0);
  return (
    <Box
      sx={{
        display: "grid",
        gap: 1.5,
        gridTemplateColumns: { xs: "repeat(2, minmax(0,1fr))", sm: `repeat(${String(shown.length)}, minmax(0,1fr))` },
      }}
    >
      {shown.map((grade) =>
        isLoading ? (
          <Skeleton key={grade} variant="rounded" height={92} sx={{ borderRadius: 4 }} />
        ) : (
          <GradeCard
            key={grade}
            grade={grade}
            count={counts[grade]}
            total={leads.length}
            rate={champion?.gradeBands.find((band) => band.grade === grade)?.conversionRate}
            isChosen={chosen.includes(grade)}
            toggle={() => {
              choose(chosen.includes(grade) ? chosen.filter((other) => other !== grade) : [...chosen, grade]);
            }}
          />
        ),
      )}
    </Box>
  );
}

interface GradeCardProps {
  readonly grade: GradeLetter;
  readonly count: number;
  readonly total: number;
  readonly rate: number | undefined;
  readonly isChosen: boolean;
  readonly toggle: () => void;
}

function GradeCard({ grade, count, total, rate, isChosen, toggle }: GradeCardProps) {
  const { t, formats } = useLanguage();
  const title = grade === "none" ? t("board.grade.none") : t("board.grade", { grade });
  return (
    <ButtonBase
      aria-pressed={isChosen}
      onClick={toggle}
      sx={(theme) => ({
        display: "block",
        textAlign: "start",
        p: 2,
        borderRadius: 4,
        bgcolor: "background.paper",
        border: `1px solid ${isChosen ? theme.palette.grade[grade] : theme.palette.divider}`,
        boxShadow: isChosen ? `inset 0 0 0 1px ${theme.palette.grade[grade]}` : "none",
        transition: "border-color 120ms",
        "&:hover": { borderColor: theme.palette.grade[grade] },
        "&.Mui-focusVisible": { outline: `2px solid ${theme.palette.primary.main}`, outlineOffset: 2 },
      })}
    >
      <Box sx={{ display: "flex", alignItems: "baseline", gap: 1 }}>
        <Typography variant="h3" component="span" sx={{ color: (theme) => theme.palette.grade[grade], flex: 1 }} noWrap>
          {title}
        </Typography>
      </Box>
      <Box sx={{ display: "flex", alignItems: "baseline", gap: 1 }}>
        <Typography sx={{ fontSize: "1.5rem", fontWeight: 700, letterSpacing: "-0.02em", lineHeight: 1.3, flex: 1 }}>
          {formats.count(count)}
        </Typography>
        {rate !== undefined && (
          <Typography variant="caption" color="textSecondary" noWrap>
            {t("board.grade.convert", { rate: formats.percent(rate) })}
          </Typography>
        )}
      </Box>
      <Box aria-hidden sx={{ height: 4, borderRadius: 2, bgcolor: "action.hover", overflow: "hidden", mt: 0.5 }}>
        <Box
          sx={{
            height: "100%",
            borderRadius: 2,
            bgcolor: (theme) => theme.palette.grade[grade],
            transformOrigin: "left",
            transition: "transform 300ms",
          }}
          style={{ transform: `scaleX(${String(total > 0 ? count / total : 0)})` }}
        />
      </Box>
    </ButtonBase>
  );
}

function useChampion(): Model | undefined {
  const client = useClient();
  const { data } = useQuery({
    queryKey: ["champion"],
    queryFn: async () => {
      for await (const model of client.listModels({ pageSize: 50 })) {
        if (model.state === ModelState.CHAMPION) return model;
      }
      return null;
    },
  });
  return data ?? undefined;
}
