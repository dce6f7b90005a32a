import { useState } from "preact/hooks";
import { Html } from "./html";
import { Icon } from "./icons";
import { useWords } from "./language";
import { Empty, Panel, Time } from "./parts";
import type { TeamView } from "./types";

/** The number of the last message that was marked as read, kept in this browser. */
function useLastRead(scope: string): [number, (seq: number) => void] {
	const key = `toride:read:${scope}`;
	const [seq, setSeq] = useState(() => {
		try {
			return Number(localStorage.getItem(key)) || 0;
		} catch {
			return 0;
		}
	});
	const read = (last: number) => {
		setSeq(last);
		try {
			localStorage.setItem(key, String(last));
		} catch {
			// then they are new again after a reload
		}
	};
	return [seq, read];
}

export function Inbox({ view, scope }: { view: TeamView; scope: string }) {
	const { t, say } = useWords();
	const [lastRead, read] = useLastRead(scope);
	const messages = [...view.inbox].sort((a, b) => b.seq - a.seq);
	const unread = messages.filter((message) => message.seq > lastRead).length;
	const readAll = unread > 0 && (
		<button type="button" class="quiet" onClick={() => read(messages[0]?.seq ?? 0)}>
			{t("inbox.read")}
		</button>
	);
	return (
		<Panel title={t("inbox.title")} id="inbox" count={unread} aside={readAll}>
			{messages.length === 0 ? <Empty>{t("inbox.empty")}</Empty> : null}
			<ul class="inbox" aria-live="polite">
				{messages.map((message) => (
					<li key={message.seq} class={message.seq > lastRead ? "message unread" : "message"}>
						<div class="message-head">
							<Icon name="message" />
							<b>{say(message.from?.name) || message.from?.id || t("inbox.nobody")}</b>
							{message.seq > lastRead ? <span class="new">{t("inbox.new")}</span> : null}
							<Time ms={message.at_ms} clock={view.clock} />
						</div>
						<Html text={message.text_html} />
					</li>
				))}
			</ul>
		</Panel>
	);
}
