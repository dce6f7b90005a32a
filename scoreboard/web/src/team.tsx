// The team's page: what comes in on the left, the network in the middle, what is expected on the right.
import { useState } from "preact/hooks";
import { useLive } from "./api";
import { clockMs } from "./clock";
import { Duties } from "./duties";
import { Html } from "./html";
import { Inbox } from "./inbox";
import { useWords } from "./language";
import { LoginPage } from "./login";
import { NetworkMap } from "./network";
import { Objectives } from "./objectives";
import { ClockBar, ClockFace, Empty, Frame, Panel, Points, Time } from "./parts";
import type { Session, TeamView } from "./types";

const readingMs = 120000;

function Timeline({ view }: { view: TeamView }) {
	const { t, say } = useWords();
	const entries = [...view.timeline].reverse();
	return (
		<Panel title={t("timeline.title")} id="timeline" class="scrolls">
			{entries.length === 0 ? <Empty>{t("timeline.empty")}</Empty> : null}
			<ol class="timeline" tabIndex={entries.length > 0 ? 0 : undefined} aria-labelledby="timeline">
				{entries.map((entry) => (
					<li key={entry.seq} class={`event-${entry.kind.replace(/\W/g, "-")}`}>
						<Time ms={entry.at_ms} clock={view.clock} />
						<span>{say(entry.text)}</span>
					</li>
				))}
			</ol>
		</Panel>
	);
}

function Briefing({ view }: { view: TeamView }) {
	const { t } = useWords();
	const [open] = useState(() => clockMs(view.clock) < readingMs); // at first; from then on it is the reader's choice
	return (
		<details class="panel briefing" open={open}>
			<summary>
				<h2>{t("briefing.title")}</h2>
			</summary>
			<div class="panel-body">{view.briefing_html ? <Html text={view.briefing_html} /> : <Empty>{t("briefing.empty")}</Empty>}</div>
		</details>
	);
}

export function TeamPage({ exercise, session }: { exercise: string; session: Session }) {
	const { t, say } = useWords();
	const live = useLive<TeamView>(exercise, "team");
	const view = live.view;
	if (live.refused) return <LoginPage exercise={exercise} session={null} notice={t("login.needed")} />;
	const scope = `${exercise}:${session.account}`;
	return (
		<Frame
			exercise={exercise}
			page="team"
			title={view ? say(view.title) : ""}
			session={session}
			live={live}
			middle={
				view ? (
					<>
						<span class="team-name">{t("team.name", { n: view.team })}</span>
						<ClockFace clock={view.clock} large />
						<span class="total" title={t("points.measured", { max: Math.floor(view.measured_milli / 1000) })}>
							<span class="muted">{t("points")}</span> <Points points={view.points_milli} max={view.measured_milli} />
						</span>
					</>
				) : null
			}
			under={view ? <ClockBar clock={view.clock} /> : null}
		>
			{view ? (
				<div class="columns">
					<div class="column column-in">
						<Inbox view={view} scope={scope} />
						<Timeline view={view} />
					</div>
					<div class="column column-middle">
						<Briefing view={view} />
						<NetworkMap view={view} />
					</div>
					<div class="column column-out">
						<Duties view={view} exercise={exercise} session={session} scope={scope} />
						<Objectives view={view} exercise={exercise} session={session} scope={scope} />
					</div>
				</div>
			) : null}
		</Frame>
	);
}
