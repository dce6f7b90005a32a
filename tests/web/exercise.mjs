// A real exercise for the tests: `toride serve`, `up`, and what they print. Its image and layers stay between runs, beside those of the range's tests.
import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { buildDir, root } from "./harness.mjs";

const stateDir = process.env.TORIDE_STATE_DIR ?? process.env.TORIDE_CHECK_DIR ?? "/var/tmp/toride-check";
const upLimitMs = 600000; // the image may have to be made first

const firstCall = join(root, "scenarios/exercises/first-call.yaml");

/** first-call with a rubric for its report, so that an instructor has something to grade. */
export function gradedFirstCall(folder) {
	const text = readFileSync(firstCall, "utf8")
		.replace("../lans/", `${relative(folder, join(root, "scenarios/lans"))}/`)
		.replace("    points: 25\n", "    points: 25\n    rubric: { ja: 事実と推測を分けているか, en: Facts and guesses are told apart }\n");
	const file = join(folder, "graded-first-call.yaml");
	writeFileSync(file, text);
	return file;
}

/** Returns what a test needs to know of it: url, passwords by account, the scoreboard's process, stop(). */
export async function startExercise(name, options = [], scenario = () => firstCall) {
	mkdirSync(stateDir, { recursive: true, mode: 0o711 });
	const runDir = mkdtempSync(join(tmpdir(), "toride-web-"));
	const env = { ...process.env, TORIDE_STATE_DIR: stateDir, TORIDE_RUN_DIR: runDir };
	const toride = join(buildDir, "toride");
	const call = (...args) => promisify(execFile)(toride, args, { env, cwd: root, timeout: upLimitMs });
	const serve = spawn(toride, ["serve", "--listen", "127.0.0.1:0"], { env, cwd: root, stdio: ["ignore", "pipe", "pipe"] });
	const log = [];
	serve.stdout.on("data", (data) => log.push(String(data)));
	serve.stderr.on("data", (data) => log.push(String(data)));
	const ended = new Promise((resolve) => serve.on("exit", resolve));
	const stop = async () => {
		await call("down", name).catch((error) => log.push(String(error.stderr)));
		serve.kill("SIGTERM");
		await ended;
		rmSync(runDir, { recursive: true, force: true });
	};
	try {
		for (let tries = 0; !log.join("").includes("ready at"); tries++) {
			if (tries > 200 || serve.exitCode !== null) throw new Error(`toride serve does not start:\n${log.join("")}`);
			await sleep(50);
		}
		const { stdout } = await call("up", scenario(runDir), "--name", name, "--teams", "2", ...options);
		const url = /scoreboard\s+(http\S+?)\/\s/.exec(stdout)[1];
		const passwords = Object.fromEntries([...stdout.matchAll(/^\s+(instructor|team\d+)\s+(\S+)\s*$/gm)].map((line) => [line[1], line[2]]));
		return { name, url, passwords, serve, log, stop, call };
	} catch (error) {
		await stop();
		throw error;
	}
}
