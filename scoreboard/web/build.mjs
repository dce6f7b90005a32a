// Bundles the pages into OUT and writes what embeds them: assets.S (the bytes) and assets.inc (the table of scoreboard/assets.c).
// Names of bundles hold a digest of their bytes, so that browsers may keep them for good.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
	console.error("usage: node build.mjs OUT");
	process.exit(2);
}
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const types = {
	js: "text/javascript; charset=utf-8",
	css: "text/css; charset=utf-8",
	svg: "image/svg+xml",
	html: "text/html; charset=utf-8",
};
const digestOf = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
const files = [];

function add(name, bytes) {
	writeFileSync(join(out, name), bytes);
	writeFileSync(join(out, `${name}.gz`), gzipSync(bytes, { level: 9 }));
	files.push({ name, type: types[name.split(".").pop()], digest: digestOf(bytes), symbol: `toride_asset_${files.length}` });
	return name;
}

const bundle = await build({
	entryPoints: [join(here, "src/main.tsx")],
	bundle: true,
	minify: true,
	format: "esm",
	target: ["es2020"],
	jsx: "automatic",
	jsxImportSource: "preact",
	outdir: out,
	write: false,
	legalComments: "none",
	logLevel: "warning",
});
const named = {};
for (const file of bundle.outputFiles) {
	const type = file.path.endsWith(".css") ? "css" : "js";
	named[type] = add(`app-${digestOf(file.contents)}.${type}`, Buffer.from(file.contents));
}
const icon = readFileSync(join(here, "icon.svg"));
named.icon = add(`icon-${digestOf(icon)}.svg`, icon);
const page = readFileSync(join(here, "index.html"), "utf8").replace(/%(js|css|icon)%/g, (_, kind) => `/assets/${named[kind]}`);
add("index.html", Buffer.from(page));

const incbin = ({ name, symbol }, suffix, extension) =>
	[`.global ${symbol}${suffix}`, `.global ${symbol}${suffix}_end`, `${symbol}${suffix}:`, `.incbin "${name}${extension}"`, `${symbol}${suffix}_end:`];
writeFileSync(
	join(out, "assets.S"),
	[".section .rodata", ...files.flatMap((file) => [...incbin(file, "", ""), ...incbin(file, "_gz", ".gz")]), '.section .note.GNU-stack,"",%progbits', ""].join("\n"),
);
writeFileSync(
	join(out, "assets.inc"),
	files.map(({ symbol, name, type, digest }) => `ASSET(${symbol}, "${name}", "${type}", "${digest}")\n`).join(""),
);
