-- What every application has: who may use it, and who did what. The application (user `office`) can add to the audit, not change it.
create table staff (
	account text primary key,
	name_ja text not null,
	name_en text not null,
	department text not null,
	password text not null,
	approver boolean not null,
	active boolean not null default true
);
create table audit (
	id bigint generated always as identity primary key,
	at timestamptz not null default date_trunc('second', now()),
	account text not null,
	address text not null,
	action text not null,
	object text not null default '',
	detail text not null default ''
);
create index on audit (at);
grant select on staff to office;
grant select, insert on audit to office;
