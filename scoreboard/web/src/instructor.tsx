// The instructor's page: the clock, all teams in one table, what waits for a grade, alarms; a team's details below.
import { useState } from "preact/hooks";
import { sendCommand, useLive } from "./api";
import { usePhaseName } from "./board";
import { useClock } from "./clock";
import { valueText } from "./fields";
import { spanText } from "./format";
import { Icon } from "./icons";
import { TeamDetail } from "./instructor-team";
import { useWords } from "./language";
import { LoginPage } from "./login";
import { AskFirst, ClockFace, Empty, Frame, Outcome, Panel, Points, StateBadge, Time, useSending } from "./parts";
import type { TextKey } from "./texts";
import type { InstructorTeam, InstructorView, Report, Session, Step } from "./types";

interface Context {
	exercise: string;
	session: Session;
	view: InstructorView;
}

function ClockControl({ exercise, session, view }: Context) {
	const { t } = useWords();
	const [team, setTeam] = useState(0);
	const sending = useSending();
	const concerned = view.teams.filter((one) => team === 0 || one.team === team);
	const some = (...states: string[]) => concerned.some(({ clock }) => states.includes(clock.state));
	const give = (command: string) => sendCommand(exercise, session, command, team === 0 ? {} : { team });
	const button = (command: "start" | "pause" | "resume", possible: boolean) => (
		<button type="button" class={possible ? "primary" : ""} disabled={!possible || sending.busy} onClick={() => void sending.run(() => give(command))}>
			{t(`command.${command}`)}
		</button>
	);
	const who = team === 0 ? t("teams.all") : t("team.name", { n: team });
	return (
		<div class="control" role="group" aria-label={t("instructor.control")}>
			<label>
				{t("instructor.for")}{" "}
				<select aria-label={t("instructor.who")} value={team} onChange={(event) => setTeam(Number(event.currentTarget.value))}>
					<option value={0}>{t("teams.all")}</option>
					{view.teams.map((one) => (
						<option key={one.team} value={one.team}>
							{t("team.name", { n: one.team })}
						</option>
					))}
				</select>
			</label>
			{button("start", some("ready"))}
			{button("pause", some("running"))}
			{button("resume", some("paused"))}
			<AskFirst
				label={t("command.end")}
				question={t("command.end.confirm", { who })}
				yes={t("command.end.yes")}
				danger
				disabled={!some("ready", "running", "paused")}
				sending={sending}
				act={() => give("end")}
			/>
			<Outcome sending={sending} done={t("command.done")} />
		</div>
	);
}

// ---- the table ----

function StepDots({ steps }: { steps: Step[] }) {
	const { t } = useWords();
	return (
		<ol class="step-dots">
			{steps.map((step) => (
				<li key={step.id} class={`badge step-${step.state}`} title={`${step.id}: ${t(`step.${step.state}` as TextKey)}`}>
					<Icon name={step.state} />
					<span class="unseen">{`${step.id}: ${t(`step.${step.state}` as TextKey)}`}</span>
				</li>
			))}
		</ol>
	);
}

/** The step that runs or came last, in words. */
function CurrentStep({ steps }: { steps: Step[] }) {
	const { t } = useWords();
	const current = steps.find((step) => step.state === "running") ?? [...steps].reverse().find((step) => step.state !== "waiting");
	if (!current) return <span class="muted small">{t("step.waiting")}</span>;
	return <span class={`small step-${current.state}`}>{`${current.id} · ${t(`step.${current.state}` as TextKey)}`}</span>;
}

function LastAction({ team }: { team: InstructorTeam }) {
	const { t } = useWords();
	const now = useClock(team.clock);
	if (team.last_action_ms === null) return <span class="muted">{t("instructor.last.never")}</span>;
	return <span class="num">{t("instructor.last.ago", { time: spanText(now - team.last_action_ms) })}</span>;
}

function TeamRow({ team, phases, chosen, choose }: { team: InstructorTeam; phases: string[]; chosen: boolean; choose: () => void }) {
	const { t } = useWords();
	return (
		<tr class={chosen ? "chosen" : ""} onClick={choose} data-team={team.team}>
			<th scope="row">
				<button type="button" class="quiet" aria-pressed={chosen} onClick={(event) => (event.stopPropagation(), choose())}>
					{t("team.name", { n: team.team })}
				</button>
			</th>
			<td>
				<ClockFace clock={team.clock} />
			</td>
			{phases.map((name) => {
				const phase = team.phases[name];
				return (
					<td key={name} class="phase-cell">
						{phase ? (
							<>
								<StateBadge state={phase.state} compact />
								<Points points={phase.points_milli} max={phase.max_milli} />
							</>
						) : null}
					</td>
				);
			})}
			<td class="total-cell">
				<Points points={team.points_milli} max={team.measured_milli} />
			</td>
			<td>
				<StepDots steps={team.steps} />
				<CurrentStep steps={team.steps} />
			</td>
			<td>
				<LastAction team={team} />
			</td>
		</tr>
	);
}

const phaseOrder = ["detect", "triage", "analyse", "contain", "eradicate", "recover", "report"];

function TeamTable({ view, chosen, choose }: { view: InstructorView; chosen: number; choose: (team: number) => void }) {
	const { t } = useWords();
	const phaseName = usePhaseName();
	const present = new Set(view.teams.flatMap((team) => Object.keys(team.phases)));
	const phases = phaseOrder.filter((phase) => present.has(phase));
	if (view.teams.length === 0) return <Empty>{t("instructor.noteams")}</Empty>;
	return (
		<div class="table-scroll">
			<table class="teams">
				<thead>
					<tr>
						<th scope="col">{t("team.label")}</th>
						<th scope="col">{t("clock.label")}</th>
						{phases.map((phase) => (
							<th scope="col" key={phase}>
								{phaseName(phase)}
							</th>
						))}
						<th scope="col">{t("points")}</th>
						<th scope="col">{t("instructor.attack")}</th>
						<th scope="col">{t("instructor.last")}</th>
					</tr>
				</thead>
				<tbody>
					{view.teams.map((team) => (
						<TeamRow key={team.team} team={team} phases={phases} chosen={team.team === chosen} choose={() => choose(team.team)} />
					))}
				</tbody>
			</table>
		</div>
	);
}

// ---- reports, and those to be graded ----

function ReportEntry({ team, report, exercise, session, view }: { team: InstructorTeam; report: Report } & Context) {
	const { t, say } = useWords();
	const [percent, setPercent] = useState("");
	const sending = useSending();
	const duty = view.duties.find((one) => one.id === report.duty);
	const submit = (event: Event) => {
		event.preventDefault();
		void sending.run(async () => {
			await sendCommand(exercise, session, "grade", { team: team.team, duty: report.duty, percent: Number(percent) });
		});
	};
	return (
		<li class="grading" data-team={team.team} data-duty={report.duty}>
			<div class="objective-head">
				<b>{`${t("team.name", { n: team.team })} · ${say(duty?.title) || report.duty}`}</b>
				<Time ms={report.at_ms} clock={team.clock} />
			</div>
			<dl class="facts">
				{Object.entries(report.fields).map(([name, value]) => (
					<div key={name}>
						<dt>{name}</dt>
						<dd class="said">{valueText(value)}</dd>
					</div>
				))}
			</dl>
			{say(duty?.rubric) ? <p class="small">{`${t("instructor.rubric")}: ${say(duty?.rubric)}`}</p> : null}
			{report.percent !== null ? <p class="small">{t("instructor.graded", { percent: report.percent })}</p> : null}
			{graded(view, report) ? (
				<form class="row" onSubmit={submit}>
					<label>
						{t("instructor.percent")}{" "}
						<input type="number" name="percent" min="0" max="100" step="1" required value={percent} onInput={(event) => setPercent(event.currentTarget.value)} />
					</label>
					<button type="submit" class="primary" disabled={sending.busy}>
						{t("instructor.grade")}
					</button>
					<Outcome sending={sending} />
				</form>
			) : null}
		</li>
	);
}

/** A duty without a rubric is marked by completeness and truth alone: nobody has to grade it. */
function graded(view: InstructorView, report: Report): boolean {
	const rubric = view.duties.find((one) => one.id === report.duty)?.rubric;
	return typeof rubric === "string" ? rubric !== "" : Boolean(rubric?.ja || rubric?.en);
}

function Grading(context: Context) {
	const { t } = useWords();
	const all = context.view.teams.flatMap((team) => team.reports.map((report) => ({ team, report })));
	const waiting = all.filter(({ report }) => report.percent === null && graded(context.view, report));
	const others = all.filter((one) => !waiting.includes(one));
	const list = (reports: typeof all) => (
		<ul class="gradings">
			{reports.map(({ team, report }) => (
				<ReportEntry key={`${team.team} ${report.seq}`} team={team} report={report} {...context} />
			))}
		</ul>
	);
	return (
		<Panel title={t("instructor.grading")} id="grading" count={waiting.length}>
			{waiting.length === 0 ? <Empty>{t("instructor.grading.empty")}</Empty> : null}
			{list(waiting)}
			{others.length > 0 ? (
				<details>
					<summary>{t("instructor.reports", { n: others.length })}</summary>
					{list(others)}
				</details>
			) : null}
		</Panel>
	);
}

function Alarms({ view }: { view: InstructorView }) {
	const { t } = useWords();
	const alarms = [...view.alarms].reverse();
	return (
		<Panel title={t("instructor.alarms")} id="alarms" count={alarms.length}>
			{alarms.length === 0 ? <Empty>{t("instructor.alarms.empty")}</Empty> : null}
			<ul class="alarms" aria-live="polite">
				{alarms.map((alarm) => (
					<li key={alarm.seq}>
						<Icon name="alarm" />
						<span>
							<b>{alarm.team > 0 ? t("team.name", { n: alarm.team }) : t("teams.all")}</b> {alarm.text}
						</span>
					</li>
				))}
			</ul>
		</Panel>
	);
}

export function InstructorPage({ exercise, session }: { exercise: string; session: Session }) {
	const { t, say } = useWords();
	const live = useLive<InstructorView>(exercise, "instructor");
	const [chosen, choose] = useState(1);
	const view = live.view;
	if (live.refused) return <LoginPage exercise={exercise} session={null} notice={t("login.needed")} />;
	const team = view?.teams.find((one) => one.team === chosen);
	const context = view ? { exercise, session, view } : null;
	return (
		<Frame
			exercise={exercise}
			page="instructor"
			title={view ? say(view.title) : ""}
			session={session}
			live={live}
			under={context ? <ClockControl {...context} /> : null}
		>
			{context ? (
				<>
					<Panel title={t("instructor.teams")} id="teams" aside={<span class="muted small">{t("instructor.teams.help")}</span>}>
						<TeamTable view={context.view} chosen={chosen} choose={choose} />
					</Panel>
					<div class="two">
						<div class="column">{team ? <TeamDetail key={team.team} team={team} {...context} /> : null}</div>
						<div class="column">
							<Alarms view={context.view} />
							<Grading {...context} />
						</div>
					</div>
				</>
			) : null}
		</Frame>
	);
}
