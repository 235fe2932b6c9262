-- Events to the outside: written in the same commit as the money they speak of, read in commit order.
--
-- A writer gives id, subject, kind, body, parties (and `at`, where it has a time of its own); `xact`
-- and `place` fill themselves. One index only, and it grows at its right edge. An id is not checked to
-- be unique here: the posting that an event belongs to is made once, and its events with it.
--
-- On a Citus cluster this table stays an ordinary one on the coordinator: `xact` is the coordinator's.

create schema if not exists outbox;

-- `place` orders the events of one transaction as they were inserted, and means nothing beyond it, so
-- each session may take a thousand numbers at a time.
create sequence outbox.place cache 1000;

create table outbox.events (
    id      uuid        not null,
    subject uuid        not null,
    kind    text        not null check (kind <> ''),
    body    json        not null,  -- written once, read whole: as text it costs least
    parties uuid[]      not null default '{}',
    at      timestamptz not null default clock_timestamp(),
    xact    xid8        not null default pg_current_xact_id(),
    place   bigint      not null default nextval('outbox.place'),
    primary key (xact, place)
);

-- How far each durable consumer has come: everything up to and with (xact, place) is done.
create table outbox.cursors (
    consumer   text        primary key check (consumer <> ''),
    xact       xid8        not null default '0',
    place      bigint      not null default 0,
    moved_at   timestamptz not null default clock_timestamp(),
    failures   integer     not null default 0,   -- of the batch that comes next
    retry_at   timestamptz,
    last_error text
);

create function outbox.refuse_change() returns trigger language plpgsql as $$
begin
    if current_setting('outbox.pruning', true) = 'on' then
        return null;
    end if;
    raise exception 'outbox.events is append-only' using errcode = 'insufficient_privilege';
end
$$;

create trigger append_only before update or delete on outbox.events
    for each statement execute function outbox.refuse_change();

-- After a logical restore (pg_dump) the cluster counts its transactions from the start again, so that
-- events and cursors lie in its future. This brings both back, keeping order and every position.
create function outbox.rebase() returns bigint language plpgsql as $$
declare
    moved bigint;
begin
    lock table outbox.cursors, outbox.events in exclusive mode;
    perform set_config('outbox.pruning', 'on', true);
    create temporary table renumbered on commit drop as
        select xact, place, row_number() over (order by xact, place) as new_place from outbox.events;
    update outbox.cursors c
       set xact = pg_current_xact_id(),
           place = coalesce((select max(new_place) from renumbered r
                              where (r.xact, r.place) <= (c.xact, c.place)), 0);
    update outbox.events e set xact = pg_current_xact_id(), place = -r.new_place
      from renumbered r where (e.xact, e.place) = (r.xact, r.place);
    update outbox.events set place = -place where place < 0;
    get diagnostics moved = row_count;
    -- what this transaction inserts later must lie behind what it has renumbered
    perform setval('outbox.place', greatest(nextval('outbox.place'), moved) + 1000);
    perform set_config('outbox.pruning', 'off', true);
    return moved;
end
$$;
