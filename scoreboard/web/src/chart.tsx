// Points over exercise time: one stepped line a team, drawn by uPlot.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clockMs } from "./clock";
import { clockText } from "./format";
import { useWords } from "./language";
import type { BoardTeam } from "./types";

// Told apart by hue and lightness, also by people who see fewer colours (after Okabe and Ito); lines of later rounds are dashed.
const colours = ["#56b4e9", "#e69f00", "#2fbf9b", "#f0e442", "#d98cc0", "#ff8a5c", "#9aa8ff", "#b7c4cc"];
export const teamColour = (team: number): string => colours[(team - 1) % colours.length] ?? "#56b4e9";
const teamDash = (team: number): number[] | undefined => {
	const round = Math.floor((team - 1) / colours.length);
	return round === 0 ? undefined : round % 2 ? [8, 4] : [2, 3];
};

const height = 300;

/** All teams' times in one row; each team's points there, carried on to its clock's now. */
function tableOf(teams: BoardTeam[]): uPlot.AlignedData {
	const ends = teams.map((team) => clockMs(team.clock));
	const times = [...new Set([0, ...ends, ...teams.flatMap((team) => team.series.map(([ms]) => ms))])].sort((a, b) => a - b);
	const rows = teams.map((team, index) => {
		let next = 0;
		let points = 0;
		return times.map((ms) => {
			for (let entry = team.series[next]; entry && entry[0] <= ms; entry = team.series[++next]) points = entry[1];
			return ms <= (ends[index] ?? 0) ? points / 1000 : null;
		});
	});
	return [times.map((ms) => ms / 1000), ...rows];
}

export function PointsChart({ teams, maxPoints, durationMs }: { teams: BoardTeam[]; maxPoints: number; durationMs: number }) {
	const { t, language } = useWords();
	const place = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot | null>(null);
	const names = teams.map((team) => team.team).join(",");
	const top = Math.max(10, maxPoints / 1000);

	useEffect(() => {
		const element = place.current;
		if (!element) return undefined;
		const style = getComputedStyle(element);
		const axis = { stroke: style.getPropertyValue("--muted"), font: `12px ${style.fontFamily}`, ticks: { show: false } };
		const grid = { stroke: style.getPropertyValue("--line"), width: 1 };
		const options: uPlot.Options = {
			width: element.clientWidth,
			height,
			legend: { show: false },
			cursor: { show: false },
			scales: { x: { time: false, range: [0, durationMs / 1000] }, y: { range: (_plot, low) => [Math.min(0, low ?? 0), top * 1.04] } },
			axes: [
				{ ...axis, size: 28, grid: { show: false }, space: 90, incrs: [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200], values: (_plot, at) => at.map((s) => clockText(s * 1000)) },
				{ ...axis, grid, size: 40, space: 36 },
			],
			series: [
				{},
				...teams.map((team) => ({
					label: t("team.name", { n: team.team }),
					stroke: teamColour(team.team),
					width: 2.5,
					dash: teamDash(team.team),
					paths: uPlot.paths.stepped?.({ align: 1 }),
					points: { show: false },
				})),
			],
		};
		const drawn = new uPlot(options, tableOf(teams), element);
		plot.current = drawn;
		const watcher = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height }));
		watcher.observe(element);
		return () => {
			watcher.disconnect();
			drawn.destroy();
			plot.current = null;
		};
	}, [names, top, durationMs, language]);

	// New numbers come with a view; between views only the running clocks move, and a look every few seconds is enough for a line.
	useEffect(() => {
		const redraw = () => plot.current?.setData(tableOf(teams));
		redraw();
		if (!teams.some((team) => team.clock.state === "running")) return undefined;
		const timer = window.setInterval(redraw, 2000);
		return () => window.clearInterval(timer);
	}, [teams]);

	return <div ref={place} class="chart" role="img" aria-label={t("board.chart")} style={{ height: `${height}px` }} />;
}
