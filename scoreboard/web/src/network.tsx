// The network as bands, one below the other: each has its line, its hosts hang on it. What stands in several networks (firewalls) stands
// between the bands, in a column of its own, so that no line crosses a host.
import { useState } from "preact/hooks";
import { useWords } from "./language";
import { Empty, Panel } from "./parts";
import type { Host, Network, TeamView } from "./types";

const size = { width: 624, label: 112, box: 118, gap: 10, boxHeight: 52, rowGap: 14, bus: 26, bandPad: 12, joint: 66 };

/** From the outside in: the internet first, then what hangs on it through a host with several networks, and so on. */
function fromOutside(networks: Network[], hosts: Host[]): Network[] {
	const byName = new Map(networks.map((network) => [network.name, network]));
	const outside = networks.filter(({ kind }) => kind === "internet");
	const ordered = new Set(outside.length > 0 ? outside : networks.slice(0, 1));
	for (const network of ordered)
		for (const host of hosts)
			if (host.networks.includes(network.name))
				for (const name of host.networks) {
					const next = byName.get(name);
					if (next) ordered.add(next);
				}
	return [...new Set([...ordered, ...networks])];
}

interface Place {
	host: Host;
	x: number;
	y: number;
	lines: [number, number, number, number][];
}
interface Band {
	network: Network;
	y: number;
	height: number;
	busY: number;
}
interface Layout {
	bands: Band[];
	places: Place[];
	height: number;
}

function lay(networks: Network[], hosts: Host[]): Layout {
	const order = new Map(networks.map((network, index) => [network.name, index]));
	const indexesOf = (host: Host) => host.networks.flatMap((name) => order.get(name) ?? []).sort((a, b) => a - b);
	const joints = hosts.filter((host) => indexesOf(host).length > 1);
	const lane = (size.box + size.gap) * Math.min(2, Math.max(1, lanesOf(joints, indexesOf)));
	const left = size.label + (joints.length > 0 ? lane : 0);
	const perRow = Math.max(1, Math.floor((size.width - left + size.gap) / (size.box + size.gap)));
	const bands: Band[] = [];
	const places: Place[] = [];
	let y = 0;
	networks.forEach((network, index) => {
		const own = hosts.filter((host) => indexesOf(host).length === 1 && order.get(host.networks[0] ?? "") === index);
		const rows = Math.max(1, Math.ceil(own.length / perRow));
		const busY = y + size.bandPad + 10;
		const height = size.bandPad + size.bus + rows * (size.boxHeight + size.rowGap);
		own.forEach((host, at) => {
			const row = Math.floor(at / perRow);
			const x = left + (at % perRow) * (size.box + size.gap);
			const top = busY + size.bus - 8 + row * (size.boxHeight + size.rowGap);
			const stem = row === 0 ? x + size.box / 2 : x - size.gap / 2;
			const lines: Place["lines"] = row === 0 ? [[stem, busY, stem, top]] : [[stem, busY, stem, top + 12], [stem, top + 12, x, top + 12]];
			places.push({ host, x, y: top, lines });
		});
		bands.push({ network, y, height, busY });
		y += height + (joints.some((host) => indexesOf(host)[0] === index) && index < networks.length - 1 ? size.joint : 10);
	});
	placeJoints(joints, indexesOf, bands, places);
	return { bands, places, height: y };
}

/** How many firewalls stand side by side at most. */
function lanesOf(joints: Host[], indexesOf: (host: Host) => number[]): number {
	const counts = new Map<number, number>();
	for (const host of joints) counts.set(indexesOf(host)[0] ?? 0, (counts.get(indexesOf(host)[0] ?? 0) ?? 0) + 1);
	return Math.max(0, ...counts.values());
}

function placeJoints(joints: Host[], indexesOf: (host: Host) => number[], bands: Band[], places: Place[]): void {
	const used = new Map<number, number>();
	for (const host of joints) {
		const indexes = indexesOf(host);
		const first = indexes[0] ?? 0;
		const upper = bands[first];
		if (!upper) continue;
		const lane = used.get(first) ?? 0;
		used.set(first, lane + 1);
		const x = size.label + (lane % 2) * (size.box + size.gap);
		const y = upper.y + upper.height + (size.joint - size.boxHeight) / 2;
		const middle = x + size.box / 2;
		const lines = indexes.map((index, at): [number, number, number, number] => {
			const bus = bands[index]?.busY ?? y;
			const stem = middle + (at < 2 ? 0 : (at - 1) * 14);
			return bus < y ? [stem, bus, stem, y] : [stem, y + size.boxHeight, stem, bus];
		});
		places.push({ host, x, y, lines });
	}
}

function HostBox({ place, chosen, choose }: { place: Place; chosen: boolean; choose: (name: string) => void }) {
	const { say } = useWords();
	const { host, x, y } = place;
	const pressed = (event: KeyboardEvent) => {
		if (event.key !== "Enter" && event.key !== " ") return;
		event.preventDefault();
		choose(host.name);
	};
	return (
		<g
			class={`host access-${host.access}${chosen ? " chosen" : ""}`}
			role="button"
			tabindex={0}
			aria-pressed={chosen}
			aria-label={`${say(host.label)} ${host.name}`}
			onClick={() => choose(host.name)}
			onKeyDown={pressed}
		>
			<rect x={x} y={y} width={size.box} height={size.boxHeight} rx="5" />
			<text x={x + size.box / 2} y={y + 17} class="host-label">
				{short(say(host.label) || host.name, 18)}
			</text>
			<text x={x + size.box / 2} y={y + 31} class="host-name">
				{short(host.name, 18)}
			</text>
			<text x={x + size.box / 2} y={y + 45} class="host-address">
				{host.addresses.length > 1 ? `${host.addresses[0]} +${host.addresses.length - 1}` : (host.addresses[0] ?? "")}
			</text>
		</g>
	);
}

/** Wide letters count twice. */
function short(text: string, most = 16): string {
	let width = 0;
	let kept = "";
	for (const letter of text) {
		width += letter.charCodeAt(0) > 0x2e7f ? 2 : 1;
		if (width > most) return `${kept}…`;
		kept += letter;
	}
	return kept;
}

function Facts({ host, networks, shell }: { host: Host; networks: Network[]; shell: string }) {
	const { t, say } = useWords();
	const network = (name: string) => say(networks.find((one) => one.name === name)?.zone) || name;
	return (
		<dl class="facts" aria-live="polite">
			<div>
				<dt>{say(host.label) || host.name}</dt>
				<dd class="mono">{host.name}</dd>
			</div>
			<div>
				<dt>{t("network.addresses")}</dt>
				<dd class="mono">{host.addresses.join(", ") || t("network.noaddress")}</dd>
			</div>
			<div>
				<dt>{t("network.role")}</dt>
				<dd>{host.role || t("network.norole")}</dd>
			</div>
			<div>
				<dt>{t("network.networks")}</dt>
				<dd>{host.networks.map(network).join(", ")}</dd>
			</div>
			<div>
				<dt>{t("network.access")}</dt>
				<dd>{t(`access.${host.access}`)}</dd>
			</div>
			{host.access === "none" ? null : (
				<div class="whole">
					<dt>{t("network.shell")}</dt>
					<dd class="mono">{`toride shell ${shell}/${host.name}`}</dd>
				</div>
			)}
		</dl>
	);
}

export function NetworkMap({ view: { network, exercise, team } }: { view: TeamView }) {
	const { t, say } = useWords();
	const [chosen, choose] = useState<string | null>(null);
	const layout = lay(fromOutside(network.networks, network.hosts), network.hosts);
	const host = network.hosts.find((one) => one.name === chosen);
	return (
		<Panel title={t("network.title")} id="network">
			{network.networks.length === 0 ? (
				<Empty>{t("network.empty")}</Empty>
			) : (
				<>
					<svg class="network" viewBox={`0 0 ${size.width} ${layout.height}`} role="group" aria-labelledby="network">
						{layout.bands.map((band) => (
							<g key={band.network.name} class={`band kind-${band.network.kind}`}>
								<rect x="0" y={band.y} width={size.width} height={band.height} rx="6" />
								<text x="12" y={band.busY + 4} class="band-zone">
									{short(say(band.network.zone) || band.network.name, 14)}
								</text>
								<text x="12" y={band.busY + 20} class="band-cidr">
									{band.network.cidr}
								</text>
								<line x1={size.label} x2={size.width - 12} y1={band.busY} y2={band.busY} class="bus" />
							</g>
						))}
						{layout.places.flatMap(({ host: { name }, lines }) =>
							lines.map(([x1, y1, x2, y2], index) => <line key={`${name} ${index}`} class="wire" x1={x1} y1={y1} x2={x2} y2={y2} />),
						)}
						{layout.places.map((place) => (
							<HostBox key={place.host.name} place={place} chosen={place.host.name === chosen} choose={(name) => choose(name === chosen ? null : name)} />
						))}
					</svg>
					{host ? <Facts host={host} networks={network.networks} shell={`${exercise}/${team}`} /> : <p class="muted small">{t("network.help")}</p>}
				</>
			)}
		</Panel>
	);
}
