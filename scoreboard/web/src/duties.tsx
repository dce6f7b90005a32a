// Reports that are due: the deadline, and the form. The draft is kept, so that a revised report begins with it.
import { useState } from "preact/hooks";
import { sendCommand } from "./api";
import { useClock } from "./clock";
import { useDraft } from "./drafts";
import { Field, listOf, useFieldLabel } from "./fields";
import { clockText, spanText } from "./format";
import { Icon } from "./icons";
import { useWords } from "./language";
import { Empty, Outcome, Panel, Points, StateBadge, WhyDetails, useSending } from "./parts";
import type { Clock, Duty, FieldValue, Session, TeamView } from "./types";

interface Context {
	exercise: string;
	session: Session;
	scope: string;
	clock: Clock;
}

const soonMs = 60000;

function DueLine({ duty, clock }: { duty: Duty; clock: Clock }) {
	const { t } = useWords();
	const now = useClock(clock);
	if (duty.sent_at_ms !== null)
		return <span class="muted">{t("duty.sent", { time: clockText(duty.sent_at_ms) }) + (duty.provisional ? ` · ${t("duty.provisional")}` : "")}</span>;
	if (duty.due_ms === null) return <span class="muted">{t("duty.due.later")}</span>;
	const time = clockText(duty.due_ms);
	if (now > duty.due_ms) return <span class="late">{t("duty.overdue", { time, over: spanText(now - duty.due_ms) })}</span>;
	return <span class={duty.due_ms - now < soonMs ? "late" : ""}>{t("duty.due", { time, left: spanText(duty.due_ms - now) })}</span>;
}

function ReportForm({ duty, exercise, session, scope, clock, close }: { duty: Duty; close: () => void } & Context) {
	const { t } = useWords();
	const label = useFieldLabel();
	const [draft, change] = useDraft(scope, `report:${duty.id}`);
	const sending = useSending();
	const isList = (match?: string) => match === "set" || match === "list";
	const submit = (event: Event) => {
		event.preventDefault();
		const fields: Record<string, FieldValue> = {};
		for (const { name, match } of duty.fields) {
			const text = draft[name]?.trim() ?? "";
			if (text !== "") fields[name] = isList(match) ? listOf(text) : text;
		}
		void sending.run(async () => {
			await sendCommand(exercise, session, "report", { duty: duty.id, fields });
			close(); // the draft stays: a revised report begins with it
		});
	};
	return (
		<form class="report" onSubmit={submit}>
			{duty.fields.map(({ name, required, match }) => (
				<Field key={name} name={name} label={label(name)} list={isList(match)} time={match === "time"} many required={required} value={draft[name] ?? ""} change={change} />
			))}
			<p class="muted small">
				{t("duty.best")} {t("draft.kept")}
			</p>
			<div class="row">
				<button type="submit" class="primary" disabled={sending.busy || clock.state !== "running"}>
					{t("duty.send")}
				</button>
				<button type="button" class="quiet" onClick={close}>
					{t("duty.close")}
				</button>
				{clock.state !== "running" ? <span class="muted small">{t("claim.needs.running")}</span> : null}
				<Outcome sending={sending} />
			</div>
		</form>
	);
}

function DutyItem({ duty, ...context }: { duty: Duty } & Context) {
	const { t, say } = useWords();
	const [writing, write] = useState(false);
	const sent = duty.sent_at_ms !== null;
	return (
		<li class={`duty state-${duty.state}`} data-duty={duty.id}>
			<div class="objective-head">
				<span class="objective-title">{say(duty.title) || duty.id}</span>
				<Points points={duty.points_milli} max={duty.max_milli} />
			</div>
			<div class="objective-sub">
				<StateBadge state={duty.state} />
				{duty.to ? <span class="muted small">{t("duty.to", { name: say(duty.to.name) || duty.to.id })}</span> : null}
			</div>
			<p class="due num">
				<Icon name="clock" />
				<DueLine duty={duty} clock={context.clock} />
			</p>
			{writing ? (
				<ReportForm duty={duty} {...context} close={() => write(false)} />
			) : (
				<button type="button" class={sent ? "quiet" : "primary wide"} onClick={() => write(true)}>
					{t(sent ? "duty.again" : "duty.write")}
				</button>
			)}
			<WhyDetails why={duty.why} />
		</li>
	);
}

export function Duties({ view, ...context }: { view: TeamView; exercise: string; session: Session; scope: string }) {
	const { t } = useWords();
	return (
		<Panel title={t("duties.title")} id="duties">
			{view.duties.length === 0 ? <Empty>{t("duties.empty")}</Empty> : null}
			<ul class="duties">
				{view.duties.map((duty) => (
					<DutyItem key={duty.id} duty={duty} clock={view.clock} {...context} />
				))}
			</ul>
		</Panel>
	);
}
