// The one place where HTML is put in as HTML: *_html fields of views, made from Markdown by the orchestrator with cmark's safe mode.
import { useWords } from "./language";
import type { Text } from "./types";

export function Html({ text }: { text: Text }) {
	const { say } = useWords();
	return <div class="html" dangerouslySetInnerHTML={{ __html: say(text) }} />;
}
