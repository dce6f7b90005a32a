// Numbers and times as people read them.

/** Exercise time: 00:41:10. */
export function clockText(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	const two = (n: number) => String(n).padStart(2, "0");
	return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** A span: 8:50, or 1:08:50. */
export function spanText(ms: number): string {
	const seconds = Math.max(0, Math.ceil(ms / 1000));
	const two = (n: number) => String(n).padStart(2, "0");
	const hours = Math.floor(seconds / 3600);
	const minutes = Math.floor(seconds / 60) % 60;
	return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** Thousandths of a point: 34, 12.5, −3. Never more than one decimal, never rounded up to what was not reached. */
export function pointsText(milli: number): string {
	const tenths = Math.trunc(milli / 100);
	const text = tenths % 10 === 0 ? String(Math.abs(tenths / 10)) : Math.abs(tenths / 10).toFixed(1);
	return tenths < 0 ? `−${text}` : text;
}

export function wallText(wallMs: number): string {
	return new Date(wallMs).toLocaleTimeString("ja-JP", { hour12: false });
}
