// One small picture for each state: states are always picture, word and colour together.
import type { JSX } from "preact";

const shapes: Record<string, JSX.Element> = {
	open: <circle cx="8" cy="8" r="5.5" stroke-dasharray="2.4 2.2" />,
	partial: (
		<>
			<circle cx="8" cy="8" r="5.5" />
			<path d="M8 2.5a5.5 5.5 0 0 1 0 11z" class="fill" />
		</>
	),
	done: (
		<>
			<circle cx="8" cy="8" r="6.5" class="disc" />
			<path d="M4.8 8.3l2.2 2.2 4.3-4.8" class="on-disc" />
		</>
	),
	missed: (
		<>
			<circle cx="8" cy="8" r="5.8" />
			<path d="M5.7 5.7l4.6 4.6m0-4.6l-4.6 4.6" />
		</>
	),
	unmeasured: <path d="M3 8h2.2m1.7 0h2.2M10.8 8H13" />,
	ready: <circle cx="8" cy="8" r="5" />,
	running: <path d="M5 3.2v9.6l8-4.8z" class="fill" />,
	paused: <path d="M4.5 3.5h2.2v9H4.5zM9.3 3.5h2.2v9H9.3z" class="fill" />,
	ended: <path d="M4 4h8v8H4z" class="fill" />,
	waiting: <circle cx="8" cy="8" r="5.5" stroke-dasharray="2.4 2.2" />,
	blocked: (
		<>
			<circle cx="8" cy="8" r="5.8" />
			<path d="M4 12l8-8" />
		</>
	),
	failed: <path d="M3 8h2.2m1.7 0h2.2M10.8 8H13" />,
	skipped: <path d="M3 11c1.5-5 6-6.5 9.5-4M12.7 3.8V7.6H9" />,
	resetting: <path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.2v2.9h-2.9" />,
	stopped: <path d="M5 3.6a5.4 5.4 0 1 0 6 0M8 1.8v5" />,
	plugged: <path d="M1.5 8H5m6 0h3.5M5 5h6v6H5z" />,
	unplugged: <path d="M1.5 8h3m7 0h3M4.5 5.5v5m7-5v5M6.6 6.6l2.8 2.8m0-2.8L6.6 9.4" />,
	alarm: (
		<>
			<path d="M8 2.2l6.3 11.3H1.7z" />
			<path d="M8 6.5v3.3m0 1.6v.2" />
		</>
	),
	message: <path d="M2 4h12v8.5H2zM2 4.5l6 4.5 6-4.5" />,
	clock: (
		<>
			<circle cx="8" cy="8" r="5.8" />
			<path d="M8 4.8V8l2.4 1.6" />
		</>
	),
};

export function Icon({ name }: { name: string }) {
	return (
		<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
			{shapes[name] ?? shapes.open}
		</svg>
	);
}

/** The fortress of the name. */
export function Mark() {
	return (
		<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
			<path d="M4 28V10l5 3V8l7-5 7 5v5l5-3v18h-9v-7h-6v7z" />
		</svg>
	);
}
