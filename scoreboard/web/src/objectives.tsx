// Objectives: where each stands, the form to claim it, its hints, and why it has the points that it has.
import { useState } from "preact/hooks";
import { sendCommand } from "./api";
import { usePhaseName } from "./board";
import { useClock } from "./clock";
import { useDraft } from "./drafts";
import { Field, listOf, useFieldLabel, valueText } from "./fields";
import { clockText, pointsText, spanText } from "./format";
import { useWords } from "./language";
import { AskFirst, Empty, OtherPoints, Outcome, Panel, Points, StateBadge, Time, WhyDetails, useSending } from "./parts";
import type { Clock, FieldValue, Objective, Session, TeamView } from "./types";

interface Context {
	exercise: string;
	session: Session;
	scope: string;
	clock: Clock;
}

function Deadline({ objective, clock }: { objective: Objective; clock: Clock }) {
	const { t } = useWords();
	const now = useClock(clock);
	if (objective.state === "done") return objective.at_ms === null ? null : <>{t("objective.done.at", { time: clockText(objective.at_ms) })}</>;
	if (objective.full_by_ms === null) return objective.floor_at_ms === null && objective.kind === "manual" ? null : <>{t("objective.full.later")}</>;
	const time = clockText(objective.full_by_ms);
	if (now <= objective.full_by_ms) return <>{t("objective.full", { time, left: spanText(objective.full_by_ms - now) })}</>;
	if (objective.floor_at_ms !== null && now > objective.floor_at_ms)
		return <span class="late">{t("objective.floor", { time: clockText(objective.floor_at_ms) })}</span>;
	return <span class="late">{t("objective.full.past", { time })}</span>;
}

function ClaimForm({ objective, exercise, session, scope, clock }: { objective: Objective } & Context) {
	const { t } = useWords();
	const label = useFieldLabel();
	const [draft, change, clear] = useDraft(scope, `claim:${objective.id}`);
	const sending = useSending();
	const fields = objective.fields.length > 0 ? objective.fields : [{ name: "measure", match: "text" }];
	const isList = (match: string) => match === "set" || match === "list";
	const filled = fields.some(({ name }) => draft[name]?.trim());
	const submit = (event: Event) => {
		event.preventDefault();
		const value: Record<string, FieldValue> = {};
		for (const { name, match } of fields) {
			const text = draft[name]?.trim() ?? "";
			if (text !== "") value[name] = isList(match) ? listOf(text) : text;
		}
		void sending.run(async () => {
			await sendCommand(exercise, session, "claim", { objective: objective.id, value });
			clear();
		});
	};
	return (
		<form class="claim" onSubmit={submit} aria-label={t("claim.submit")}>
			{objective.kind === "state" ? <p class="muted small">{t("objective.state.how")}</p> : null}
			{fields.map(({ name, match }) => (
				<Field
					key={name}
					name={name}
					label={name === "measure" ? t("claim.measure") : label(name)}
					list={isList(match)}
					time={match === "time"}
					many={name === "measure"}
					value={draft[name] ?? ""}
					change={change}
				/>
			))}
			<div class="row">
				<button type="submit" class="primary" disabled={sending.busy || !filled || clock.state !== "running"}>
					{t("claim.submit")}
				</button>
				{clock.state !== "running" ? <span class="muted small">{t("claim.needs.running")}</span> : null}
				<Outcome sending={sending} done={t("claim.sent")} />
			</div>
		</form>
	);
}

function Claims({ objective, clock }: { objective: Objective; clock: Clock }) {
	const { t } = useWords();
	if (objective.claims.length === 0) return null;
	return (
		<div class="claims">
			<h4>{t("claim.history")}</h4>
			<ul>
				{[...objective.claims].reverse().map((claim) => (
					<li key={claim.seq} class={`claim-${claim.result}`}>
						<Time ms={claim.at_ms} clock={clock} /> <b class="result">{t(`claim.${claim.result}`)}</b>{" "}
						<span class="said">{Object.values(claim.value).map(valueText).join(" / ")}</span>
					</li>
				))}
			</ul>
		</div>
	);
}

function HintLine({ objective, index, exercise, session }: { objective: Objective; index: number } & Context) {
	const { t, say } = useWords();
	const sending = useSending();
	const hint = objective.hints[index];
	if (!hint) return null;
	const n = hint.index + 1;
	const cost = pointsText(hint.cost_milli);
	if (hint.taken)
		return (
			<p class="hint taken">
				<b>{t("hint.taken", { n })}</b> {say(hint.text)}
			</p>
		);
	return (
		<div>
			<AskFirst
				class="quiet"
				label={t("hint.take", { n, cost })}
				question={t("hint.confirm", { n, cost })}
				yes={t("hint.yes")}
				sending={sending}
				act={() => sendCommand(exercise, session, "hint", { objective: objective.id, hint: hint.index })}
			/>
			<Outcome sending={sending} />
		</div>
	);
}

function ObjectiveItem({ objective, first, ...context }: { objective: Objective; first: boolean } & Context) {
	const { t, say } = useWords();
	const phaseName = usePhaseName();
	const claimable = objective.kind === "claim" || objective.kind === "state";
	return (
		<li>
			<details class={`objective state-${objective.state}`} open={first} data-objective={objective.id}>
				<summary>
					<span class="objective-head">
						<span class="objective-title">{say(objective.title) || objective.id}</span>
						<Points points={objective.points_milli} max={objective.max_milli} />
					</span>
					<span class="objective-sub">
						<StateBadge state={objective.state} />
						<span class="tag">{phaseName(objective.phase)}</span>
						<span class="muted small num">
							<Deadline objective={objective} clock={context.clock} />
						</span>
					</span>
				</summary>
				<div class="objective-body">
					{objective.kind === "manual" ? <p class="muted small">{t("objective.manual")}</p> : null}
					{claimable ? <ClaimForm objective={objective} {...context} /> : null}
					<Claims objective={objective} clock={context.clock} />
					{objective.hints.length > 0 ? (
						<div class="hints">
							{objective.hints.map((hint, index) => (
								<HintLine key={hint.index} objective={objective} index={index} {...context} />
							))}
						</div>
					) : null}
					<WhyDetails why={objective.why} />
				</div>
			</details>
		</li>
	);
}

export function Objectives({ view, ...context }: { view: TeamView; exercise: string; session: Session; scope: string }) {
	const { t } = useWords();
	const firstOpen = useState(() => view.objectives.find((objective) => objective.state === "open")?.id)[0];
	const done = view.objectives.filter((objective) => objective.state === "done").length;
	return (
		<Panel
			title={t("objectives.title")}
			id="objectives"
			aside={view.objectives.length > 0 ? <span class="muted num">{`${done}/${view.objectives.length}`}</span> : null}
		>
			{view.objectives.length === 0 ? <Empty>{t("objectives.empty")}</Empty> : null}
			<ul class="objectives">
				{view.objectives.map((objective) => (
					<ObjectiveItem key={objective.id} objective={objective} first={objective.id === firstOpen} clock={view.clock} {...context} />
				))}
			</ul>
			<OtherPoints why={view.why} />
		</Panel>
	);
}
