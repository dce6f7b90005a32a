// Takes the pictures of the documents (docs/board.png, docs/team.png) from a real exercise: team 1 is the bot, team 2 is played here.
// node tests/web/pictures.mjs
import { join } from "node:path";
import { launch, logIn, openPage } from "./browser.mjs";
import { startExercise } from "./exercise.mjs";
import { root } from "./harness.mjs";

const exercise = await startExercise("first-call", ["--bot", "1"]);
const browser = await launch();
async function clockReaches(page, time) {
	while ((await page.locator(".clock-now").first().innerText()) < time) await page.waitForTimeout(250);
}
try {
	const board = await openPage(browser);
	await board.goto(exercise.url);
	const team = await openPage(browser);
	await logIn(team, exercise, "team2");
	await exercise.call("start", exercise.name);
	const claim = async (objective, field, text) => {
		const form = team.locator(`[data-objective="${objective}"]`);
		if (!(await form.evaluate((details) => details.open))) await form.locator("summary").first().click();
		await form.locator(`[name="${field}"]`).fill(text);
		await form.getByRole("button", { name: "Claim" }).click();
		await form.locator(".claims li").first().waitFor();
	};
	await clockReaches(team, "00:01:20");
	await claim("patient-zero", "host", "file");
	await clockReaches(team, "00:01:34");
	await claim("patient-zero", "host", "pc-tanaka");
	await clockReaches(team, "00:01:52");
	await claim("c2", "indicators", "203.0.113.66");
	await team.locator('[data-objective="c2"] > summary').click();
	await team.locator(".message").waitFor();
	await team.locator(".briefing > summary").click();
	await team.locator('.host[aria-label$="proxy"]').click();
	await clockReaches(board, "00:02:06");
	await team.evaluate(() => scrollTo(0, 0));
	await board.screenshot({ path: join(root, "docs/board.png") });
	await team.screenshot({ path: join(root, "docs/team.png") });
} finally {
	await browser.close();
	await exercise.stop();
}
