import { useState } from "preact/hooks";
import { login } from "./api";
import { useWords } from "./language";
import { Frame, Outcome, useSending } from "./parts";
import type { Session } from "./types";

export function LoginPage({ exercise, session, notice }: { exercise: string; session: Session | null; notice?: string }) {
	const { t } = useWords();
	const [account, setAccount] = useState("");
	const [password, setPassword] = useState("");
	const sending = useSending();
	const submit = (event: Event) => {
		event.preventDefault();
		void sending.run(async () => {
			const opened = await login(exercise, account.trim(), password);
			location.assign(`/x/${exercise}/${opened.role}`);
		});
	};
	return (
		<Frame exercise={exercise} page="login" title={t("login.title")} session={session}>
			<form class="login panel" onSubmit={submit}>
				<p>{notice ?? t("login.hint")}</p>
				<label>
					<span>{t("login.account")}</span>
					<input
						name="account"
						autocomplete="username"
						autocapitalize="none"
						spellcheck={false}
						required
						maxLength={64}
						value={account}
						onInput={(event) => setAccount(event.currentTarget.value)}
					/>
				</label>
				<label>
					<span>{t("login.password")}</span>
					<input
						name="password"
						type="password"
						autocomplete="current-password"
						required
						maxLength={1024}
						value={password}
						onInput={(event) => setPassword(event.currentTarget.value)}
					/>
				</label>
				<button type="submit" class="primary" disabled={sending.busy}>
					{t("login.submit")}
				</button>
				<Outcome sending={sending} />
				<p class="muted">
					<a href={`/x/${exercise}/`}>{t("login.board")}</a>
				</p>
			</form>
		</Frame>
	);
}
