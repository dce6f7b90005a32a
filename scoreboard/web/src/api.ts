// Talks with the server: the session, commands, and the live view.
import { useEffect, useState } from "preact/hooks";
import type { Session, Text } from "./types";

export class ApiError extends Error {
	constructor(
		readonly status: number,
		readonly text: Text,
		readonly retrySeconds?: number,
	) {
		super(`HTTP ${status}`);
	}
}

async function call<T>(path: string, options: RequestInit = {}): Promise<T> {
	let response: Response;
	try {
		response = await fetch(path, { credentials: "same-origin", ...options });
	} catch {
		throw new ApiError(0, null);
	}
	const body = await response.json().catch(() => null);
	if (!response.ok) throw new ApiError(response.status, body?.error, body?.retry_s);
	return body as T;
}

const post = <T>(path: string, body: unknown, csrf?: string) =>
	call<T>(path, {
		method: "POST",
		headers: { "Content-Type": "application/json", ...(csrf ? { "X-CSRF-Token": csrf } : {}) },
		body: JSON.stringify(body),
	});

export const fetchExercises = () => call<{ name: string; title: Text }[]>("/api/exercises");
export const login = (exercise: string, account: string, password: string) =>
	post<Session>(`/api/x/${exercise}/login`, { account, password });
export const logout = (exercise: string, session: Session) => post(`/api/x/${exercise}/logout`, {}, session.csrf);
export const sendCommand = (exercise: string, session: Session, command: string, args: object) =>
	post<Record<string, unknown>>(`/api/x/${exercise}/command`, { command, args }, session.csrf);

/** The session, or null for a visitor. */
export async function fetchSession(exercise: string): Promise<Session | null> {
	try {
		return await call<Session>(`/api/x/${exercise}/session`);
	} catch (error) {
		if (error instanceof ApiError && error.status === 401) return null;
		throw error;
	}
}

// ---- the server's time ----

let serverAheadMs = 0;

/** Unix time by the server's clock: a trainee's own may be minutes off. */
export const serverNow = () => Date.now() + serverAheadMs;

async function compareClocks(): Promise<void> {
	const before = Date.now();
	const { wall_ms } = await call<{ wall_ms: number }>("/healthz");
	serverAheadMs = wall_ms - (before + Date.now()) / 2;
}

// ---- the live view ----

export interface Live<T> {
	view: T | null;
	/** When the view came, by this browser's clock. */
	since: number;
	connection: "connecting" | "live" | "lost";
	/** The server says that this is not for this visitor. */
	refused: boolean;
}

const retryMs = { first: 1000, most: 15000 };

/** Keeps a view up to date for as long as the page shows it; comes back by itself when the connection breaks. */
export function useLive<T>(exercise: string, kind: "board" | "team" | "instructor"): Live<T> {
	const [live, setLive] = useState<Live<T>>({ view: null, since: 0, connection: "connecting", refused: false });
	useEffect(() => {
		let source: EventSource | null = null;
		let timer = 0;
		let waitMs = retryMs.first;
		let stopped = false;
		const update = (change: Partial<Live<T>>) => setLive((before) => ({ ...before, ...change }));

		const again = () => {
			source?.close();
			window.clearTimeout(timer);
			timer = window.setTimeout(open, waitMs);
			waitMs = Math.min(waitMs * 2, retryMs.most);
		};
		// EventSource does not tell why it failed: a session that has ended is asked for.
		const failed = async () => {
			update({ connection: "lost" });
			if (kind !== "board" && (await fetchSession(exercise).catch(() => undefined)) === null && !stopped)
				return update({ refused: true });
			if (!stopped) again();
		};
		const open = () => {
			compareClocks().catch(() => undefined);
			source = new EventSource(`/api/x/${exercise}/events?view=${kind}`);
			source.addEventListener("view", (event) => {
				waitMs = retryMs.first;
				update({ view: JSON.parse(event.data) as T, since: Date.now(), connection: "live", refused: false });
			});
			source.onopen = () => update({ connection: "live" });
			source.onerror = () => {
				source?.close();
				void failed();
			};
		};
		const offline = () => update({ connection: "lost" });
		const online = () => {
			waitMs = retryMs.first;
			again();
		};
		open();
		window.addEventListener("offline", offline);
		window.addEventListener("online", online);
		return () => {
			stopped = true;
			source?.close();
			window.clearTimeout(timer);
			window.removeEventListener("offline", offline);
			window.removeEventListener("online", online);
		};
	}, [exercise, kind]);
	return live;
}
