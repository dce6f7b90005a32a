// Debian's Chromium, headless, and the few things that every test does with it.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

export const launch = () =>
	chromium.launch({
		executablePath: "/usr/bin/chromium",
		args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
	});

/** A page in a browser profile of its own. `complaints` collects what the browser objects to (errors of scripts, the content policy). */
export async function openPage(browser, { language = "en", width = 1366, height = 768, scheme = "light" } = {}) {
	const context = await browser.newContext({ viewport: { width, height }, locale: language === "ja" ? "ja-JP" : "en-US", colorScheme: scheme });
	context.setDefaultTimeout(10000);
	const page = await context.newPage();
	page.complaints = [];
	page.on("pageerror", (error) => page.complaints.push(error.stack));
	page.on("console", (message) => {
		// "Failed to load resource" is how the browser tells of any 4xx: tests look at those themselves.
		if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) page.complaints.push(message.text());
	});
	return page;
}

export async function logIn(page, exercise, account) {
	await page.goto(`${exercise.url}/x/${exercise.name}/login`);
	await page.fill("[name=account]", account);
	await page.fill("[name=password]", exercise.passwords[account]);
	await page.click("button[type=submit]");
	await page.waitForURL(/\/(team|instructor)$/);
}

export const see = (page, text, options = {}) => page.getByText(text).first().waitFor({ timeout: 15000, ...options });

/** Fails where the page would have to be scrolled sideways. */
export async function fits(page, what) {
	const wide = await page.evaluate(() => {
		const { scrollWidth, clientWidth } = document.documentElement;
		if (scrollWidth <= clientWidth) return null;
		const beyond = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > clientWidth + 1 && !one.closest(".table-scroll"));
		return `${scrollWidth - clientWidth} px: ${beyond.map((one) => `${one.tagName} ${one.getAttribute("class")}`).join(", ")}`;
	});
	assert.equal(wide, null, `${what} is too wide`);
}
