-- 問い合わせ管理: what the staff ask of those who run the systems.
create table tickets (
	number integer generated always as identity primary key,
	title text not null check (title <> ''),
	host text not null default '',
	state text not null default 'open' check (state in ('open', 'working', 'waiting', 'closed')),
	reporter text not null references staff,
	assignee text references staff,
	created timestamptz not null default date_trunc('second', now()),
	changed timestamptz not null default date_trunc('second', now())
);
create table comments (
	id bigint generated always as identity primary key,
	number integer not null references tickets,
	author text not null references staff,
	at timestamptz not null default date_trunc('second', now()),
	text text not null check (text <> '')
);
create index on comments (number);
create view ticket_list as
	select t.*, r.name_ja as reporter_ja, r.name_en as reporter_en, a.name_ja as assignee_ja, a.name_en as assignee_en
	from tickets t join staff r on r.account = t.reporter left join staff a on a.account = t.assignee;
grant select on ticket_list to office;
grant select, insert, update on tickets to office;
grant select, insert on comments to office;
