// The views as docs/architecture.md describes them. Times: exercise milliseconds; points: thousandths.

export type Language = "ja" | "en";
export type Text = { ja?: string; en?: string } | string | null | undefined;
export type State = "open" | "partial" | "done" | "missed" | "unmeasured";
export type ClockState = "ready" | "running" | "paused" | "ended";
export type HostState = "running" | "resetting" | "stopped" | "failed";
export type CableState = "plugged" | "unplugged";
export type StepState = "waiting" | "running" | "done" | "blocked" | "failed" | "skipped";

export interface Clock {
	state: ClockState;
	ms: number;
	wall_ms: number;
	duration_ms: number;
}

export interface Phase {
	points_milli: number;
	max_milli: number;
	state: State;
}

export interface BoardTeam {
	team: number;
	clock: Clock;
	points_milli: number;
	measured_milli: number;
	phases: Record<string, Phase>;
	series: [number, number][];
}

export interface BoardView {
	exercise: string;
	title: Text;
	summary: Text;
	level: string;
	seq: number;
	phases: string[];
	teams: BoardTeam[];
}

export interface Why {
	text: Text;
	points_milli: number;
	events: number[];
}

export type FieldValue = string | string[];

export interface Claim {
	seq: number;
	at_ms: number;
	value: Record<string, FieldValue>;
	result: "right" | "partial" | "wrong" | "noted";
}

export interface Hint {
	index: number;
	cost_milli: number;
	taken: boolean;
	text: Text;
}

export interface Objective {
	id: string;
	title: Text;
	phase: string;
	kind: "claim" | "state" | "report" | "manual";
	max_milli: number;
	points_milli: number;
	state: State;
	at_ms: number | null;
	full_by_ms: number | null;
	floor_at_ms: number | null;
	fields: { name: string; match: string }[];
	claims: Claim[];
	hints: Hint[];
	why: Why[];
}

export interface Duty {
	id: string;
	title: Text;
	to: { id: string; name: Text } | null;
	due_ms: number | null;
	max_milli: number;
	points_milli: number;
	state: State;
	sent_at_ms: number | null;
	provisional: boolean;
	fields: { name: string; required: boolean; match?: string }[];
	why: Why[];
}

export interface Message {
	id: string;
	seq: number;
	at_ms: number;
	from: { id: string; name: Text } | null;
	text_html: Text;
}

export interface Network {
	name: string;
	cidr: string;
	zone: Text;
	kind: string;
}

export interface Host {
	name: string;
	label: Text;
	role: string;
	access: "none" | "user" | "root";
	addresses: string[];
	networks: string[];
}

export interface TimelineEntry {
	seq: number;
	at_ms: number;
	kind: string;
	text: Text;
}

export interface TeamView {
	exercise: string;
	title: Text;
	team: number;
	clock: Clock;
	points_milli: number;
	measured_milli: number;
	languages: Language[];
	briefing_html: Text;
	inbox: Message[];
	network: { networks: Network[]; hosts: Host[] };
	objectives: Objective[];
	duties: Duty[];
	timeline: TimelineEntry[];
	why?: Why[];
}

export interface Step {
	id: string;
	technique: string;
	on: string;
	state: StepState;
	at_ms: number | null;
	detail: string | null;
	traces: { host: string; file: string; found: boolean | null }[];
}

export interface Report {
	duty: string;
	seq: number;
	at_ms: number;
	fields: Record<string, FieldValue>;
	percent: number | null;
}

export interface InstructorTeam {
	team: number;
	clock: Clock;
	points_milli: number;
	measured_milli: number;
	phases: Record<string, Phase>;
	last_action_ms: number | null;
	objectives: { id: string; state: State; points_milli: number; max_milli: number; why: Why[] }[];
	duties: { id: string; state?: State; points_milli?: number; max_milli?: number; due_ms?: number | null; sent_at_ms?: number | null; why?: Why[] }[];
	steps: Step[];
	reports: Report[];
	why?: Why[];
	staff?: Staff | null;
	hosts: TeamHost[];
}

/** What has become of a team's host. */
export interface TeamHost {
	name: string;
	state: HostState;
	/** The networks whose cable is pulled. */
	unplugged: string[];
	/** What came of the last one. */
	reset: { at_ms: number; took_ms: number; error: string | null } | null;
}

/** How well the simulated staff can work. */
export interface Staff {
	percent: number;
	done: number;
	failed: number;
	last: { at_ms: number; person: string; host: string; message: string } | null;
}

export interface InstructorView {
	exercise: string;
	title: Text;
	teams: InstructorTeam[];
	objectives: { id: string; title: Text; phase: string; max_milli: number }[];
	duties: { id: string; title: Text; rubric?: Text }[];
	injects: { id: string; text: Text }[];
	hosts: { name: string; label: Text; networks: string[] }[];
	networks: Network[];
	alarms: { seq: number; team: number; text: string }[];
}

export interface Session {
	role: "team" | "instructor";
	team: number | null;
	account: string;
	csrf: string;
}
