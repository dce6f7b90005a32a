// What people write is never lost: each form's draft is kept in this browser, by exercise and team, until it is sent.
import { useState } from "preact/hooks";

export type Draft = Record<string, string>;

const keyOf = (scope: string, form: string) => `toride:draft:${scope}:${form}`;

function load(key: string): Draft {
	try {
		const stored: unknown = JSON.parse(localStorage.getItem(key) ?? "{}");
		if (typeof stored !== "object" || stored === null) return {};
		return Object.fromEntries(Object.entries(stored).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
	} catch {
		return {};
	}
}

function save(key: string, draft: Draft): void {
	try {
		if (Object.values(draft).some((text) => text !== "")) localStorage.setItem(key, JSON.stringify(draft));
		else localStorage.removeItem(key);
	} catch {
		// full or forbidden: the draft then lives as long as the page
	}
}

export function useDraft(scope: string, form: string): [Draft, (name: string, text: string) => void, () => void] {
	const key = keyOf(scope, form);
	const [draft, setDraft] = useState<Draft>(() => load(key));
	const change = (name: string, text: string) =>
		setDraft((before) => {
			const after = { ...before, [name]: text };
			save(key, after);
			return after;
		});
	const clear = () => {
		save(key, {});
		setDraft({});
	};
	return [draft, change, clear];
}
