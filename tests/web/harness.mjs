// Starts toride-scoreboard alone and speaks the board socket in the orchestrator's place (docs/architecture.md). Only for what a real
// orchestrator never does: being silent, slow, or gone; and for peers that misbehave.
import { spawn } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const buildDir = resolve(root, process.env.BUILD || "build");

const running = new Set();

/** For the end of a test file: what a failed test has left would keep the runner waiting. */
export async function stopBoards() {
	for (const board of running) await board.stop();
}

/** `answer(message)` returns what to answer, or undefined to stay silent. */
export async function startBoard(answer = () => undefined, options = []) {
	const args = ["--ipc-fd", "3", "--listen", "127.0.0.1:0", "--user", "nobody", ...options];
	const child = spawn(join(buildDir, "toride-scoreboard"), args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
	const socket = child.stdio[3];
	const log = [];
	child.stderr.on("data", (data) => log.push(String(data)));
	const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
	const send = (message) => socket.write(`${JSON.stringify(message)}\n`);
	const asked = [];
	socket.on("error", () => undefined);
	const first = await new Promise((resolve) => {
		createInterface({ input: socket }).on("line", (line) => {
			const message = JSON.parse(line);
			if (!message.op) return resolve(message);
			asked.push(message);
			const reply = answer(message);
			if (reply) send({ id: message.id, ...reply });
		});
		ended.then(() => resolve({ ended: true }));
	});
	const board = {
		child,
		first,
		send,
		asked,
		log,
		ended,
		url: first.listening && `http://127.0.0.1:${first.listening.port}`,
		port: first.listening?.port,
		stop: () => {
			socket.destroy();
			return ended;
		},
	};
	running.add(board);
	ended.then(() => running.delete(board));
	return board;
}

const hex = (digit) => digit.repeat(64);
export const tokens = { team: hex("a"), instructor: hex("b"), csrf: hex("c") };

/** Knows one team's account (pw "right") and its session; every command is done. */
export function politeAnswer(message) {
	const session = { ok: true, session: tokens.team, csrf: tokens.csrf, exercise: "drill", role: "team", team: 1, account: "team1" };
	switch (message.op) {
		case "login":
			return message.password === "right" ? session : { ok: false, code: "denied", error: { ja: "違います", en: "wrong" } };
		case "resume":
			return message.session === tokens.team ? session : { ok: false, code: "expired", error: { ja: "期限切れ", en: "expired" } };
		case "command":
			return { ok: true, answer: { done: message.command } };
		default:
			return { ok: true };
	}
}
