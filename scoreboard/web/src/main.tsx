// Chooses the page by the address, and asks once who is looking.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { fetchExercises, fetchSession } from "./api";
import { BoardPage } from "./board";
import { InstructorPage } from "./instructor";
import { WordsContext, storeLanguage, storedLanguage, useWords, wordsIn } from "./language";
import { LoginPage } from "./login";
import { Empty, Frame } from "./parts";
import "./style.css";
import { TeamPage } from "./team";
import type { Session, Text } from "./types";

function ListPage() {
	const { t, say } = useWords();
	const [list, setList] = useState<{ name: string; title: Text }[] | null>(null);
	useEffect(() => {
		const look = () => void fetchExercises().then(setList, () => undefined);
		look();
		const timer = window.setInterval(look, 3000); // nothing is open yet: the first one that opens appears
		return () => window.clearInterval(timer);
	}, []);
	return (
		<Frame exercise="" page="list" title={t("list.title")} session={null}>
			{list?.length === 0 ? <Empty>{t("list.empty")}</Empty> : null}
			<ul class="exercises">
				{list?.map(({ name, title }) => (
					<li key={name}>
						<a href={`/x/${name}/`}>
							<b>{say(title)}</b> <span class="muted">{name}</span>
						</a>
					</li>
				))}
			</ul>
		</Frame>
	);
}

function Pages() {
	const { t } = useWords();
	const [, exercise, page] = /^\/x\/([^/]+)\/(\w*)$/.exec(location.pathname) ?? [];
	const [session, setSession] = useState<Session | null | undefined>(undefined);
	useEffect(() => {
		if (exercise) fetchSession(exercise).then(setSession, () => setSession(null));
	}, [exercise]);
	if (!exercise) return <ListPage />;
	if (page === "") return <BoardPage exercise={exercise} session={session ?? null} />;
	if (session === undefined) return null;
	if (page === "login") return <LoginPage exercise={exercise} session={session} />;
	if (!session) return <LoginPage exercise={exercise} session={null} notice={t("login.needed")} />;
	if (session.role !== page) return <LoginPage exercise={exercise} session={session} notice={t("login.other", { account: session.account })} />;
	return session.role === "team" ? <TeamPage exercise={exercise} session={session} /> : <InstructorPage exercise={exercise} session={session} />;
}

function App() {
	const [language, setLanguage] = useState(storedLanguage);
	document.documentElement.lang = language;
	const words = wordsIn(language, (chosen) => {
		storeLanguage(chosen);
		setLanguage(chosen);
	});
	return (
		<WordsContext.Provider value={words}>
			<Pages />
		</WordsContext.Provider>
	);
}

const place = document.getElementById("app");
if (place) render(<App />, place);
