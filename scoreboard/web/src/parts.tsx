// What all pages are made of.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError, type Live, logout } from "./api";
import { clockMs, useClock, useTick, wallAt } from "./clock";
import { clockText, pointsText, wallText } from "./format";
import { Icon, Mark } from "./icons";
import { useWords } from "./language";
import type { TextKey } from "./texts";
import type { CableState, Clock, ClockState, HostState, Session, State, StepState, Why } from "./types";

export function StateBadge(props: {
	state: State | StepState | HostState | CableState;
	kind?: "state" | "step" | "host" | "cable";
	compact?: boolean;
	count?: number;
}) {
	const { state, kind = "state", compact = false, count } = props;
	const { t } = useWords();
	const word = t(`${kind}.${state}` as TextKey) + (count === undefined ? "" : ` ${count}`);
	return (
		<span class={`badge ${kind}-${state}`} title={compact ? word : undefined}>
			<Icon name={state} />
			<span class={compact ? "unseen" : "word"}>{word}</span>
		</span>
	);
}

export function ClockBadge({ state }: { state: ClockState }) {
	const { t } = useWords();
	return (
		<span class={`badge clock-${state}`}>
			<Icon name={state} />
			<span class="word">{t(`clock.${state}`)}</span>
		</span>
	);
}

/** A moment of exercise time, with the wall time on hover. */
export function Time({ ms, clock }: { ms: number; clock?: Clock }) {
	const { t } = useWords();
	return (
		<time class="num" title={clock ? t("clock.hover", { time: wallText(wallAt(clock, ms)) }) : undefined}>
			{clockText(ms)}
		</time>
	);
}

export function ClockFace({ clock, large = false }: { clock: Clock; large?: boolean }) {
	const { t } = useWords();
	const ms = useClock(clock);
	return (
		<div class={large ? "clock large" : "clock"}>
			<span class="clock-now num" role="timer" aria-label={t("clock.label")} title={t("clock.hover", { time: wallText(wallAt(clock, ms)) })}>
				{clockText(ms)}
			</span>
			<span class="clock-end num">/ {clockText(clock.duration_ms)}</span>
			<ClockBadge state={clock.state} />
		</div>
	);
}

/** How much of the time is over, as a thin line. */
export function ClockBar({ clock }: { clock: Clock }) {
	useTick(clock.state === "running");
	const part = clock.duration_ms > 0 ? clockMs(clock) / clock.duration_ms : 0;
	return (
		<div class="clock-bar" aria-hidden="true">
			<div style={{ width: `${(part * 100).toFixed(2)}%` }} />
		</div>
	);
}

export function Points({ points, max }: { points: number; max?: number }) {
	return (
		<span class="points num">
			<b>{pointsText(points)}</b>
			{max === undefined ? null : <span class="of">/{pointsText(max)}</span>}
		</span>
	);
}

export function Panel(props: { title: string; count?: number; id: string; aside?: ComponentChildren; children: ComponentChildren; class?: string }) {
	return (
		<section class={`panel ${props.class ?? ""}`} aria-labelledby={props.id}>
			<header>
				<h2 id={props.id}>
					{props.title}
					{props.count ? <span class="count num">{props.count}</span> : null}
				</h2>
				{props.aside}
			</header>
			<div class="panel-body">{props.children}</div>
		</section>
	);
}

export const Empty = ({ children }: { children: ComponentChildren }) => <p class="empty">{children}</p>;

function WhyLines({ why }: { why: Why[] }) {
	const { t, say } = useWords();
	return (
		<ul>
			{why.map((line, index) => (
				<li key={index}>
					<span>{say(line.text)}</span>
					<Points points={line.points_milli} />
					{line.events.length > 0 ? <span class="muted num">{t("why.events", { list: line.events.map((seq) => `#${seq}`).join(" ") })}</span> : null}
				</li>
			))}
		</ul>
	);
}

export function WhyDetails({ why }: { why: Why[] }) {
	const { t } = useWords();
	return (
		<details class="why">
			<summary>{t("why")}</summary>
			{why.length === 0 ? <p class="muted">{t("why.empty")}</p> : <WhyLines why={why} />}
		</details>
	);
}

/** What belongs to no objective: wrong claims, the instructor's adjustments. */
export function OtherPoints({ why }: { why: Why[] | undefined }) {
	const { t } = useWords();
	if (!why || why.length === 0) return null;
	return (
		<div class="why other-points">
			<h4>{t("points.other")}</h4>
			<WhyLines why={why} />
		</div>
	);
}

// ---- sending ----

export interface Sending {
	busy: boolean;
	error: string | null;
	done: boolean;
	run: (work: () => Promise<unknown>) => Promise<void>;
}

/** Runs one request at a time and says how it went. */
export function useSending(): Sending {
	const { t, say } = useWords();
	const [state, setState] = useState<{ busy: boolean; failure: unknown; done: boolean }>({ busy: false, failure: null, done: false });
	const describe = (failure: unknown): string => {
		if (!(failure instanceof ApiError)) return t("error.unknown");
		if (failure.status === 0) return t("error.network");
		const retry = failure.retrySeconds ? ` ${t("error.retry", { n: failure.retrySeconds })}` : "";
		return (say(failure.text) || t("error.unknown")) + retry;
	};
	const run = async (work: () => Promise<unknown>) => {
		if (state.busy) return;
		setState({ busy: true, failure: null, done: false });
		try {
			await work();
			setState({ busy: false, failure: null, done: true });
		} catch (failure) {
			setState({ busy: false, failure, done: false });
		}
	};
	return { busy: state.busy, error: state.failure ? describe(state.failure) : null, done: state.done, run };
}

export function Outcome({ sending, done }: { sending: Sending; done?: string }) {
	const { t } = useWords();
	return (
		<span class="outcome" role="status">
			{sending.busy ? <span class="muted">{t("sending")}</span> : null}
			{sending.error ? <span class="error">{sending.error}</span> : null}
			{sending.done && done && !sending.busy ? <span class="good">{done}</span> : null}
		</span>
	);
}

/** A button that asks before it acts. Cancel has the focus then: Enter by mistake does nothing. The outcome is for the caller to show. */
export function AskFirst(props: {
	label: string;
	/** Which of several such buttons this is, for who hears the page. */
	name?: string;
	question: string;
	yes: string;
	sending: Sending;
	act: () => Promise<unknown>;
	class?: string;
	danger?: boolean;
	disabled?: boolean;
}) {
	const { t } = useWords();
	const [asking, ask] = useState<boolean | null>(null); // null: never yet
	const focused = useRef<HTMLButtonElement>(null);
	useLayoutEffect(() => {
		if (asking !== null) focused.current?.focus();
	}, [asking]);
	const act = () =>
		void props.sending.run(async () => {
			await props.act();
			ask(false);
		});
	const name = props.name ?? props.label;
	if (!asking)
		return (
			<button type="button" class={props.class} aria-label={name} disabled={props.disabled} onClick={() => ask(true)} ref={focused}>
				{props.label}
			</button>
		);
	return (
		<span class="asking" role="group" aria-label={name}>
			<span>{props.question}</span>
			<button type="button" class={props.danger ? "danger" : "primary"} onClick={act} disabled={props.sending.busy}>
				{props.yes}
			</button>
			<button type="button" onClick={() => ask(false)} ref={focused}>
				{t("cancel")}
			</button>
		</span>
	);
}

// ---- the frame ----

function LanguageSwitch() {
	const { t, language, switchTo } = useWords();
	return (
		<span class="languages" role="group" aria-label={t("language.switch")}>
			{(["ja", "en"] as const).map((one) => (
				<button key={one} type="button" lang={one} aria-pressed={language === one} onClick={() => switchTo(one)}>
					{one === "ja" ? "日本語" : "English"}
				</button>
			))}
		</span>
	);
}

type Page = "board" | "team" | "instructor" | "login" | "list";

function Navigation({ exercise, page, session }: { exercise: string; page: Page; session: Session | null }) {
	const { t } = useWords();
	const to = (path: string, key: TextKey, name: Page) => (
		<a href={`/x/${exercise}/${path}`} aria-current={page === name ? "page" : undefined}>
			{t(key)}
		</a>
	);
	const leave = async () => {
		if (session) await logout(exercise, session).catch(() => undefined);
		location.assign(`/x/${exercise}/login`);
	};
	return (
		<nav aria-label={t("nav.label")}>
			{to("", "nav.board", "board")}
			{session?.role === "team" ? to("team", "nav.team", "team") : null}
			{session?.role === "instructor" ? to("instructor", "nav.instructor", "instructor") : null}
			{session ? (
				<button type="button" class="quiet" onClick={leave} title={session.account}>
					{t("nav.logout")}
				</button>
			) : (
				to("login", "nav.login", "login")
			)}
		</nav>
	);
}

export function ConnectionLine({ live }: { live: Live<unknown> }) {
	const { t } = useWords();
	if (live.connection === "live" && live.view) return null;
	const text =
		live.connection === "lost"
			? live.view
				? t("connection.lost", { time: wallText(live.since) })
				: t("connection.never")
			: t(live.connection === "live" ? "connection.waiting" : "connection.connecting");
	return (
		<p class={`connection ${live.connection}`} role="status">
			<Icon name={live.connection === "lost" ? "alarm" : "waiting"} />
			{text}
		</p>
	);
}

export function Frame(props: {
	exercise: string;
	page: Page;
	title: string;
	session: Session | null;
	live?: Live<unknown>;
	middle?: ComponentChildren;
	under?: ComponentChildren;
	children: ComponentChildren;
}) {
	const { t } = useWords();
	document.title = props.title ? `${props.title} · ${t("app.name")}` : t("app.name");
	document.documentElement.classList.toggle("hall", props.page === "board");
	return (
		<div class={`page page-${props.page}`}>
			<a class="skip" href="#content">
				{t("nav.skip")}
			</a>
			<header class="top">
				<a class="brand" href={props.exercise ? `/x/${props.exercise}/` : "/"} aria-label={t("app.name")}>
					<Mark />
				</a>
				<h1>{props.title}</h1>
				<div class="top-middle">{props.middle}</div>
				{props.exercise ? <Navigation exercise={props.exercise} page={props.page} session={props.session} /> : null}
				<LanguageSwitch />
			</header>
			{props.under}
			{props.live ? <ConnectionLine live={props.live} /> : null}
			<main id="content" tabIndex={-1}>
				{props.children}
			</main>
		</div>
	);
}
