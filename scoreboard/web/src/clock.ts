// Exercise clocks run in the browser between two views.
import { useEffect, useState } from "preact/hooks";
import { serverNow } from "./api";
import type { Clock } from "./types";

export function clockMs(clock: Clock, now = serverNow()): number {
	const ms = clock.state === "running" ? clock.ms + (now - clock.wall_ms) : clock.ms;
	return Math.max(0, Math.min(ms, clock.duration_ms));
}

/** The wall time at which the clock showed (or will show) `ms`, as far as it has run since without a stop. */
export const wallAt = (clock: Clock, ms: number): number => clock.wall_ms + (ms - clock.ms);

/** Draws again four times a second while `running`, so that seconds are never seen to jump. */
export function useTick(running: boolean): void {
	const [, tick] = useState(0);
	useEffect(() => {
		if (!running) return undefined;
		const timer = window.setInterval(() => tick((n) => n + 1), 250);
		return () => window.clearInterval(timer);
	}, [running]);
}

/** The clock's time now; the component that asks is drawn again while it runs. */
export function useClock(clock: Clock): number {
	useTick(clock.state === "running");
	return clockMs(clock);
}
