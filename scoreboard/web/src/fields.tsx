// Form fields named by the scenario: a label for the names that are common, one line or many.
import { useWords } from "./language";
import type { TextKey } from "./texts";
import { texts } from "./texts";
import type { FieldValue } from "./types";

export const fieldMax = 4096; // characters; the orchestrator takes 4 KiB a text and 32 texts a list
const listMax = 32;

export function useFieldLabel(): (name: string) => string {
	const { t } = useWords();
	return (name) => (`field.${name}` in texts ? t(`field.${name}` as TextKey) : name);
}

/** One line each → list. */
export const listOf = (text: string): string[] =>
	text
		.split(/[\n,、]+/)
		.map((line) => line.trim())
		.filter((line) => line !== "")
		.slice(0, listMax);

export const valueText = (value: FieldValue): string => (Array.isArray(value) ? value.join(", ") : value);

export function Field(props: {
	name: string;
	label: string;
	many?: boolean;
	list?: boolean;
	time?: boolean;
	required?: boolean;
	disabled?: boolean;
	value: string;
	change: (name: string, text: string) => void;
}) {
	const { t } = useWords();
	const input = (event: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) => props.change(props.name, event.currentTarget.value);
	const common = { name: props.name, value: props.value, maxLength: fieldMax, disabled: props.disabled, onInput: input, spellcheck: false };
	return (
		<label class="field">
			<span>
				{props.label}
				{props.required ? <i class="required">{t("required")}</i> : null}
				{props.list || props.time ? <i class="muted">{t(props.list ? "claim.list.help" : "claim.time.help")}</i> : null}
			</span>
			{props.many || props.list ? (
				<textarea {...common} rows={Math.min(6, Math.max(2, props.value.split("\n").length))} required={props.required} />
			) : (
				<input {...common} type="text" required={props.required} autocomplete="off" />
			)}
		</label>
	);
}
