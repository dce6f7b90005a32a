// The instructor steps in: cables, resets, the simulated staff's load; each from the page in a real browser, and looked at in the guests.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fits, launch, logIn, openPage, see } from "./browser.mjs";
import { startExercise } from "./exercise.mjs";

let exercise;
let browser;
let page;

const hostRow = (host) => page.locator(`[data-host="${host}"]`);
const hostButton = (name) => page.getByRole("button", { name, exact: true });
const focusedName = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent);
/** Runs a command in a guest (TEAM/HOST); returns what it says. */
const inGuest = async (target, ...command) => (await exercise.call("exec", `${exercise.name}/${target}`, "--", ...command)).stdout.trim();
const mark = (target) => inGuest(target, "touch", "/root/mine");
const isMarked = async (target) => (await inGuest(target, "ls", "/root")).split("\n").includes("mine");

describe("hosts in the instructor's hands", { timeout: 900000 }, () => {
	before(async () => {
		exercise = await startExercise("web-hosts");
		browser = await launch();
		page = await openPage(browser);
		await logIn(page, exercise, "instructor");
		await page.getByRole("button", { name: "Start" }).click();
		await page.locator("tr[data-team] .clock-running").nth(1).waitFor();
	});
	after(async () => {
		await browser?.close();
		await exercise?.stop();
	});

	test("the instructor unplugs a host and plugs it in again, by keyboard: its interface is really down, then up", async () => {
		const carrier = () => inGuest("1/analyst", "cat", "/sys/class/net/eth0/carrier");
		assert.equal(await carrier(), "1");
		await hostButton("Unplug: analyst (office)").focus();
		await page.keyboard.press("Enter");
		await hostRow("analyst").locator(".cable-unplugged").waitFor();
		assert.equal(await carrier(), "0");
		assert.equal(await inGuest("2/analyst", "cat", "/sys/class/net/eth0/carrier"), "1");
		assert.equal(await page.locator(".hosts > summary .cable-unplugged").innerText(), "Unplugged 1");
		assert.equal(await focusedName(), "Plug in: analyst (office)");
		await page.keyboard.press("Enter");
		await hostRow("analyst").locator(".cable-plugged").waitFor();
		assert.equal(await carrier(), "1");
		assert.equal(await page.locator(".hosts > summary .badge").count(), 0);
	});

	test("of several networks one is unplugged, or all; who unplugs it elsewhere is seen as well", async () => {
		const carriers = async () => (await inGuest("1/fw-office", "sh", "-c", "cat /sys/class/net/eth[01]/carrier")).replace("\n", " ");
		await hostButton("Unplug: fw-office (DMZ)").click();
		await hostButton("Plug in: fw-office (DMZ)").waitFor();
		assert.equal(await carriers(), "0 1");
		await hostButton("Unplug all: fw-office").click();
		await hostButton("Plug all in: fw-office").waitFor();
		assert.equal(await carriers(), "0 0");
		await exercise.call("plug", `${exercise.name}/1/fw-office`);
		await hostButton("Unplug all: fw-office").waitFor();
		assert.equal(await hostRow("fw-office").locator(".cable-plugged").count(), 2);
		assert.equal(await carriers(), "1 1");
	});

	test("a reset asks first; then the host is really new, and no other", async () => {
		for (const target of ["1/file", "1/web", "2/file"]) await mark(target);
		await hostButton("Reset: file").click();
		await see(hostRow("file"), "Take Team 1's file back to its first state? All that was written there since is lost");
		assert.equal(await focusedName(), "Cancel", "Enter by mistake loses nothing");
		await page.keyboard.press("Enter");
		assert.equal(await focusedName(), "Reset: file", "the focus is where it was");
		assert.equal(await isMarked("1/file"), true);
		await page.keyboard.press("Enter");
		await hostRow("file").getByRole("button", { name: "Reset it" }).click();
		await hostRow("file").getByText(/^reset 00:0\d:\d\d \(\d+\.\d s\)$/).waitFor({ timeout: 30000 });
		await hostRow("file").locator(".host-running").waitFor();
		assert.equal(await isMarked("1/file"), false);
		for (const target of ["1/web", "2/file"]) assert.equal(await isMarked(target), true, target);
		await see(page.locator(".alarms"), "file was reset by instructor");
	});

	test("a whole team is reset; what was unplugged stays so", async () => {
		await hostButton("Unplug: analyst (office)").click();
		await hostRow("analyst").locator(".cable-unplugged").waitFor();
		await hostButton("Reset all hosts").click();
		await see(page, "Take all 9 hosts of Team 1 back to their first state?");
		await page.locator(".hosts").getByRole("button", { name: "Reset it" }).click();
		await page.locator(".hosts > summary .host-resetting").waitFor();
		await page.locator(".hosts > summary .host-resetting").waitFor({ state: "detached", timeout: 60000 });
		assert.equal(await page.locator("[data-host] .host-running").count(), 9);
		assert.equal(await isMarked("1/web"), false);
		assert.equal(await isMarked("2/file"), true);
		await hostRow("analyst").locator(".cable-unplugged").waitFor();
		assert.equal(await inGuest("1/analyst", "cat", "/sys/class/net/eth0/carrier"), "0");
	});

	test("the simulated staff's load is set by keyboard, for one team", async () => {
		const set = page.locator("form.dial").getByRole("button", { name: "Set" });
		assert.equal(await set.isDisabled(), true);
		await page.getByLabel("Load").focus();
		await page.keyboard.press("End");
		assert.equal(await page.locator(".dial output").innerText(), "200 %");
		await page.keyboard.press("Enter");
		await page.locator('[data-staff="1"]').getByText("load 200 %").waitFor();
		const { stdout } = await exercise.call("npc", exercise.name, "--json");
		assert.deepEqual(JSON.parse(stdout).teams.map(({ percent }) => percent), [200, 100]);
	});

	test("the list fits with a question open, at 1366 × 768 and at 200 % zoom, in either language; no browser complained", async () => {
		await hostButton("Reset: fw-edge").click();
		for (const [width, height] of [[1366, 768], [683, 384]]) {
			await page.setViewportSize({ width, height });
			for (const language of ["日本語", "English"]) {
				await page.getByRole("button", { name: language }).click();
				await fits(page, `the list at ${width}, ${language}`);
			}
		}
		assert.deepEqual(page.complaints, []);
	});
});
