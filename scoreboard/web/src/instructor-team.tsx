// One team in detail: the attack's steps with what they left, objectives with their reasons, points and messages by hand.
import { useEffect, useState } from "preact/hooks";
import { sendCommand } from "./api";
import { pointsText } from "./format";
import { Hosts } from "./instructor-hosts";
import { useWords } from "./language";
import { Empty, OtherPoints, Outcome, Panel, Points, StateBadge, Time, WhyDetails, useSending } from "./parts";
import type { InstructorTeam, InstructorView, Session, State, Step, Why } from "./types";

export interface Context {
	exercise: string;
	session: Session;
	view: InstructorView;
	team: InstructorTeam;
}

function Traces({ step }: { step: Step }) {
	const { t } = useWords();
	const word = (found: boolean | null) => t(found === null ? "trace.unknown" : found ? "trace.found" : "trace.missing");
	return (
		<ul class="traces">
			{step.traces.map((trace, index) => (
				<li key={index}>
					<span class="mono">{`${trace.host}:${trace.file}`}</span> <span class={trace.found ? "good" : "late"}>{word(trace.found)}</span>
				</li>
			))}
		</ul>
	);
}

function Steps({ team }: { team: InstructorTeam }) {
	const { t } = useWords();
	if (team.steps.length === 0) return <Empty>{t("instructor.steps.empty")}</Empty>;
	return (
		<div class="table-scroll">
			<table class="steps">
				<thead>
					<tr>
						{(["instructor.time", "instructor.step", "instructor.technique", "instructor.on", "instructor.state", "instructor.traces"] as const).map((key) => (
							<th scope="col" key={key}>
								{t(key)}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{team.steps.map((step) => (
						<tr key={step.id} data-step={step.id}>
							<td>{step.at_ms === null ? <span class="muted">–</span> : <Time ms={step.at_ms} clock={team.clock} />}</td>
							<th scope="row">{step.id}</th>
							<td class="num">{step.technique}</td>
							<td>{step.on}</td>
							<td>
								<StateBadge state={step.state} kind="step" />
								{step.detail ? <div class="muted small said">{step.detail}</div> : null}
							</td>
							<td>
								<Traces step={step} />
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

function ScoreLine({ title, line }: { title: string; line: { state?: State; points_milli?: number; max_milli?: number; why?: Why[] } }) {
	return (
		<li>
			<div class="objective-head">
				<span>
					<StateBadge state={line.state ?? "open"} /> {title}
				</span>
				<Points points={line.points_milli ?? 0} max={line.max_milli} />
			</div>
			<WhyDetails why={line.why ?? []} />
		</li>
	);
}

function AdjustForm({ exercise, session, team }: Context) {
	const { t } = useWords();
	const [points, setPoints] = useState("");
	const [reason, setReason] = useState("");
	const sending = useSending();
	const submit = (event: Event) => {
		event.preventDefault();
		void sending.run(async () => {
			await sendCommand(exercise, session, "adjust", { team: team.team, points_milli: Math.round(Number(points) * 1000), reason: reason.trim() });
			setPoints("");
			setReason("");
		});
	};
	return (
		<form class="by-hand" onSubmit={submit}>
			<h4>{t("instructor.adjust")}</h4>
			<div class="row">
				<label>
					{t("instructor.adjust.points")}
					<input type="number" name="points" step="0.5" min="-1000" max="1000" required value={points} onInput={(event) => setPoints(event.currentTarget.value)} />
				</label>
				<label class="grow">
					{t("instructor.adjust.reason")}
					<input type="text" name="reason" maxLength={1000} required value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
				</label>
				<button type="submit" disabled={sending.busy}>
					{t("instructor.adjust.submit")}
				</button>
			</div>
			<Outcome sending={sending} done={t("command.done")} />
		</form>
	);
}

function InjectForm({ exercise, session, team, view }: Context) {
	const { t, say } = useWords();
	const [inject, setInject] = useState(view.injects[0]?.id ?? "");
	const sending = useSending();
	if (view.injects.length === 0) return <Empty>{t("instructor.inject.empty")}</Empty>;
	const submit = (event: Event) => {
		event.preventDefault();
		void sending.run(async () => {
			await sendCommand(exercise, session, "inject", { team: team.team, inject });
		});
	};
	return (
		<form class="by-hand" onSubmit={submit}>
			<h4>{t("instructor.inject")}</h4>
			<div class="row">
				<label class="grow">
					{t("instructor.inject.which")}
					<select name="inject" value={inject} onChange={(event) => setInject(event.currentTarget.value)}>
						{view.injects.map(({ id, text }) => (
							<option key={id} value={id}>
								{`${id}: ${say(text).slice(0, 60)}`}
							</option>
						))}
					</select>
				</label>
				<button type="submit" disabled={sending.busy}>
					{t("instructor.inject.submit")}
				</button>
			</div>
			<Outcome sending={sending} done={t("command.done")} />
		</form>
	);
}

/** How much the simulated staff does. What is being chosen gives way when somebody sets it, here or elsewhere. */
function LoadDial({ exercise, session, team, percent }: { percent: number } & Context) {
	const { t } = useWords();
	const [chosen, choose] = useState<number | null>(null);
	const sending = useSending();
	useEffect(() => choose(null), [percent]);
	const load = chosen ?? percent;
	const submit = (event: Event) => {
		event.preventDefault();
		void sending.run(() => sendCommand(exercise, session, "npc", { team: team.team, percent: load }));
	};
	return (
		<form class="row dial" onSubmit={submit}>
			<label class="row grow">
				{t("instructor.staff.load")}
				<input
					type="range"
					name="load"
					class="grow"
					min="0"
					max="200"
					step="10"
					value={load}
					aria-valuetext={`${load} %`}
					onInput={(event) => choose(Number(event.currentTarget.value))}
				/>
				<output class="num">{`${load} %`}</output>
			</label>
			<button type="submit" disabled={sending.busy || load === percent}>
				{t("instructor.staff.load.submit")}
			</button>
			<Outcome sending={sending} done={t("command.done")} />
		</form>
	);
}

/** What the team's measures cost those who work there. */
function SimulatedStaff(context: Context) {
	const { t } = useWords();
	const { team } = context;
	const staff = team.staff;
	if (!staff) return null;
	const n = staff.done + staff.failed;
	const share = n > 0 ? Math.floor((staff.done * 100) / n) : 0;
	return (
		<>
			<h3>{t("instructor.staff")}</h3>
			<p class="small" data-staff={team.team}>
				{n > 0 ? t("instructor.staff.line", { n, share, percent: staff.percent }) : t("instructor.staff.none", { percent: staff.percent })}
				{staff.last ? (
					<span class="muted">
						{` · ${t("instructor.staff.last")} `}
						<Time ms={staff.last.at_ms} clock={team.clock} />
						{` ${staff.last.person}@${staff.last.host}: ${staff.last.message}`}
					</span>
				) : null}
			</p>
			<LoadDial {...context} percent={staff.percent} />
		</>
	);
}

export function TeamDetail(context: Context) {
	const { t, say } = useWords();
	const { team, view } = context;
	const title = (list: { id: string; title: InstructorView["title"] }[], id: string) => say(list.find((one) => one.id === id)?.title) || id;
	return (
		<Panel
			title={t("instructor.detail", { team: t("team.name", { n: team.team }) })}
			id="detail"
			aside={<span class="num">{`${pointsText(team.points_milli)} / ${pointsText(team.measured_milli)}`}</span>}
		>
			<h3>{t("instructor.steps")}</h3>
			<Steps team={team} />
			<Hosts {...context} />
			<SimulatedStaff {...context} />
			<h3>{t("instructor.objectives")}</h3>
			<ul class="score-lines">
				{team.objectives.map((objective) => (
					<ScoreLine key={objective.id} title={title(view.objectives, objective.id)} line={objective} />
				))}
				{team.duties.map((duty) => (
					<ScoreLine key={duty.id} title={title(view.duties, duty.id)} line={duty} />
				))}
			</ul>
			<OtherPoints why={team.why} />
			<AdjustForm {...context} />
			<InjectForm {...context} />
		</Panel>
	);
}
