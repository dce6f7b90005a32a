// toride-scoreboard alone, against peers that misbehave on either side: browsers that are slow, greedy or hostile, and an orchestrator
// that is silent or gone. What a real exercise shows is tested in pages.test.mjs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { politeAnswer, startBoard, stopBoards, tokens } from "./harness.mjs";

after(stopBoards);

const isRoot = process.getuid() === 0;
const text = { ja: "訓練", en: "Drill" };
const json = { "Content-Type": "application/json" };
const teamCookie = { Cookie: `toride_session=${tokens.team}` };

function open(board, names = ["drill"]) {
	board.send({ exercises: names.map((name) => ({ name, title: text })) });
	for (const name of names) board.send({ view: "board", exercise: name, version: 1, data: { exercise: name, teams: [] } });
}

async function until(check, what, limitMs = 5000) {
	for (const end = Date.now() + limitMs; Date.now() < end; await sleep(20)) if (await check()) return;
	assert.fail(`not within ${limitMs} ms: ${what}`);
}

const opened = (board) => until(async () => (await fetch(`${board.url}/api/x/drill/board`)).ok, "the board's view");

/** One request over a socket of its own; the whole answer as text, "" when the connection was closed without one. */
function raw(port, lines, body = "") {
	return new Promise((resolve) => {
		const socket = net.connect(port, "127.0.0.1");
		let answer = "";
		socket.on("connect", () => socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`));
		socket.on("data", (data) => {
			answer += data;
		});
		socket.on("error", () => undefined);
		socket.on("close", () => resolve(answer));
		socket.setTimeout(15000, () => socket.destroy());
	});
}

/** A server-sent event stream: everything that came, and how it ended. */
function stream(board, view = "board", headers = {}) {
	const events = [];
	const state = { events, ended: false, status: 0 };
	const request = http.get(`${board.url}/api/x/drill/events?view=${view}`, { headers, agent: false }, (response) => {
		state.status = response.statusCode;
		let rest = "";
		response.setEncoding("utf8");
		response.on("data", (data) => {
			const blocks = (rest + data).split("\n\n");
			rest = blocks.pop();
			events.push(...blocks);
		});
		response.on("close", () => {
			state.ended = true;
		});
		response.on("error", () => undefined);
	});
	request.on("error", () => {
		state.ended = true;
	});
	state.close = () => request.destroy();
	return state;
}

describe("start and end", () => {
	test("a port in use is one clear line, said to the orchestrator alone, and status 1", async (context) => {
		const other = net.createServer().listen(0, "127.0.0.1");
		context.after(() => other.close());
		await new Promise((resolve) => other.on("listening", resolve));
		const where = `127.0.0.1:${other.address().port}`;
		const board = await startBoard(undefined, ["--listen", where]);
		assert.match(board.first.failed, /the port is in use; end what uses it .* or choose another port with --listen/);
		assert.deepEqual(await board.ended, { code: 1, signal: null });
		assert.equal(board.log.join(""), "", "it is not said twice");
	});

	test("a user that does not exist is named with the mend", { skip: !isRoot && "only root becomes another user" }, async () => {
		const board = await startBoard(undefined, ["--user", "no-such-user"]);
		assert.match(board.first.failed, /there is no user 'no-such-user': make it with 'useradd/);
		assert.equal((await board.ended).code, 1);
	});

	test("it ends by itself when the orchestrator is gone, with streams and questions open", async () => {
		const board = await startBoard((message) => (message.op === "command" ? undefined : politeAnswer(message)));
		open(board);
		await opened(board);
		const listener = stream(board);
		await until(() => listener.events.length > 1, "the first view");
		const asked = fetch(`${board.url}/api/x/drill/command`, {
			method: "POST",
			headers: { ...json, ...teamCookie, "X-CSRF-Token": tokens.csrf },
			body: '{"command":"claim"}',
		}).then(
			(response) => response.status,
			() => 503,
		);
		await until(() => board.asked.some(({ op }) => op === "command"), "the command");
		assert.deepEqual(await board.stop(), { code: 0, signal: null });
		assert.equal(await asked, 503);
		await until(() => listener.ended, "the stream's end");
	});

	test("the running process has nothing left to lose", async () => {
		const board = await startBoard();
		const proc = `/proc/${board.child.pid}`;
		const status = Object.fromEntries(
			readFileSync(`${proc}/status`, "utf8")
				.split("\n")
				.map((line) => line.split(/:\s+/)),
		);
		assert.equal(status.NoNewPrivs, "1");
		assert.equal(status.Seccomp, "2");
		if (isRoot) {
			assert.match(status.Uid, /^(\d+)(\s+\1){3}$/);
			assert.notEqual(status.Uid.split(/\s+/)[0], "0");
			assert.notEqual(status.Gid.split(/\s+/)[0], "0");
			assert.equal((status.Groups ?? "").trim(), "");
			assert.match(status.CapEff, /^0+$/);
			assert.match(status.CapPrm, /^0+$/);
			assert.deepEqual(readdirSync(`${proc}/root/`), []);
			const kinds = readdirSync(`${proc}/fd`).map((fd) => readlinkSync(`${proc}/fd/${fd}`).replace(/:.*/, ""));
			for (const kind of kinds) assert.match(kind, /^(socket|pipe|anon_inode|\/dev\/null)$/);
		}
		await board.stop();
	});
});

describe("what browsers get", () => {
	let board;
	before(async () => {
		board = await startBoard(politeAnswer);
		open(board);
		await opened(board);
	});
	after(() => board.stop());

	test("every kind of answer carries the security headers", async () => {
		for (const path of ["/", "/x/drill/", "/x/none/", "/nothing", "/api/nothing", "/api/x/drill/board", "/api/x/drill/team", "/healthz", "/api/exercises"]) {
			const { headers } = await fetch(board.url + path, { redirect: "manual" });
			assert.match(headers.get("content-security-policy"), /default-src 'self'.*frame-ancestors 'none'/, path);
			assert.equal(headers.get("x-content-type-options"), "nosniff", path);
			assert.equal(headers.get("referrer-policy"), "no-referrer", path);
		}
	});

	test("the page has no inline script or style, and its assets are kept for good", async () => {
		const page = await (await fetch(`${board.url}/x/drill/`)).text();
		assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
		for (const [, path] of page.matchAll(/"(\/assets\/[^"]+)"/g)) {
			const asset = await fetch(board.url + path);
			assert.equal(asset.status, 200, path);
			assert.match(asset.headers.get("cache-control"), /immutable/);
		}
		assert.equal((await fetch(`${board.url}/assets/index.html`)).status, 404);
	});

	test("a view is not sent again until it changes", async () => {
		const path = `${board.url}/api/x/drill/board`;
		const etag = (await fetch(path)).headers.get("etag");
		assert.equal((await fetch(path, { headers: { "If-None-Match": etag } })).status, 304);
		board.send({ view: "board", exercise: "drill", version: 2, data: { exercise: "drill", teams: [], now: "different" } });
		await until(async () => (await fetch(path, { headers: { "If-None-Match": etag } })).status === 200, "the new view");
	});

	test("a log-in's cookie is for the server alone", async () => {
		const login = (password) =>
			fetch(`${board.url}/api/x/drill/login`, { method: "POST", headers: json, body: JSON.stringify({ account: "team1", password }) });
		const good = await login("right");
		assert.equal(good.status, 200);
		assert.equal(good.headers.get("set-cookie"), `toride_session=${tokens.team}; HttpOnly; SameSite=Strict; Path=/`);
		assert.deepEqual(await good.json(), { role: "team", team: 1, account: "team1", csrf: tokens.csrf });
		const wrong = await login("wrong");
		assert.equal(wrong.status, 401);
		assert.equal(wrong.headers.get("set-cookie"), null);
	});

	test("a command needs the session, its token in the header, and our own origin", async () => {
		const command = (headers) =>
			fetch(`${board.url}/api/x/drill/command`, { method: "POST", headers: { ...json, ...headers }, body: '{"command":"claim","args":{}}' });
		const token = { "X-CSRF-Token": tokens.csrf };
		assert.equal((await command(token)).status, 401);
		assert.equal((await command(teamCookie)).status, 403);
		assert.equal((await command({ ...teamCookie, "X-CSRF-Token": tokens.csrf.replace(/c$/, "d") })).status, 403);
		assert.equal((await command({ ...teamCookie, "X-CSRF-Token": "" })).status, 403);
		assert.equal((await command({ ...teamCookie, ...token, Origin: "http://elsewhere.example" })).status, 403);
		assert.equal((await command({ ...teamCookie, ...token, Origin: `${board.url}.example` })).status, 403);
		assert.equal((await command({ ...teamCookie, ...token, Origin: "null" })).status, 403);
		assert.equal(board.asked.filter(({ op }) => op === "command").length, 0);
		const done = await command({ ...teamCookie, ...token, Origin: board.url });
		assert.deepEqual([done.status, await done.json()], [200, { done: "claim" }]);
	});

	test("a team sees neither another team nor the instructor's page", async () => {
		board.send({ view: "team", team: 1, exercise: "drill", version: 1, data: { team: 1 } });
		board.send({ view: "team", team: 2, exercise: "drill", version: 1, data: { team: 2 } });
		board.send({ view: "instructor", exercise: "drill", version: 1, data: { secret: true } });
		const get = (path) => fetch(`${board.url}/api/x/drill/${path}`, { headers: teamCookie });
		await until(async () => (await get("team")).ok, "the team's view");
		assert.deepEqual(await (await get("team")).json(), { team: 1 });
		assert.equal((await get("team?team=2")).status, 403);
		assert.equal((await get("instructor")).status, 403);
		assert.equal((await get("events?view=instructor")).status, 403);
		assert.equal((await get("events?view=team&team=2")).status, 403);
		assert.equal((await fetch(`${board.url}/api/x/drill/team`)).status, 401);
		assert.equal((await fetch(`${board.url}/api/x/drill/events?view=team`)).status, 401);
	});

	test("a session of one exercise is none in another", async () => {
		open(board, ["drill", "other"]);
		await until(async () => (await fetch(`${board.url}/api/x/other/board`)).ok, "the other exercise");
		assert.equal((await fetch(`${board.url}/api/x/other/session`, { headers: teamCookie })).status, 401);
		open(board);
	});
});

describe("hostile input", () => {
	let board;
	before(async () => {
		board = await startBoard(politeAnswer);
		open(board);
		await opened(board);
	});
	after(async () => {
		assert.deepEqual(await board.stop(), { code: 0, signal: null });
	});
	const post = (body, headers = json) => fetch(`${board.url}/api/x/drill/login`, { method: "POST", headers, body });

	test("bodies that are no JSON objects of the right fields are refused", async () => {
		const deep = "[".repeat(60000);
		for (const body of ["", "[]", "null", "{", deep, `{"account":${deep}`, '{"account":"a","account":"b","password":"x"}', Buffer.from([0x7b, 0x22, 0xff, 0x22])])
			assert.equal((await post(body)).status, 400, String(body).slice(0, 20));
		for (const fields of [{}, { account: "a" }, { account: 1, password: "x" }, { account: "", password: "x" }, { account: "a".repeat(65), password: "x" }, { account: "a", password: "x".repeat(1025) }])
			assert.equal((await post(JSON.stringify(fields))).status, 400, JSON.stringify(fields).slice(0, 40));
		assert.equal((await post('{"account":"team1","password":"right"}', { "Content-Type": "text/plain" })).status, 400);
		assert.equal(board.asked.filter(({ op }) => op === "login").length, 0);
	});

	test("a body over 64 KiB is refused, announced or not", async () => {
		const head = ["POST /api/x/drill/login HTTP/1.1", "Host: a", "Content-Type: application/json"];
		assert.match(await raw(board.port, [...head, "Content-Length: 65537"]), /^HTTP\/1.1 413/);
		assert.match(await raw(board.port, [...head, "Content-Length: 99999999999999999999"]), /^(HTTP\/1.1 4|$)/);
		const chunk = `8000\r\n${"x".repeat(0x8000)}\r\n`;
		assert.match(await raw(board.port, [...head, "Transfer-Encoding: chunked", "Connection: close"], `${chunk.repeat(2)}1\r\nx\r\n0\r\n\r\n`), /^HTTP\/1.1 413/);
		const began = Date.now();
		assert.equal(await raw(board.port, [...head, "Transfer-Encoding: chunked"], chunk.repeat(40)), "", "an endless body: cut off");
		assert.ok(Date.now() - began < 5000, "an endless body: cut off at once");
	});

	test("odd paths, methods, headers and cookies are refused, and nothing breaks", async () => {
		const end = ["Host: a", "Connection: close"];
		for (const path of ["/x//", "/x/%00/", "/x/../etc/passwd", "/x/%2e%2e/", `/x/${"a".repeat(64)}/`, "/assets/", "/assets/%2e%2e%2fetc%2fpasswd", `/${"a/".repeat(2000)}`, "/api/x/drill/board/"])
			assert.match(await raw(board.port, [`GET ${path} HTTP/1.1`, ...end]), /^HTTP\/1.1 404/, path.slice(0, 40));
		assert.match(await raw(board.port, ["PUT /api/x/drill/board HTTP/1.1", ...end]), /^HTTP\/1.1 405/);
		assert.match(await raw(board.port, ["GET /healthz HTTP/1.1", "Connection: close"]), /^HTTP\/1.1 400/, "no Host");
		assert.match(await raw(board.port, ["GET /healthz HTTP/1.1", ...end, `X: ${"a".repeat(100000)}`]), /^(HTTP\/1.1 4|$)/);
		for (const cookie of ["toride_session=", "toride_session=A", `toride_session=${"g".repeat(64)}`, `toride_session=${"a".repeat(63)}`, `toride_session=${"a".repeat(65)}`])
			assert.match(await raw(board.port, ["GET /api/x/drill/session HTTP/1.1", ...end, `Cookie: ${cookie}`]), /^HTTP\/1.1 401/, cookie);
		assert.equal(board.asked.filter(({ op }) => op === "resume").length, 0, "what is no token is not even asked");
		assert.equal((await fetch(`${board.url}/healthz`)).status, 200);
	});

	test("views that make no sense are left out, and said so", async () => {
		for (const message of [{ view: "board" }, { view: "nope", exercise: "drill", data: {} }, { view: "team", team: 0, exercise: "drill", data: {} }, { view: "team", team: 100000, exercise: "drill", data: {} }, { view: "board", exercise: "../x", data: {} }, { exercises: 1 }, { closed: 1 }, { session_end: "x" }, { id: 12345, ok: true }, { what: 1 }])
			board.send(message);
		board.send({ view: "board", exercise: "drill", version: 9, data: { still: "here" } });
		await until(async () => (await (await fetch(`${board.url}/api/x/drill/board`)).json()).still === "here", "the view after these");
		assert.match(board.log.join(""), /at most 99 teams/);
	});
});

describe("waiting for the orchestrator", () => {
	test("a silent orchestrator: 503 after ten seconds, and everybody else is served meanwhile", async () => {
		const board = await startBoard();
		open(board);
		await opened(board);
		const began = Date.now();
		const waiting = Array.from({ length: 20 }, (_, i) =>
			fetch(`${board.url}/api/x/drill/session`, { headers: { Cookie: `toride_session=${String(i).padStart(64, "0")}` } }),
		);
		await until(() => board.asked.length === 20, "all questions");
		for (let i = 0; i < 50; i++) assert.equal((await fetch(`${board.url}/api/x/drill/board`)).status, 200);
		assert.ok(Date.now() - began < 5000, "the board waited");
		for (const { status } of await Promise.all(waiting)) assert.equal(status, 503);
		const tookMs = Date.now() - began;
		assert.ok(tookMs > 9000 && tookMs < 13000, `${tookMs} ms`);
		await board.stop();
	});

	test("of many log-ins at once, sixteen wait and the rest are told to come back", async () => {
		const held = [];
		const board = await startBoard((message) => void held.push(message.id));
		open(board);
		await opened(board);
		const login = () =>
			fetch(`${board.url}/api/x/drill/login`, { method: "POST", headers: json, body: '{"account":"team1","password":"x"}' });
		const all = Array.from({ length: 40 }, login);
		const refused = [];
		await until(() => held.length === 16, "sixteen log-ins");
		for (const one of all) one.then(({ status, headers }) => status === 503 && refused.push(headers.get("retry-after")));
		await until(() => refused.length === 24, "the refusals");
		assert.ok(refused.every(Boolean));
		for (const id of held.splice(0)) board.send({ id, ok: false, code: "limited", retry_s: 7, error: text });
		const limited = (await Promise.all(all)).filter(({ status }) => status === 429);
		assert.equal(limited.length, 16);
		assert.equal(limited[0].headers.get("retry-after"), "7");
		const next = login();
		await until(() => held.length === 1, "room for the next");
		board.send({ id: held[0], ok: false, code: "denied", error: text });
		assert.equal((await next).status, 401);
		await board.stop();
	});

	test("a session that has ended is asked for again, and its streams end", async () => {
		let known = true;
		const board = await startBoard((message) => (known ? politeAnswer(message) : { ok: false, code: "expired", error: text }));
		open(board);
		await opened(board);
		const session = () => fetch(`${board.url}/api/x/drill/session`, { headers: teamCookie });
		assert.equal((await session()).status, 200);
		assert.equal((await session()).status, 200);
		assert.equal(board.asked.filter(({ op }) => op === "resume").length, 1, "the second time it is remembered");
		board.send({ view: "team", team: 1, exercise: "drill", version: 1, data: {} });
		const own = stream(board, "team", teamCookie);
		const everybodys = stream(board);
		await until(() => own.events.length > 1 && everybodys.events.length > 1, "both streams");
		known = false;
		board.send({ session_end: tokens.team });
		await until(() => own.ended, "the stream's end");
		assert.equal((await session()).status, 401);
		assert.equal(everybodys.ended, false);
		everybodys.close();
		await board.stop();
	});
});

describe("streams", () => {
	test("hundreds of readers all get each change, on two threads", async () => {
		const board = await startBoard(politeAnswer);
		open(board);
		await opened(board);
		const readers = Array.from({ length: 400 }, () => stream(board));
		const all = (wanted) => until(() => readers.every(({ events }) => events.some((event) => event.includes(wanted))), wanted, 15000);
		await all("id: 1\n");
		board.send({ view: "board", exercise: "drill", version: 2, data: { points: "12345" } });
		await all("12345");
		assert.match(readFileSync(`/proc/${board.child.pid}/status`, "utf8"), /Threads:\t3\n/);
		for (const { events } of readers) assert.match(events.find((event) => event.includes("12345")), /^event: view\nid: 2\ndata: \{"points":"12345"\}$/);
		board.send({ closed: "drill" });
		await until(() => readers.every(({ ended }) => ended), "the end of all streams");
		assert.equal((await fetch(`${board.url}/api/x/drill/board`)).status, 404);
		assert.deepEqual(await board.stop(), { code: 0, signal: null });
	});

	test("a quiet stream gets a comment every fifteen seconds; a reader who takes nothing is dropped", { timeout: 90000 }, async () => {
		const board = await startBoard(politeAnswer);
		open(board);
		await opened(board);
		const quiet = stream(board);
		await until(() => quiet.events.length > 1, "the first view");
		const socket = net.connect({ port: board.port, host: "127.0.0.1" });
		socket.on("error", () => undefined);
		let dropped = false;
		socket.on("close", () => {
			dropped = true;
		});
		socket.write("GET /api/x/drill/events HTTP/1.1\r\nHost: a\r\n\r\n");
		await new Promise((resolve) => socket.once("data", resolve));
		socket.pause();
		// More than the buffers of both ends hold. The quiet reader takes them all.
		const filler = "x".repeat(3 << 20);
		for (let version = 2; version < 8; version++) {
			board.send({ view: "board", exercise: "drill", version, data: { filler, version } });
			await until(() => quiet.events.some((event) => event.startsWith(`event: view\nid: ${version}\n`)), `version ${version}`, 10000);
		}
		const stalledMs = Date.now();
		quiet.events.length = 0;
		await until(() => quiet.events.some((event) => event.startsWith(":\n")), "a comment", 20000);
		const streamsLeft = () => readdirSync(`/proc/${board.child.pid}/fd`).length;
		const before = streamsLeft();
		await until(() => streamsLeft() < before, "the drop", 30000);
		assert.ok(Date.now() - stalledMs < 26000, "dropped for taking nothing, before any idle time-out");
		socket.resume();
		await until(() => dropped, "the end at the reader's side");
		assert.equal(quiet.ended, false);
		quiet.close();
		await board.stop();
	});

	test("one address takes only its share of connections", async () => {
		const board = await startBoard(politeAnswer);
		const sockets = [];
		let closed = 0;
		for (let i = 0; i < 520; i++) {
			const socket = net.connect(board.port, "127.0.0.1");
			socket.on("error", () => undefined);
			socket.on("close", () => closed++);
			sockets.push(socket);
		}
		await until(() => closed === 8, "eight connections to be refused");
		for (const socket of sockets) socket.destroy();
		await until(async () => (await fetch(`${board.url}/healthz`).catch(() => ({ ok: false }))).ok, "room again");
		await board.stop();
	});
});

describe("TLS", () => {
	const haveOpenssl = ["/usr/bin/openssl"].some(existsSync);
	test("the same over HTTPS, with a Secure cookie", { skip: !haveOpenssl && "no openssl to make a certificate with" }, async () => {
		const dir = mkdtempSync(join(tmpdir(), "toride-tls-"));
		const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
		execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-keyout", key, "-out", cert], { stdio: "ignore" });
		const board = await startBoard(politeAnswer, ["--tls-cert", cert, "--tls-key", key]);
		rmSync(dir, { recursive: true });
		open(board);
		const call = (path, options = {}, body = undefined) =>
			new Promise((resolve, reject) => {
				const request = https.request({ host: "127.0.0.1", port: board.port, path, rejectUnauthorized: false, ...options }, (response) => {
					response.resume();
					response.on("end", () => resolve(response));
				});
				request.on("error", reject);
				request.end(body);
			});
		await until(async () => (await call("/api/x/drill/board")).statusCode === 200, "the view over TLS");
		const login = await call("/api/x/drill/login", { method: "POST", headers: json }, '{"account":"team1","password":"right"}');
		assert.match(login.headers["set-cookie"][0], /; Secure$/);
		await board.stop();
		const missing = await startBoard(politeAnswer, ["--tls-cert", cert, "--tls-key", key]);
		assert.match(missing.first.failed, /TLS: '.*cert.pem': No such file/);
	});
});
