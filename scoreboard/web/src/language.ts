// Which language is shown: kept in this browser, switched in place.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type TextKey, texts } from "./texts";
import type { Language, Text } from "./types";

const storageKey = "toride:language";

export function storedLanguage(): Language {
	const stored = read();
	if (stored === "ja" || stored === "en") return stored;
	return navigator.language.startsWith("ja") ? "ja" : "en";
}

function read(): string | null {
	try {
		return localStorage.getItem(storageKey);
	} catch {
		return null; // a browser that keeps nothing still shows everything
	}
}

export function storeLanguage(language: Language): void {
	try {
		localStorage.setItem(storageKey, language);
	} catch {
		// as above
	}
}

export interface Words {
	language: Language;
	switchTo: (language: Language) => void;
	/** A text of the table, with {name}s filled in. */
	t: (key: TextKey, values?: Record<string, string | number>) => string;
	/** A text of the scenario in the language shown, or in the other one if it has only that. */
	say: (text: Text) => string;
}

export function wordsIn(language: Language, switchTo: (language: Language) => void): Words {
	return {
		language,
		switchTo,
		t: (key, values = {}) => texts[key][language].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole)),
		say: (text) => (typeof text === "string" ? text : (text?.[language] ?? text?.ja ?? text?.en ?? "")),
	};
}

export const WordsContext = createContext<Words>(wordsIn("ja", () => undefined));
export const useWords = (): Words => useContext(WordsContext);
