// The pages as people use them: a real exercise on real guests, a real browser. The tests are one story, in the order of a lesson.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fits, launch, logIn, openPage, see } from "./browser.mjs";
import { gradedFirstCall, startExercise } from "./exercise.mjs";

const evil = '<img src=x onerror="window.hacked=1"><b>bold</b>';

let exercise;
let browser;
const pages = {};

const path = (page = "") => `${exercise.url}/x/${exercise.name}/${page}`;
const teamRow = (team) => pages.instructor.locator(`tr[data-team="${team}"]`);
const boardPoints = async (team) => Number(await pages.board.locator(`.strip[data-team="${team}"] .strip-total b`).innerText());
/** The numbers of a process whose parent is ours: the scoreboard. */
const scoreboardPid = () =>
	readdirSync("/proc")
		.filter((entry) => /^\d+$/.test(entry))
		.find((pid) => {
			try {
				const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
				return Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]) === exercise.serve.pid && stat.includes("(toride-scoreboa");
			} catch {
				return false;
			}
		});

describe("a lesson with two teams", { timeout: 900000 }, () => {
	before(async () => {
		exercise = await startExercise("web-test", [], gradedFirstCall);
		browser = await launch();
	});
	after(async () => {
		await browser?.close();
		await exercise?.stop();
	});

	test("the scoreboard's process has its own user, an empty root, and nothing more", () => {
		const proc = `/proc/${scoreboardPid()}`;
		const status = readFileSync(`${proc}/status`, "utf8");
		const uid = /^toride-board:[^:]*:(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"))[1];
		assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, "m"));
		assert.match(status, /^NoNewPrivs:\t1$/m);
		assert.match(status, /^Seccomp:\t2$/m);
		assert.match(status, /^CapEff:\t0+$/m);
		assert.deepEqual(readdirSync(`${proc}/root/`), []);
	});

	test("a visitor sees the board before the start, in Japanese or English, and switches in place", async () => {
		pages.board = await openPage(browser, { language: "ja" });
		await pages.board.goto(exercise.url);
		await see(pages.board, "最初の一報");
		assert.equal(pages.board.url(), path());
		await see(pages.board, "開始前");
		assert.equal(await pages.board.locator(".strip").count(), 2);
		await pages.board.getByRole("button", { name: "English" }).click();
		await see(pages.board, "The first call");
		await see(pages.board, "The lines begin when the exercise starts.");
		assert.equal(await pages.board.locator("html").getAttribute("lang"), "en");
		await pages.board.reload();
		await see(pages.board, "Ready");
		assert.doesNotMatch(await pages.board.locator("main").innerText(), /[぀-ヿ一-鿿]/);
	});

	test("a wrong password is refused in words; a right one leads to the team's page", async () => {
		pages.team = await openPage(browser);
		await pages.team.goto(path("team"));
		await see(pages.team, "Please log in to see this page.");
		await pages.team.fill("[name=account]", "team2");
		await pages.team.fill("[name=password]", "wrong");
		await pages.team.click("button[type=submit]");
		await see(pages.team, "The account or the password is wrong.");
		assert.deepEqual(await pages.team.context().cookies(), []);
		await logIn(pages.team, exercise, "team2");
		assert.equal(pages.team.url(), path("team"));
		const [cookie] = await pages.team.context().cookies();
		assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite], ["toride_session", true, "Strict"]);
		await see(pages.team, "You work in the information policy division");
		await see(pages.team, "No messages yet. The SOC usually calls first.");
	});

	test("the whole log-in works by keyboard alone", async () => {
		pages.instructor = await openPage(browser);
		const { keyboard } = pages.instructor;
		await pages.instructor.goto(path("login"));
		await see(pages.instructor, "Your instructor gives you");
		const focused = () => pages.instructor.evaluate(() => document.activeElement?.getAttribute("name"));
		for (let i = 0; i < 20 && (await focused()) !== "account"; i++) await keyboard.press("Tab");
		await keyboard.type("instructor");
		await keyboard.press("Tab");
		assert.equal(await focused(), "password");
		await keyboard.type(exercise.passwords.instructor);
		await keyboard.press("Enter");
		await pages.instructor.waitForURL(/\/instructor$/);
		await see(pages.instructor, "Choose a row for its details.");
		assert.equal(await pages.instructor.locator("tr[data-team]").count(), 2);
	});

	test("a team sees neither the instructor's page nor another team", async () => {
		const status = (what) => pages.team.evaluate(async (url) => (await fetch(url)).status, `/api/x/${exercise.name}/${what}`);
		assert.equal(await status("team"), 200);
		assert.equal(await status("team?team=1"), 403);
		assert.equal(await status("instructor"), 403);
		assert.equal(await status("events?view=instructor"), 403);
		const other = await pages.team.context().newPage();
		await other.goto(path("instructor"));
		await see(other, "You are logged in as team2; this page is not yours.");
		await other.close();
		const view = await pages.team.evaluate(async (url) => (await fetch(url)).text(), `/api/x/${exercise.name}/team`);
		for (const secret of ["203.0.113.66", "T1041", "exfil", "The proxy log holds"]) assert.ok(!view.includes(secret), secret);
	});

	test("a command without the page's token, or from a team for the instructor, is refused", async () => {
		const send = (command, headers) =>
			pages.team.evaluate(
				async ([url, name, more]) => {
					const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", ...more }, body: JSON.stringify({ command: name, args: {} }) });
					return [response.status, (await response.json()).code];
				},
				[`/api/x/${exercise.name}/command`, command, headers],
			);
		const { csrf } = await pages.team.evaluate(async (url) => (await fetch(url)).json(), `/api/x/${exercise.name}/session`);
		assert.deepEqual(await send("start", {}), [403, "csrf"]);
		assert.deepEqual(await send("start", { "X-CSRF-Token": "0".repeat(64) }), [403, "csrf"]);
		assert.deepEqual(await send("start", { "X-CSRF-Token": csrf }), [422, "refused"]);
		await see(pages.board, "Ready");
	});

	test("the network map starts outside, and a host's facts come by keyboard too", async () => {
		const zones = await pages.team.locator(".band-zone").allTextContents();
		assert.deepEqual(zones, ["Internet", "DMZ", "office"]);
		const host = pages.team.locator('.host[aria-label$="pc-tanaka"]');
		await host.focus();
		await pages.team.keyboard.press("Enter");
		await pages.team.locator('.host[aria-pressed="true"]').waitFor();
		assert.match(await pages.team.locator(".facts").innerText(), /10\.1\.1\.101[\s\S]*toride shell web-test\/2\/pc-tanaka/);
	});

	test("the instructor starts the clock, and it runs on every page without a reload", async () => {
		await pages.instructor.getByRole("button", { name: "Start" }).click();
		for (const page of [pages.board, pages.team]) await page.locator(".clock.large .clock-running").waitFor({ timeout: 15000 });
		const seconds = async (page) => {
			const [h, m, s] = (await page.locator(".clock.large .clock-now").innerText()).split(":").map(Number);
			return h * 3600 + m * 60 + s;
		};
		const first = await seconds(pages.team);
		await pages.team.waitForTimeout(3000);
		const later = await seconds(pages.team);
		assert.ok(later - first >= 2 && later - first <= 5, `${first} → ${later}`);
		assert.ok(Math.abs((await seconds(pages.board)) - later) <= 2, "the board's clock is another");
		await pages.board.locator(".chart canvas").waitFor();
	});

	test("a draft survives new views and a reload", async () => {
		await pages.team.locator('[data-objective="cut-off"] > summary').click();
		const measure = pages.team.locator('[data-objective="cut-off"] [name=measure]');
		await measure.fill(`draft ${evil}`);
		await teamRow(1).locator("button").click();
		await pages.instructor.getByLabel("Message").selectOption("call");
		await pages.instructor.getByRole("button", { name: "Send", exact: true }).click(); // team 1 gets it early: the instructor's choice
		await pages.team.getByRole("button", { name: "Write report" }).click();
		await pages.team.locator('form.report [name="type"]').fill("a beginning");
		await see(pages.team, "We see regular HTTP traffic", { timeout: 60000 }); // and team 2 by the scenario: a new view
		assert.equal(await measure.inputValue(), `draft ${evil}`);
		assert.equal(await pages.team.locator('form.report [name="type"]').inputValue(), "a beginning");
		await pages.team.reload();
		await pages.team.locator('[data-objective="cut-off"] > summary').click();
		assert.equal(await measure.inputValue(), `draft ${evil}`);
		await pages.team.getByRole("button", { name: "Write report" }).click();
		assert.equal(await pages.team.locator('form.report [name="type"]').inputValue(), "a beginning");
	});

	test("a wrong claim stays text, whatever it says; a right one moves the board", async () => {
		assert.equal(await boardPoints(2), 0);
		const claim = pages.team.locator('[data-objective="patient-zero"]');
		await claim.locator("[name=host]").fill(evil);
		await claim.getByRole("button", { name: "Claim" }).click();
		await claim.locator(".claim-wrong").waitFor();
		assert.ok((await claim.locator(".claim-wrong .said").innerText()).includes(evil));
		assert.equal(await claim.locator("[name=host]").inputValue(), "", "what was sent is no draft any more");
		await claim.locator("[name=host]").fill("pc-tanaka");
		await claim.locator("[name=host]").press("Enter");
		await claim.locator(".claim-right").waitFor();
		await claim.locator(".badge.state-done").waitFor();
		await pages.board.locator('.strip[data-team="2"] .phase.state-done').waitFor({ timeout: 15000 });
		assert.equal(await boardPoints(2), 20);
		assert.equal(await boardPoints(1), 0);
		await claim.locator(".why summary").click();
		assert.match(await claim.locator(".why").innerText(), /20/);
		await pages.team.locator(".timeline li").nth(2).waitFor();
	});

	test("a hint asks first, costs, and stays", async () => {
		const objective = pages.team.locator('[data-objective="patient-zero"]');
		await objective.getByRole("button", { name: "Hint 1 (−3 pt)" }).click();
		await objective.getByText("Hint 1 costs 3 points. Take it?").waitFor();
		assert.equal(await pages.team.evaluate(() => document.activeElement?.textContent), "Cancel", "Enter by mistake costs nothing");
		await pages.team.keyboard.press("Enter");
		await objective.getByRole("button", { name: "Hint 1 (−3 pt)" }).click();
		await objective.getByRole("button", { name: "Take it" }).click();
		await objective.getByText("The proxy log holds the terminal's address").waitFor();
		await objective.locator(".points", { hasText: "17" }).waitFor();
	});

	test("a report goes out, by keyboard; the instructor reads it as text and grades it", async () => {
		const fields = { affected: "pc-tanaka", indicators: "203.0.113.66", type: evil, measures: "none yet", next_report: "in 60 minutes" };
		for (const [name, text] of Object.entries(fields)) {
			await pages.team.locator(`form.report [name="${name}"]`).focus();
			await pages.team.keyboard.press("Control+A");
			await pages.team.keyboard.type(text);
		}
		await pages.team.keyboard.press("Tab");
		await pages.team.keyboard.press("Enter");
		const duty = pages.team.locator('[data-duty="first-report"]');
		await duty.getByText(/^sent 00:0\d:\d\d/).waitFor();
		const grading = pages.instructor.locator('.grading[data-team="2"]');
		await grading.waitFor();
		assert.ok((await grading.innerText()).includes(evil));
		await grading.locator("[name=percent]").fill("80");
		await grading.getByRole("button", { name: "Grade" }).click();
		await pages.instructor.getByText("No report waits for a grade.").waitFor();
		await see(pages.team, "report graded: First report");
		await duty.getByRole("button", { name: "Send a revised report" }).click();
		assert.equal(await pages.team.locator('form.report [name="affected"]').inputValue(), "pc-tanaka");
	});

	test("the instructor sees the attack, pauses one team, and adjusts points with a reason", async () => {
		await teamRow(2).locator("button").click();
		await pages.instructor.locator('[data-step="open"] .step-done').waitFor({ timeout: 30000 });
		assert.match(await pages.instructor.locator('[data-step="open"]').innerText(), /T1204\.001[\s\S]*found/);
		assert.match(await pages.instructor.locator('[data-staff="2"]').innerText(), /load 100 %/);
		await pages.instructor.getByLabel("Which teams' clocks").selectOption("2");
		await pages.instructor.getByRole("button", { name: "Pause" }).click();
		await pages.team.locator(".clock.large .clock-paused").waitFor();
		await teamRow(1).locator(".clock-running").waitFor();
		const claim = pages.team.locator('[data-objective="cut-off"]').getByRole("button", { name: "Claim" });
		assert.equal(await claim.isDisabled(), true);
		await pages.instructor.getByRole("button", { name: "Resume" }).click();
		await pages.team.locator(".clock.large .clock-running").waitFor();
		const before = await boardPoints(2);
		await pages.instructor.locator("[name=points]").fill("2.5");
		await pages.instructor.locator("[name=reason]").fill(`well asked ${evil}`);
		await pages.instructor.getByRole("button", { name: "Adjust" }).click();
		await pages.team.locator(".other-points").getByText("well asked").first().waitFor();
		await pages.board.locator('.strip[data-team="2"] .strip-total b', { hasText: String(before + 2.5) }).waitFor();
	});

	test("nothing that people typed became HTML", async () => {
		for (const [name, page] of Object.entries(pages)) {
			assert.equal(await page.evaluate(() => window.hacked), undefined, name);
			assert.equal(await page.locator("main img").count(), 0, name);
		}
	});

	test("no page scrolls sideways at 1366 × 768, at 200 % zoom, in either language", async () => {
		for (const [width, height] of [[1366, 768], [683, 384]]) {
			for (const [name, page] of Object.entries(pages)) {
				await page.setViewportSize({ width, height });
				for (const language of ["日本語", "English"]) {
					await page.getByRole("button", { name: language }).click();
					await fits(page, `${name} at ${width}, ${language}`);
				}
			}
		}
		for (const page of Object.values(pages)) await page.setViewportSize({ width: 1366, height: 768 });
	});

	test("a lost scoreboard is said at once, and comes back by itself with the session", async () => {
		process.kill(Number(scoreboardPid()), "SIGKILL");
		await see(pages.team, /Connection lost\. What you see is from/);
		await see(pages.board, /Connection lost\. What you see is from/);
		for (const page of Object.values(pages)) await page.locator(".connection").waitFor({ state: "detached", timeout: 30000 });
		assert.equal(await pages.team.locator(".team-name").innerText(), "Team 2");
		await pages.team.locator('[data-objective="cut-off"]').getByRole("button", { name: "Claim" }).click();
		await pages.team.locator('[data-objective="cut-off"] .claim-noted').waitFor();
	});

	test("the end is asked for twice, and ends every clock", async () => {
		await pages.instructor.getByLabel("Which teams' clocks").selectOption("0");
		await pages.instructor.getByRole("button", { name: "End", exact: true }).click();
		await see(pages.instructor, "End the exercise for all teams? This cannot be undone.");
		await pages.instructor.getByRole("button", { name: "End it" }).click();
		await pages.board.locator(".clock-ended").first().waitFor();
		await pages.team.locator(".clock.large .clock-ended").waitFor();
	});

	test("after the log-out the page is closed, also to the old cookie", async () => {
		const context = pages.team.context();
		const [cookie] = await context.cookies();
		await pages.team.getByRole("button", { name: "Log out" }).click();
		await pages.team.waitForURL(/\/login$/);
		assert.deepEqual(await context.cookies(), []);
		await context.addCookies([cookie]);
		assert.equal(await pages.team.evaluate(async (url) => (await fetch(url)).status, `/api/x/${exercise.name}/team`), 401);
	});

	test("no browser complained: no script error, nothing against the content policy", () => {
		for (const [name, page] of Object.entries(pages)) assert.deepEqual(page.complaints, [], name);
	});
});
