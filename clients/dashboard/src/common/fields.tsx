/** Fields of forms. Choices are the browser's own: they suit thumbs and screen readers, and cost a page little. */
import FormControl from "@mui/material/FormControl";
import FormHelperText from "@mui/material/FormHelperText";
import InputLabel from "@mui/material/InputLabel";
import NativeSelect from "@mui/material/NativeSelect";
import OutlinedInput, { type OutlinedInputProps } from "@mui/material/OutlinedInput";
import type { SxProps, Theme } from "@mui/material/styles";
import { type ReactNode, useId } from "react";

interface FieldProps<Value> {
  readonly label: string;
  /** Whether the label is told to screen readers alone. */
  readonly isLabelHidden?: boolean;
  readonly value: Value;
  readonly change: (value: Value) => void;
  readonly isDisabled?: boolean | undefined;
  readonly size?: "small" | "medium";
  readonly sx?: SxProps<Theme>;
}

interface ChoiceProps<Value extends string> extends FieldProps<Value> {
  /** Values with their texts; groups have choices of their own. */
  readonly choices: readonly ChoiceOrGroup<Value>[];
  readonly help?: string | undefined;
}

/** A value with its text. */
export type Option<Value extends string> = readonly [value: Value, text: string];
/** A value with its text, or several under a heading. */
export type ChoiceOrGroup<Value extends string> = Option<Value> | { readonly group: string; readonly choices: readonly Option<Value>[] };

/** A choice of one of several values. */
export function Choice<Value extends string>({
  label,
  isLabelHidden = false,
  value,
  change,
  choices,
  help,
  isDisabled = false,
  size = "small",
  sx,
}: ChoiceProps<Value>) {
  const id = useId();
  const option = ([key, text]: Option<Value>) => (
    <option key={key} value={key} dir="auto">
      {text}
    </option>
  );
  return (
    <FormControl size={size} disabled={isDisabled} {...(sx && { sx })}>
      {!isLabelHidden && (
        <InputLabel shrink htmlFor={id} variant="outlined">
          {label}
        </InputLabel>
      )}
      <NativeSelect
        id={id}
        value={value}
        input={isLabelHidden ? <OutlinedInput /> : <OutlinedInput label={label} notched />}
        inputProps={isLabelHidden ? { "aria-label": label } : {}}
        onChange={(event) => {
          change(event.target.value as Value);
        }}
      >
        {choices.map((choice) =>
          "group" in choice ? (
            <optgroup key={choice.group} label={choice.group}>
              {choice.choices.map(option)}
            </optgroup>
          ) : (
            option(choice)
          ),
        )}
      </NativeSelect>
      {help && <FormHelperText>{help}</FormHelperText>}
    </FormControl>
  );
}

interface TextInputProps extends FieldProps<string> {
  readonly type?: "text" | "email" | "password" | "search" | "number" | "url";
  readonly help?: string | undefined;
  readonly isWrong?: boolean;
  readonly isRequired?: boolean;
  readonly placeholder?: string;
  readonly autoComplete?: string;
  readonly hasFocus?: boolean;
  readonly lines?: number;
  readonly start?: ReactNode;
  readonly end?: ReactNode;
  /** Attributes of the input itself. */
  readonly input?: OutlinedInputProps["inputProps"];
}

/** A text that is typed. */
export function TextInput({
  label,
  isLabelHidden = false,
  value,
  change,
  type = "text",
  help,
  isWrong = false,
  isRequired = false,
  isDisabled = false,
  placeholder,
  autoComplete,
  hasFocus = false,
  lines = 1,
  start,
  end,
  input,
  size = "medium",
  sx,
}: TextInputProps) {
  const id = useId();
  return (
    <FormControl size={size} error={isWrong} required={isRequired} disabled={isDisabled} {...(sx && { sx })}>
      {!isLabelHidden && (
        <InputLabel htmlFor={id} variant="outlined">
          {label}
        </InputLabel>
      )}
      <OutlinedInput
        id={id}
        type={type}
        value={value}
        autoFocus={hasFocus}
        multiline={lines > 1}
        {...(!isLabelHidden && { label })}
        {...(lines > 1 && { minRows: lines, maxRows: lines * 2 })}
        {...(placeholder !== undefined && { placeholder })}
        {...(autoComplete !== undefined && { autoComplete })}
        startAdornment={start}
        endAdornment={end}
        inputProps={{ ...input, ...(isLabelHidden && { "aria-label": label }), "aria-describedby": help ? `${id}-help` : undefined }}
        onChange={(event) => {
          change(event.target.value);
        }}
      />
      {help && <FormHelperText id={`${id}-help`}>{help}</FormHelperText>}
    </FormControl>
  );
}
