// The public board: phases as strips, a line for each team, the exercise clock. No ranking.
import { useLive } from "./api";
import { PointsChart, teamColour } from "./chart";
import { clockMs } from "./clock";
import { useWords } from "./language";
import { ClockBar, ClockFace, Empty, Frame, Panel, Points, StateBadge } from "./parts";
import type { TextKey } from "./texts";
import { texts } from "./texts";
import type { BoardTeam, BoardView, Clock, Phase, Session } from "./types";

export function usePhaseName(): (phase: string) => string {
	const { t } = useWords();
	return (phase) => (`phase.${phase}` in texts ? t(`phase.${phase}` as TextKey) : phase);
}

function PhaseCell({ phase, name }: { phase: Phase | undefined; name: string }) {
	if (!phase) return <li class="phase state-open" />;
	const part = phase.max_milli > 0 ? Math.max(0, Math.min(1, phase.points_milli / phase.max_milli)) : 0;
	return (
		<li class={`phase state-${phase.state}`}>
			<div class="phase-head">
				<span class="phase-name">{name}</span>
				<Points points={phase.points_milli} max={phase.max_milli} />
			</div>
			<div class="phase-bar" aria-hidden="true">
				<div style={{ width: `${part * 100}%` }} />
			</div>
			<StateBadge state={phase.state} />
		</li>
	);
}

function TeamStrip({ team, phases, ownClock }: { team: BoardTeam; phases: string[]; ownClock: boolean }) {
	const { t } = useWords();
	const phaseName = usePhaseName();
	return (
		<li class="strip" data-team={team.team}>
			<div class="strip-name">
				<span class="swatch" style={{ background: teamColour(team.team) }} aria-hidden="true" />
				<h3>{t("team.name", { n: team.team })}</h3>
				{ownClock ? <ClockFace clock={team.clock} /> : null}
			</div>
			<ul class="phases">
				{phases.map((phase) => (
					<PhaseCell key={phase} phase={team.phases[phase]} name={phaseName(phase)} />
				))}
			</ul>
			<div class="strip-total" title={t("points.measured", { max: Math.floor(team.measured_milli / 1000) })}>
				<Points points={team.points_milli} max={team.measured_milli} />
			</div>
		</li>
	);
}

/** The clock that all teams share, or null when they differ. */
function sharedClock(teams: BoardTeam[]): Clock | null {
	const first = teams[0]?.clock;
	if (!first) return null;
	const now = clockMs(first);
	return teams.every(({ clock }) => clock.state === first.state && Math.abs(clockMs(clock) - now) < 2000) ? first : null;
}

export function BoardPage({ exercise, session }: { exercise: string; session: Session | null }) {
	const { t, say } = useWords();
	const live = useLive<BoardView>(exercise, "board");
	const view = live.view;
	const clock = view ? sharedClock(view.teams) : null;
	const maxPoints = Math.max(0, ...(view?.teams.map((team) => team.measured_milli) ?? []));
	const durationMs = Math.max(1000, ...(view?.teams.map((team) => team.clock.duration_ms) ?? []));
	return (
		<Frame
			exercise={exercise}
			page="board"
			title={view ? say(view.title) : ""}
			session={session}
			live={live}
			middle={clock ? <ClockFace clock={clock} large /> : null}
			under={clock ? <ClockBar clock={clock} /> : null}
		>
			{view ? (
				<>
					<p class="summary">
						<span class="tag">{t("board.level", { n: view.level })}</span>
						{say(view.summary)}
					</p>
					<Panel title={t("board.teams")} id="board-teams" class="bare">
						{view.teams.length === 0 ? (
							<Empty>{t("board.empty")}</Empty>
						) : (
							<ul class="strips">
								{view.teams.map((team) => (
									<TeamStrip key={team.team} team={team} phases={view.phases} ownClock={!clock} />
								))}
							</ul>
						)}
					</Panel>
					<Panel title={t("board.chart")} id="board-chart">
						{view.teams.some((team) => team.clock.state !== "ready") ? (
							<PointsChart teams={view.teams} maxPoints={maxPoints} durationMs={durationMs} />
						) : (
							<Empty>{t("board.chart.empty")}</Empty>
						)}
					</Panel>
				</>
			) : null}
		</Frame>
	);
}
