// A team's hosts, for the instructor: how each fares, its cables, and the ways to step in.
import { useState } from "preact/hooks";
import { sendCommand } from "./api";
import type { Context } from "./instructor-team";
import { useWords } from "./language";
import { AskFirst, Outcome, StateBadge, Time, useSending } from "./parts";
import type { InstructorTeam, TeamHost } from "./types";

const openAtFirst = 12; // hosts: more are folded until somebody wants them

/** Pulls a cable or puts it back; without a network, all of the host's. */
function PlugButton({ host, network, zone, plug, exercise, session, team }: { host: string; network?: string; zone?: string; plug: boolean } & Context) {
	const { t } = useWords();
	const sending = useSending();
	const command = plug ? "plug" : "unplug";
	const word = t(network ? `cable.${command}` : `cable.${command}.all`);
	const change = () => void sending.run(() => sendCommand(exercise, session, command, { team: team.team, host, network }));
	return (
		<>
			<button type="button" class="quiet" aria-label={`${word}: ${host}${zone ? ` (${zone})` : ""}`} onClick={change}>
				{word}
			</button>
			<Outcome sending={sending} />
		</>
	);
}

function Cables({ host, networks, ...context }: { host: TeamHost; networks: string[] } & Context) {
	const { say } = useWords();
	const zone = (network: string) => say(context.view.networks.find((one) => one.name === network)?.zone) || network;
	const pulled = (network: string) => host.unplugged.includes(network);
	return (
		<ul class="cables">
			{networks.map((network) => (
				<li key={network}>
					<StateBadge state={pulled(network) ? "unplugged" : "plugged"} kind="cable" />
					<span>{zone(network)}</span>
					<PlugButton host={host.name} network={network} zone={zone(network)} plug={pulled(network)} {...context} />
				</li>
			))}
			{networks.length > 1 ? (
				<li>
					<PlugButton host={host.name} plug={networks.every(pulled)} {...context} />
				</li>
			) : null}
		</ul>
	);
}

function LastReset({ host, team }: { host: TeamHost; team: InstructorTeam }) {
	const { t } = useWords();
	const reset = host.reset;
	if (!reset || host.state === "resetting") return null;
	return (
		<p class={`small ${reset.error ? "error said" : "muted"}`}>
			{t(reset.error ? "host.failed" : "reset.last")} <Time ms={reset.at_ms} clock={team.clock} />
			{reset.error ? `: ${reset.error}` : ` (${t("reset.took", { s: (reset.took_ms / 1000).toFixed(1) })})`}
		</p>
	);
}

/** One host, or without one all of the team's. */
function ResetButton({ host, exercise, session, view, team }: { host?: string } & Context) {
	const { t } = useWords();
	const sending = useSending();
	const who = t("team.name", { n: team.team });
	return (
		<div class="host-reset">
			<AskFirst
				label={t(host ? "reset" : "reset.team")}
				name={host ? `${t("reset")}: ${host}` : undefined}
				question={`${host ? t("reset.ask", { host, who }) : t("reset.team.ask", { n: view.hosts.length, who })} ${t("reset.lost")}`}
				yes={t("reset.yes")}
				danger
				sending={sending}
				act={() => sendCommand(exercise, session, "reset", { team: team.team, host })}
			/>
			<Outcome sending={sending} />
		</div>
	);
}

function HostRow({ host, ...context }: { host: TeamHost } & Context) {
	const { say } = useWords();
	const facts = context.view.hosts.find((one) => one.name === host.name);
	return (
		<li data-host={host.name}>
			<div>
				<b>{say(facts?.label) || host.name}</b> <span class="mono muted">{host.name}</span>
			</div>
			<div>
				<StateBadge state={host.state} kind="host" />
				<LastReset host={host} team={context.team} />
			</div>
			<Cables host={host} networks={facts?.networks ?? []} {...context} />
			<ResetButton host={host.name} {...context} />
		</li>
	);
}

/** What is not as usual, seen even when the list is folded. */
function Summary({ hosts }: { hosts: TeamHost[] }) {
	const { t } = useWords();
	const states = (["resetting", "stopped", "failed"] as const).map((state) => ({ state, count: hosts.filter((host) => host.state === state).length }));
	const unplugged = hosts.filter((host) => host.unplugged.length > 0).length;
	return (
		<summary>
			<h3>{t("hosts.title")}</h3> <span class="muted small">{t("hosts.count", { n: hosts.length })}</span>
			{states.map(({ state, count }) => (count > 0 ? <StateBadge key={state} state={state} kind="host" count={count} /> : null))}
			{unplugged > 0 ? <StateBadge state="unplugged" kind="cable" count={unplugged} /> : null}
		</summary>
	);
}

export function Hosts(context: Context) {
	const { hosts } = context.team;
	const [open] = useState(hosts.length <= openAtFirst); // at first; from then on it is the reader's choice
	return (
		<details class="hosts" open={open}>
			<Summary hosts={hosts} />
			<ul class="host-list">
				{hosts.map((host) => (
					<HostRow key={host.name} host={host} {...context} />
				))}
			</ul>
			<ResetButton {...context} />
		</details>
	);
}
