-- 受発注管理: purchase orders from the draft to the payment.
create table suppliers (
	id integer primary key,
	name text not null unique,
	contact text not null,
	phone text not null,
	mail text not null
);
create table items (
	code text primary key,
	name text not null,
	unit text not null,
	price integer not null check (price > 0),
	supplier integer not null references suppliers
);
create table numbers (
	year integer primary key,
	last integer not null
);
create table orders (
	number text primary key,
	title text not null check (title <> ''),
	department text not null,
	requester text not null references staff,
	supplier integer not null references suppliers,
	state text not null default 'draft' check (state in ('draft', 'approved', 'ordered', 'received', 'paid', 'cancelled')),
	needed_by date not null,
	created timestamptz not null default date_trunc('second', now()),
	changed timestamptz not null default date_trunc('second', now()),
	approver text references staff check (approver <> requester),
	check (state in ('draft', 'cancelled') or approver is not null)
);
create index on orders (state);
create index on orders (created);
create table order_lines (
	number text not null references orders,
	position integer not null,
	item text not null references items,
	quantity integer not null check (quantity between 1 and 9999),
	price integer not null check (price > 0),
	primary key (number, position)
);
create view order_list as
	select o.*, s.name as supplier_name, r.name_ja as requester_ja, r.name_en as requester_en, a.name_ja as approver_ja, a.name_en as approver_en,
		(select coalesce(sum(l.quantity * l.price), 0) from order_lines l where l.number = o.number) as total
	from orders o join suppliers s on s.id = o.supplier join staff r on r.account = o.requester left join staff a on a.account = o.approver;
grant select on suppliers, items, order_list to office;
grant select, insert, update on orders, numbers to office;
grant select, insert on order_lines to office;
