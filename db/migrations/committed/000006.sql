--! Previous: sha1:ac6d07e092b5f35ac968ab219cdd3c7703364eea
--! Hash: sha1:ec61e854b406afa2708f636f8a7118cec6c12f84

--! split: 1-current.sql
-- what health looks at in pg_stat_activity; where the migrating role may not grant it, that check says unknown
do $stats$
begin
  if not pg_has_role('taskq_owner', 'pg_read_all_stats', 'usage') then
    grant pg_read_all_stats to taskq_owner;
  end if;
exception
  when insufficient_privilege or internal_error then null; -- the latter: another database's migration does the same now
end;
$stats$;

set local role taskq_owner;


-- what is submitted again and again
create table taskq_private.schedules (
  name text constraint pk_schedules primary key,
  job jsonb not null,
  cron text,
  every interval,
  time_zone text not null,
  catch_up text not null,
  starts_at timestamptz,
  ends_at timestamptz,
  masks text[],
  anchor_at timestamptz not null,
  next_run_at timestamptz,
  retry_at timestamptz,
  caught_up integer not null default 0,
  last_run_at timestamptz,
  last_job_id uuid,
  last_error jsonb,
  paused_at timestamptz,
  paused_by text,
  created_at timestamptz not null,
  created_by text not null,
  constraint check_schedules_name check (name ~ '^[A-Za-z0-9_.:-]{1,100}$'),
  constraint check_schedules_timing check ((cron is null) <> (every is null) and (cron is null) = (masks is null)),
  constraint check_schedules_catch_up check (catch_up in ('none', 'last', 'all')),
  constraint check_schedules_paused_at check (paused_at is null or next_run_at is null),
  constraint check_schedules_next_run_at check (next_run_at > last_run_at) -- no tick comes twice
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 500);
create index index_schedules_next_run_at on taskq_private.schedules (next_run_at);
comment on table taskq_private.schedules is 'What is submitted again and again. A tick and its job are one transaction under the lock of this row.';
comment on column taskq_private.schedules.name is 'Its name.';
comment on column taskq_private.schedules.job is 'What each tick submits, as submit_each takes it.';
comment on column taskq_private.schedules.cron is 'When, as five fields; null where every says it.';
comment on column taskq_private.schedules.every is 'How often, in time that passes; null where cron says it.';
comment on column taskq_private.schedules.time_zone is 'Whose clocks cron is about.';
comment on column taskq_private.schedules.catch_up is 'What becomes of ticks that nobody was there for: none, last or all.';
comment on column taskq_private.schedules.starts_at is 'No tick comes before this.';
comment on column taskq_private.schedules.ends_at is 'No tick comes after this.';
comment on column taskq_private.schedules.masks is 'cron as read_cron() reads it.';
comment on column taskq_private.schedules.anchor_at is 'Where every counts from.';
comment on column taskq_private.schedules.next_run_at is 'The first tick that has not been fired; null while paused, and when it has ended.';
comment on column taskq_private.schedules.retry_at is 'It could not be fired at all: when it is tried again.';
comment on column taskq_private.schedules.caught_up is 'How many missed ticks have been fired since it was last on time.';
comment on column taskq_private.schedules.last_run_at is 'The last tick that was fired.';
comment on column taskq_private.schedules.last_job_id is 'The last job that a tick submitted.';
comment on column taskq_private.schedules.last_error is 'What the last tick was refused with; null where it made a job.';
comment on column taskq_private.schedules.paused_at is 'Since when it is paused.';
comment on column taskq_private.schedules.paused_by is 'Who paused it.';
comment on column taskq_private.schedules.created_at is 'When it was made.';
comment on column taskq_private.schedules.created_by is 'Who made it.';


alter table taskq_private.api_keys
  add column queues text[],
  add column rotated_from text,
  add constraint check_api_keys_queues check (cardinality(queues) > 0);
comment on column taskq_private.api_keys.queues is 'The queues that it is for; null for all.';
comment on column taskq_private.api_keys.rotated_from is 'The key that it succeeds.';

create table taskq_private.tickets (
  ticket_hash bytea constraint pk_tickets primary key,
  key_id text,
  expires_at timestamptz not null
);
create index index_tickets_expires_at on taskq_private.tickets (expires_at);
comment on table taskq_private.tickets is 'Tickets that stand for a key once, for those that cannot send it. Only a hash is kept, until it is used or has expired.';
comment on column taskq_private.tickets.ticket_hash is 'SHA-256 of it.';
comment on column taskq_private.tickets.key_id is 'The key that it stands for; null on a server that wants none.';
comment on column taskq_private.tickets.expires_at is 'Until when it is good.';

alter table taskq_private.audit_log add column key_id text, add column role text, add column door text;
comment on column taskq_private.audit_log.key_id is 'The API key that it was done with; null for none.';
comment on column taskq_private.audit_log.role is 'The role that it was done in.';
comment on column taskq_private.audit_log.door is 'By which door: rest, graphql, websocket, grpc or sql.';


--! Included 0_base/cron_mask.sql
-- One of the five fields as a row of 0 and 1, the first of them for the lowest value: what comes next is then found by strpos(). A week
-- may end on a Sunday, so SUN is 7 at the end of a range, and 7 is 0 in the end.
-- Raises: TQ422, field cron.
create or replace function taskq_private.cron_mask(field text, given text, lowest integer, highest integer, names text[] default '{}')
returns text
language plpgsql
immutable
as $$
declare
  v_item text;
  v_parts text[];
  v_from integer;
  v_to integer;
  v_values integer[] := '{}';
begin
  foreach v_item in array string_to_array(upper(given), ',') loop
    v_parts := regexp_match(v_item, '^(?:(\*)|([0-9]{1,4}|[A-Z]{3})(?:-([0-9]{1,4}|[A-Z]{3}))?)(?:/([0-9]{1,4}))?$');
    v_from := case when v_parts[1] = '*' then lowest when v_parts[2] ~ '^\d' then v_parts[2]::integer else array_position(names, v_parts[2]) - 1 + lowest end;
    v_to := case
      when v_parts[1] = '*' then highest
      when v_parts[3] is null then v_from
      when v_parts[3] ~ '^\d' then v_parts[3]::integer
      when field = 'day of week' and v_parts[3] = 'SUN' then 7
      else array_position(names, v_parts[3]) - 1 + lowest
    end;
    if (
      v_from between lowest and highest and v_to between v_from and highest
      and (v_parts[4] is null or v_parts[4]::integer > 0 and (v_parts[1] = '*' or v_parts[3] is not null))
    ) is not true then
      perform taskq_private.raise_error(taskq_private.invalid(
        'cron', format('"%s" is no %s of a cron expression', left(v_item, 50), field), 'TQ422',
        format(
          'The %s takes %s to %s%s, a range such as %s-%s, a step such as */%s, or a list of those with commas.', field, lowest, highest,
          case when cardinality(names) > 0 then format(' or %s to %s', names[1], names[cardinality(names)])
            when field = 'day of month' then ' or L, the last day' else '' end,
          lowest, lowest + 3, 2
        )
      ));
    end if;
    v_values := v_values || array(select generate_series(v_from, v_to, coalesce(v_parts[4]::integer, 1)));
  end loop;
  if field = 'day of week' then
    v_values := array(select v % 7 from unnest(v_values) as v);
    highest := 6;
  end if;
  return (select string_agg(case when n = any (v_values) then '1' else '0' end, '' order by n) from generate_series(lowest, highest) as n);
end;
$$;
comment on function taskq_private.cron_mask(text, text, integer, integer, text[]) is 'A field of a cron expression as a row of 0 and 1.';
--! EndIncluded 0_base/cron_mask.sql
--! Included 0_base/read_cron.sql
-- {minutes from 0, hours from 0, days of the month from 1 with L as the 32nd, months from 1, days of the week from Sunday, flags}. Flags: h,
-- the hour is written with a star, so it counts in hours that pass and not in hours that a clock on the wall shows; e, both days
-- are restricted, and either will do. As in Vixie's cron, what begins with a star (*/2 too) is no restriction.
-- Raises: TQ422, field cron, naming the part and what it takes.
create or replace function taskq_private.read_cron(cron text)
returns text[]
language plpgsql
immutable
as $$
declare
  v_cron text := regexp_replace(cron, '^\s+|\s+$', '', 'g');
  v_parts text[] := regexp_split_to_array(coalesce(
    '{"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *"}'::jsonb ->> lower(v_cron),
    v_cron
  ), '\s+');
  v_days text[];
  v_masks text[];
begin
  if length(cron) > 500 or cardinality(v_parts) is distinct from 5 then
    perform taskq_private.raise_error(taskq_private.invalid(
      'cron', format('"%s" is no cron expression of five fields', left(cron, 50)), 'TQ422',
      'Give minute, hour, day of month, month and day of week, as in "30 2 * * MON-FRI", or @hourly, @daily, @weekly, @monthly, @yearly.'
    ));
  end if;
  v_days := string_to_array(upper(v_parts[3]), ',');
  v_masks := array[
    taskq_private.cron_mask('minute', v_parts[1], 0, 59),
    taskq_private.cron_mask('hour', v_parts[2], 0, 23),
    taskq_private.cron_mask('day of month', array_to_string(array_remove(v_days, 'L'), ','), 1, 31) || case when 'L' = any (v_days) then '1' else '0' end,
    taskq_private.cron_mask('month', v_parts[4], 1, 12, '{JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC}'),
    taskq_private.cron_mask('day of week', v_parts[5], 0, 7, '{SUN,MON,TUE,WED,THU,FRI,SAT}')
  ];
  v_masks[6] := concat(
    case when v_parts[2] ~ '^\*' or v_masks[2] !~ '0' then 'h' end,
    case when v_parts[3] !~ '^\*' and v_parts[5] !~ '^\*' then 'e' end
  );
  if taskq_private.next_cron_day(v_masks, date '2000-01-01') is null then
    perform taskq_private.raise_error(taskq_private.invalid(
      'cron', format('"%s" never comes: no such month has such a day', left(cron, 50)), 'TQ422', 'February has at most 29 days; April, June, September and November have 30.'
    ));
  end if;
  return v_masks;
end;
$$;
comment on function taskq_private.read_cron(text) is 'A cron expression as rows of 0 and 1, one for each field, and its flags.';
--! EndIncluded 0_base/read_cron.sql
--! Included 0_base/next_cron_day.sql
-- Month by month, and only through months that are asked for. A 29 February on a given day of the week can be 40 years away, so 48 years
-- are looked through; what is not found then never comes.
create or replace function taskq_private.next_cron_day(masks text[], from_day date)
returns date
language plpgsql
immutable
as $$
declare
  v_first date := date_trunc('month', from_day::timestamp); -- of the month that is looked through
  v_end date := v_first + 48 * 366;
  v_is_either boolean := masks[6] like '%e%';
  v_day integer := from_day - v_first + 1;
  v_length integer;
  v_weekday integer; -- of the first
  v_months integer;
  v_is_day boolean;
  v_is_weekday boolean;
begin
  while v_first < v_end loop
    v_months := strpos(substr(masks[4] || masks[4], extract(month from v_first)::integer), '1') - 1;
    if v_months > 0 then
      v_first := v_first + make_interval(months => v_months);
      v_day := 1;
    end if;
    v_length := (v_first + interval '1 month')::date - v_first;
    v_weekday := extract(dow from v_first);
    for v_n in v_day .. v_length loop
      v_is_day := substr(masks[3], v_n, 1) = '1' or v_n = v_length and substr(masks[3], 32) = '1';
      v_is_weekday := substr(masks[5], (v_weekday + v_n - 1) % 7 + 1, 1) = '1';
      if v_is_day and v_is_weekday or v_is_either and (v_is_day or v_is_weekday) then
        return v_first + v_n - 1;
      end if;
    end loop;
    v_first := v_first + interval '1 month';
    v_day := 1;
  end loop;
  return null;
end;
$$;
comment on function taskq_private.next_cron_day(text[], date) is 'The first day from this one on that a cron expression asks for; null if none ever comes.';
--! EndIncluded 0_base/next_cron_day.sql
--! Included 0_base/next_wall_time.sql
create or replace function taskq_private.next_wall_time(masks text[], after timestamp)
returns timestamp
language plpgsql
immutable
as $$
declare
  v_hour integer := extract(hour from after);
  v_skipped integer;
  v_day date := taskq_private.next_cron_day(masks, after::date);
begin
  if v_day = after::date then
    if substr(masks[2], v_hour + 1, 1) = '1' then
      v_skipped := strpos(substr(masks[1], extract(minute from after)::integer + 2), '1');
      if v_skipped > 0 then
        return date_trunc('minute', after) + make_interval(mins => v_skipped);
      end if;
    end if;
    v_skipped := strpos(substr(masks[2], v_hour + 2), '1');
    if v_skipped > 0 then
      return v_day + make_interval(hours => v_hour + v_skipped, mins => strpos(masks[1], '1') - 1);
    end if;
    v_day := taskq_private.next_cron_day(masks, v_day + 1);
  end if;
  return v_day + make_interval(hours => strpos(masks[2], '1') - 1, mins => strpos(masks[1], '1') - 1);
end;
$$;
comment on function taskq_private.next_wall_time(text[], timestamp) is 'The first minute after this one that a cron expression asks for, on a clock that is never changed; null if none ever comes.';
--! EndIncluded 0_base/next_wall_time.sql
--! Included 0_base/zone_offset.sql
create or replace function taskq_private.zone_offset(time_zone text, at timestamptz)
returns interval
language sql
stable
as $$
  select (at at time zone time_zone) - (at at time zone 'UTC');
$$;
comment on function taskq_private.zone_offset(text, timestamptz) is 'How far the clocks of a time zone are ahead of UTC at an instant.';
--! EndIncluded 0_base/zone_offset.sql
--! Included 0_base/clock_change.sql
-- PostgreSQL does not tell when the clocks of a zone are changed, so the instant is searched for by halves, to the second.
create or replace function taskq_private.clock_change(time_zone text, not_yet timestamptz, already timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_offset interval := taskq_private.zone_offset(time_zone, not_yet);
  v_middle timestamptz;
begin
  while already - not_yet > interval '1 second' loop
    v_middle := not_yet + make_interval(secs => extract(epoch from already - not_yet)::float8 / 2);
    if taskq_private.zone_offset(time_zone, v_middle) = v_offset then
      not_yet := v_middle;
    else
      already := v_middle;
    end if;
  end loop;
  return date_trunc('second', already);
end;
$$;
comment on function taskq_private.clock_change(text, timestamptz, timestamptz) is 'When the clocks of a time zone are changed between two instants.';
--! EndIncluded 0_base/clock_change.sql
--! Included 0_base/wall_instant.sql
-- The first of the two instants at which a clock on the wall shows this, where it was put back; the first after the gap, where it was put
-- forward past this. PostgreSQL takes the second of two, and counts on from before a gap.
create or replace function taskq_private.wall_instant(time_zone text, wall timestamp)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_last timestamptz := wall at time zone time_zone;
  v_shown timestamp := v_last at time zone time_zone;
  v_first timestamptz;
begin
  if v_shown <> wall then
    return taskq_private.clock_change(time_zone, v_last - (v_shown - wall), v_last);
  end if;
  v_first := (wall - taskq_private.zone_offset(time_zone, v_last - interval '24 hours')) at time zone 'UTC';
  if v_first < v_last and v_first at time zone time_zone = wall then
    return v_first;
  end if;
  return v_last;
end;
$$;
comment on function taskq_private.wall_instant(text, timestamp) is 'When the clocks of a time zone first show this, or would have.';
--! EndIncluded 0_base/wall_instant.sql
--! Included 0_base/next_cron_tick.sql
-- A cron with fixed hours means what clocks show: each of its times comes once a day, right after the gap where clocks skip it, and at the
-- first of two where they show it twice. One whose hour is a star means time that passes: it comes whenever clocks show its minute.
create or replace function taskq_private.next_cron_tick(masks text[], time_zone text, after timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_wall timestamp := date_trunc('minute', after at time zone time_zone);
  v_is_by_clocks boolean := masks[6] not like '%h%';
  v_offset interval := taskq_private.zone_offset(time_zone, after);
  v_after timestamptz := after;
  v_tick timestamptz;
begin
  if not v_is_by_clocks and taskq_private.zone_offset(time_zone, after + interval '24 hours') < v_offset then
    -- clocks will soon be put back: what comes before that; else what they show from then on, all of it again
    v_tick := (taskq_private.next_wall_time(masks, v_wall) - v_offset) at time zone 'UTC';
    v_after := taskq_private.clock_change(time_zone, after, after + interval '24 hours');
    if v_tick < v_after then
      return v_tick;
    end if;
    v_wall := date_trunc('minute', v_after at time zone time_zone) - interval '1 minute';
    v_after := v_after - interval '1 microsecond';
  end if;
  loop
    v_wall := taskq_private.next_wall_time(masks, v_wall);
    v_tick := taskq_private.wall_instant(time_zone, v_wall);
    if v_wall is null or v_is_by_clocks and v_tick > v_after then
      return v_tick;
    elsif not v_is_by_clocks and v_wall at time zone time_zone at time zone time_zone = v_wall then
      return case when v_tick > v_after then v_tick else v_wall at time zone time_zone end;
    end if;
  end loop;
end;
$$;
comment on function taskq_private.next_cron_tick(text[], text, timestamptz) is 'When a cron expression comes next in a time zone; null if never.';
--! EndIncluded 0_base/next_cron_tick.sql
--! Included 0_base/next_tick.sql
-- every counts time that passes from its anchor, so nothing drifts, whenever it is looked at.
create or replace function taskq_private.next_tick(masks text[], every interval, anchor_at timestamptz, time_zone text, after timestamptz)
returns timestamptz
language sql
stable
as $$
  select case
    when every is null then taskq_private.next_cron_tick(masks, time_zone, after)
    else anchor_at + make_interval(secs => (
      (floor(extract(epoch from after - anchor_at) / extract(epoch from every)) + 1) * extract(epoch from every)
    )::float8)
  end;
$$;
comment on function taskq_private.next_tick(text[], interval, timestamptz, text, timestamptz) is 'The first tick after an instant, of a cron expression or of every so often; null if none ever comes.';
--! EndIncluded 0_base/next_tick.sql
--! Included 0_base/time_zone_error.sql
-- PostgreSQL takes "Nowhere5" for a zone too (POSIX), and PST for a fixed offset. What has a slash and no digit can only be a zone's
-- name; the list of all names, which takes 30 ms, is only asked about others. An exception is the one way to ask for a single name.
create or replace function taskq_private.time_zone_error(time_zone text)
returns jsonb
language plpgsql
stable
as $$
begin
  if time_zone ~ '^[A-Za-z_]+(/[A-Za-z_-]+)+$' then
    begin
      perform taskq_private.clock() at time zone time_zone;
      return null;
    exception
      when invalid_parameter_value then null;
    end;
  elsif time_zone = 'UTC' or exists (select from pg_timezone_names as z where z.name = time_zone) then
    return null;
  end if;
  return taskq_private.invalid('time_zone', format('no time zone "%s"', left(time_zone, 100)), 'TQ422', 'Give a name such as Europe/Berlin: select name from pg_timezone_names.');
end;
$$;
comment on function taskq_private.time_zone_error(text) is 'What is wrong with the name of a time zone, as an error value; null for a good one.';
--! EndIncluded 0_base/time_zone_error.sql
--! Included 0_base/acting_role.sql
-- Inside a security definer function current_user is the owner; the setting is still what the caller has taken.
create or replace function taskq_private.acting_role()
returns text
language sql
stable
as $$
  select case current_setting('role') when 'none' then session_user::text else current_setting('role') end;
$$;
comment on function taskq_private.acting_role() is 'The role in which the caller acts.';
--! EndIncluded 0_base/acting_role.sql
--! Included 0_base/queue_scope.sql
create or replace function taskq_private.queue_scope()
returns text[]
language sql
stable
as $$
  select nullif(current_setting('taskq.queues', true), '')::text[];
$$;
comment on function taskq_private.queue_scope() is 'The queues that the caller''s key is for; null for all.';
--! EndIncluded 0_base/queue_scope.sql
--! Included 0_base/sees_queue.sql
-- taskq.queues is what a door sets for the key of its caller, for one transaction. Plain SQL of nothing but pg_catalog: it becomes part
-- of the queries and views that ask, for roles that may not look into this schema. Put as `is not null`, it is expected to hold of nearly
-- every row, as it nearly always does: planners that expect few rows would begin with the lanes.
create or replace function taskq_private.sees_queue(queue text)
returns boolean
language sql
stable
as $$
  select nullif(coalesce(current_setting('taskq.queues', true), '') = '', false) is not null
    or sees_queue.queue = any (nullif(current_setting('taskq.queues', true), '')::text[]);
$$;
comment on function taskq_private.sees_queue(text) is 'Whether the caller''s key is for this queue, or for all; null stands for what is of no queue, or of all.';
--! EndIncluded 0_base/sees_queue.sql
--! Included 0_base/sees_workflow.sql
create or replace function taskq_private.sees_workflow(workflow_id uuid)
returns boolean
language sql
stable
as $$
  select taskq_private.queue_scope() is null or not exists (
    select
    from taskq_private.job_specs as s
    join taskq_private.lanes as l on l.lane_id = s.lane_id
    where s.workflow_id = sees_workflow.workflow_id and not taskq_private.sees_queue(l.queue)
  );
$$;
comment on function taskq_private.sees_workflow(uuid) is 'Whether all jobs of a workflow are in queues that the caller''s key is for.';
--! EndIncluded 0_base/sees_workflow.sql
--! Included 0_base/check_scope.sql
-- Raises: 42501.
create or replace function taskq_private.check_scope(queue text default null)
returns void
language plpgsql
stable
as $$
begin
  if taskq_private.sees_queue(queue) is not true then
    raise exception using
      errcode = 'insufficient_privilege',
      message = case when queue is null then 'this API key is for some queues only, and this concerns all of them'
        else format('this API key is not for queue "%s"', queue) end,
      hint = format('It is for %s. Use a key for all queues.', array_to_string(taskq_private.queue_scope(), ', '));
  end if;
end;
$$;
comment on function taskq_private.check_scope(text) is 'Refuses a caller whose key is not for this queue; null stands for what is of no queue.';
--! EndIncluded 0_base/check_scope.sql
--! Included 0_base/redact_text.sql
-- In this order: a key that comes after Bearer is one secret, not two.
create or replace function taskq_private.redact_text(value text)
returns text
language sql
immutable
as $$
  select regexp_replace(
    regexp_replace(
      regexp_replace(value collate "C", '\m(bearer)[[:space:]]+[A-Za-z0-9._~+/=-]{8,}', '\1 [redacted]', 'gi'),
      '(taskq_[A-Za-z0-9]{1,50})_[A-Za-z0-9]{16,}', '\1_[redacted]', 'g'
    ),
    '(://[^/:@[:space:]]*):[^/[:space:]]+@', '\1:[redacted]@', 'g'
  );
$$;
comment on function taskq_private.redact_text(text) is 'A text without API keys, bearer tokens and the passwords of URLs.';
--! EndIncluded 0_base/redact_text.sql
--! Included 0_base/redact_value.sql
-- Numbers under a key of tokens are counts, as in max_tokens; true, false and null are no secrets.
create or replace function taskq_private.redact_value(value jsonb, depth integer default 0)
returns jsonb
language plpgsql
immutable
as $$
begin
  if jsonb_typeof(value) = 'string' then
    return to_jsonb(taskq_private.redact_text(value #>> '{}'));
  elsif depth > 200 then
    return '"[redacted: nested too deep]"';
  elsif jsonb_typeof(value) = 'array' then
    return (select coalesce(jsonb_agg(taskq_private.redact_value(e.value, depth + 1) order by e.n), '[]') from jsonb_array_elements(value) with ordinality as e (value, n));
  elsif jsonb_typeof(value) = 'object' then
    return (
      select coalesce(jsonb_object_agg(
        e.key,
        case
          when jsonb_typeof(e.value) in ('boolean', 'null') then e.value
          when e.key collate "C" !~* 'passw|passphrase|pwd|secret|token|authorization|api[-_ ]?key|cookie|private[-_ ]?key|access[-_ ]?key|credential'
            or jsonb_typeof(e.value) = 'number' and e.key collate "C" ~* 'tokens' then taskq_private.redact_value(e.value, depth + 1)
          else '"[redacted]"'
        end
      ), '{}')
      from jsonb_each(value) as e
    );
  end if;
  return value;
end;
$$;
comment on function taskq_private.redact_value(jsonb, integer) is 'A value without its secrets, at any depth.';
--! EndIncluded 0_base/redact_value.sql
--! Included 0_base/redact.sql
-- A function of schema taskq because views call it for whoever looks.
create or replace function taskq.redact(value jsonb)
returns jsonb
language sql
immutable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select taskq_private.redact_value(value);
$$;
comment on function taskq.redact(jsonb) is
  'A value without its secrets: what is under a key such as password, secret, token, authorization, api_key, cookie, private_key, access_key or credential, at any depth, and in texts API keys, bearer tokens and the passwords of URLs. Example: select taskq.redact(''{"smtp": {"password": "x"}}'').';
--! EndIncluded 0_base/redact.sql
--! Included 0_base/shown.sql
-- Few values hold a secret, so two looks come first, each cheaper than what it saves: for bits of the words, then for the words, which are
-- those of redact_value() and redact_text(); nothing that those would change may pass. Plain SQL that becomes part of the views that ask,
-- for roles that may not look into this schema.
create or replace function taskq_private.shown(value jsonb)
returns jsonb
language sql
stable
as $$
  select case
    when lower(value::text collate "C") like any ('{%pass%,%pwd%,%secret%,%token%,%authorization%,%key%,%cookie%,%credential%,%bearer%,%taskq\\_%,%://%}'::text[])
      and value::text collate "C" ~* 'passw|passphrase|pwd|secret|token|authorization|api[-_ ]?key|cookie|private[-_ ]?key|access[-_ ]?key|credential|bearer|taskq_|://[^/]*@'
      then taskq.redact(value)
    else value
  end;
$$;
comment on function taskq_private.shown(jsonb) is 'A value as it may be shown: redacted if it may hold a secret.';
--! EndIncluded 0_base/shown.sql
--! Included 0_base/shown_text.sql
create or replace function taskq_private.shown_text(value text)
returns text
language sql
stable
as $$
  select case when value collate "C" ~* 'bearer|taskq_|://[^/]*@' then taskq.redact(to_jsonb(value)) #>> '{}' else value end;
$$;
comment on function taskq_private.shown_text(text) is 'A text as it may be shown: redacted if it may hold a secret.';
--! EndIncluded 0_base/shown_text.sql
--! Included 0_base/record_audit.sql
-- The door may name its caller in taskq.caller, taskq.key_id and taskq.door; without one it was SQL.
create or replace function taskq_private.record_audit(action text, target text, details jsonb default null)
returns void
language sql
volatile
as $$
  insert into taskq_private.audit_log (at, actor, action, target, details, key_id, role, door)
  values (
    taskq_private.clock(), taskq_private.actor(), action, target, details, nullif(current_setting('taskq.key_id', true), ''),
    taskq_private.acting_role(), coalesce(nullif(current_setting('taskq.door', true), ''), 'sql')
  );
$$;
comment on function taskq_private.record_audit(text, text, jsonb) is 'Writes down what an operator does, in the transaction that does it.';
--! EndIncluded 0_base/record_audit.sql
--! Included 0_base/tg_audit_log__append_only.sql
-- For the owner, too: what has been done cannot be made not to have been.
create or replace function taskq_private.tg_audit_log__append_only()
returns trigger
language plpgsql
volatile
as $$
begin
  raise exception 'the audit log is only ever added to' using errcode = 'insufficient_privilege', hint = 'Read it in taskq.audit_log.';
end;
$$;
comment on function taskq_private.tg_audit_log__append_only() is 'Refuses to change or delete what is in the audit log.';
--! EndIncluded 0_base/tg_audit_log__append_only.sql
--! Included 1_submit/register_task_types.sql
-- A worker calls this at start with the tasks it has, so that submits of them are accepted.
-- Raises: TQ422 for a schema with a pattern that cannot be checked here; what check_task_types_* forbid.
create or replace function taskq.register_task_types(tasks jsonb)
returns setof text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.refuse_bad_patterns(tasks);
  perform taskq_private.check_resources(nullif(t.value -> 'resources', 'null')) from jsonb_array_elements(tasks) as t;
  return query
    insert into taskq_private.task_types as t (
      type, description, payload_schema, cpu_units, memory_mb, timeout_seconds, max_attempts,
      initial_delay_seconds, backoff_multiplier, max_delay_seconds, jitter, resources, registered_at, payload_test
    )
    select
      r.type, coalesce(r.description, ''), coalesce(r.payload_schema, '{}'), coalesce(r.cpu_units, 0), coalesce(r.memory_mb, 0),
      r.timeout_seconds, r.max_attempts, coalesce(r.initial_delay_seconds, 1), coalesce(r.backoff_multiplier, 2),
      coalesce(r.max_delay_seconds, 3600), coalesce(r.jitter, 0.1), coalesce(r.resources, '{}'), taskq_private.clock(),
      taskq_private.payload_test(coalesce(r.payload_schema, '{}'))
    from jsonb_to_recordset(tasks) as r (
      type text, description text, payload_schema jsonb, cpu_units numeric, memory_mb integer, timeout_seconds integer, max_attempts smallint,
      initial_delay_seconds real, backoff_multiplier real, max_delay_seconds real, jitter real, resources jsonb
    )
    order by r.type
    on conflict (type) do update set
      description = excluded.description,
      payload_schema = excluded.payload_schema,
      cpu_units = excluded.cpu_units,
      memory_mb = excluded.memory_mb,
      timeout_seconds = excluded.timeout_seconds,
      max_attempts = excluded.max_attempts,
      initial_delay_seconds = excluded.initial_delay_seconds,
      backoff_multiplier = excluded.backoff_multiplier,
      max_delay_seconds = excluded.max_delay_seconds,
      jitter = excluded.jitter,
      resources = excluded.resources,
      registered_at = excluded.registered_at,
      payload_test = excluded.payload_test
    returning t.type;
end;
$$;
comment on function taskq.register_task_types(jsonb) is
  'Registers job types or changes them: a list of {"type", "description", "payload_schema", "cpu_units", "memory_mb", "timeout_seconds", "max_attempts", "initial_delay_seconds", "backoff_multiplier", "max_delay_seconds", "jitter", "resources"}. Answers the types. A field left out gets its default, whatever it was before. TQ422 for a field that is wrong. Example: select taskq.register_task_types(''[{"type": "resize", "cpu_units": 1, "memory_mb": 256, "timeout_seconds": 60}]'').';
--! EndIncluded 1_submit/register_task_types.sql
--! Included 1_submit/refuse_foreign.sql
-- For keys that are for some queues only. What another queue's job has left behind is its own: a job may not wait for one and so be given it.
create or replace function taskq_private.refuse_foreign(jobs taskq_private.submission[])
returns taskq_private.submission[]
language plpgsql
stable
as $$
declare
  v_jobs taskq_private.submission[] := jobs;
  v_job taskq_private.submission;
  v_found record;
begin
  for v_found in
    select j.ordinal, taskq_private.sees_queue(j.queue) as is_own, (
      select d.id
      from unnest(j.depends_on) as d (id)
      join taskq_private.job_specs as s on s.job_id = d.id
      join taskq_private.lanes as l on l.lane_id = s.lane_id
      where not taskq_private.sees_queue(l.queue)
      limit 1
    ) as foreign_id
    from unnest(jobs) as j
    where j.error is null
  loop
    v_job := v_jobs[v_found.ordinal];
    v_job.error := case
      when v_found.is_own is not true then taskq_private.invalid(
        'queue', format('this API key is not for queue "%s"', v_job.queue), '42501',
        format('It is for %s. Name one of these, or use a key for all queues.', array_to_string(taskq_private.queue_scope(), ', '))
      )
      when v_found.foreign_id is not null then
        taskq_private.invalid('depends_on', format('depends_on "%s" is no job', v_found.foreign_id), 'TQ423', 'It may have expired, or its id is mistyped.')
    end;
    v_jobs[v_found.ordinal] := v_job;
  end loop;
  return v_jobs;
end;
$$;
comment on function taskq_private.refuse_foreign(taskq_private.submission[]) is
  'An error for each submission to a queue that the caller''s key is not for, and for each that would wait for a job of one.';
--! EndIncluded 1_submit/refuse_foreign.sql
--! Included 1_submit/submit_requests.sql
-- The path of every submit. A graph is a list whose jobs may name each other, and is stored whole or not at all.
-- Locks: idempotency keys in order, then the places of dependencies (lock_parents). Raises: a graph's first error.
create or replace function taskq_private.submit_requests(requests jsonb, submitted_at timestamptz, is_graph boolean, workflow_id uuid default null)
returns taskq_private.submission[]
language plpgsql
volatile
as $$
declare
  v_jobs taskq_private.submission[] := taskq_private.read_requests(requests, submitted_at);
  v_is_scoped boolean := taskq_private.queue_scope() is not null;
  v_some record;
begin
  if v_is_scoped then
    v_jobs := taskq_private.refuse_foreign(v_jobs);
  end if;
  select
    bool_or(j.error is not null) as has_error, bool_or(j.is_unchecked) as is_unchecked, bool_or(j.lane_id is null and j.error is null) as new_lane,
    bool_or(j.idempotency_key is not null) as has_key, bool_or(j.remaining_dependencies > 0) as waits
  into v_some
  from unnest(v_jobs) as j;

  if v_some.is_unchecked then
    v_jobs := taskq_private.check_payloads(v_jobs);
  end if;
  if is_graph then
    v_jobs := taskq_private.check_names(v_jobs);
    perform taskq_private.refuse_errors(v_jobs);
  end if;
  if v_some.new_lane then
    v_jobs := taskq_private.intern_lanes(v_jobs, submitted_at);
  end if;
  if v_some.has_key then
    v_jobs := taskq_private.resolve_idempotency(v_jobs);
  end if;
  if v_some.waits then
    v_jobs := taskq_private.read_dependencies(v_jobs, requests, is_graph);
    if v_is_scoped then
      v_jobs := taskq_private.refuse_foreign(v_jobs);
    end if;
    if is_graph then
      perform taskq_private.refuse_cycles(v_jobs);
    end if;
    v_jobs := taskq_private.resolve_dependencies(v_jobs, is_graph);
  end if;
  if is_graph then
    perform taskq_private.refuse_errors(v_jobs);
  elsif v_some.has_key and v_some.waits then
    v_jobs := taskq_private.return_keys(v_jobs);
  end if;

  if v_some.has_error or v_some.is_unchecked or v_some.has_key or v_some.waits or v_is_scoped then -- some may not be to be stored
    perform taskq_private.store_jobs(
      array(select j from unnest(v_jobs) as j where j.error is null and j.repeated is not true), submitted_at, submit_requests.workflow_id
    );
  else
    perform taskq_private.store_jobs(v_jobs, submitted_at, submit_requests.workflow_id);
  end if;
  return v_jobs;
end;
$$;
comment on function taskq_private.submit_requests(jsonb, timestamptz, boolean, uuid) is
  'Stores what is good of a list of requests, and answers what became of each.';
--! EndIncluded 1_submit/submit_requests.sql
--! Included 1_submit/submit_each.sql
-- nothing -> pending | blocked | ready. Every job of the list is answered for itself: a bad one gets an error as a value
-- and harms no other. Doors gather concurrent submits into one call of this.
-- Calls: submit_plain, submit_requests. Locks: idempotency keys in order, then the places of dependencies.
create or replace function taskq.submit_each(requests jsonb)
returns table ("position" integer, job_id uuid, status taskq.job_status, created boolean, warnings text[], error jsonb)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_jobs taskq_private.submission[];
  v_plain record;
begin
  if jsonb_typeof(requests) is distinct from 'array' then
    perform taskq_private.raise_error(taskq_private.invalid('jobs', 'jobs must be a list of objects'));
  end if;
  if taskq_private.queue_scope() is null then
    v_plain := taskq_private.submit_plain(requests, v_now);
    if v_plain.job_ids is not null then
      return query
        select p.ordinality::integer - 1, p.job_id, 'ready'::taskq.job_status, true, v_plain.warnings, null::jsonb
        from unnest(v_plain.job_ids) with ordinality as p (job_id, ordinality);
      return;
    end if;
  end if;
  v_jobs := taskq_private.submit_requests(requests, v_now, false);

  return query
    select
      j.ordinal - 1,
      case when j.error is null then j.job_id end,
      taskq_private.submission_status(j, v_now),
      j.error is null and j.repeated is not true,
      case when j.cpu_units > 0 or j.memory_mb > 0 or j.resources <> '{}' -- else it fits everywhere, and no lane is looked at
        then array(select jsonb_array_elements_text((select taskq_private.lane_warnings(v_jobs)) -> j.lane_id::text)) else '{}' end,
      j.error
    from unnest(v_jobs) as j;
end;
$$;
comment on function taskq.submit_each(jsonb) is
  'Submits a list of unrelated jobs in one transaction and answers each for itself: job_id, status and warnings, or an error {"code", "field", "message"}. Positions count from 0. Example: select position, job_id, error from taskq.submit_each(''[{"type": "echo"}, {"type": "nonsense"}]'').';
--! EndIncluded 1_submit/submit_each.sql
--! Included 3_claim/take_jobs.sql
-- Moves the chosen rows into a new claim and reads what the worker needs to run them.
-- Locks: ready rows at the heads of the chosen lanes, skipping those that a rival is taking.
create or replace function taskq_private.take_jobs(
  worker taskq_private.workers, max_jobs integer, out claim_id bigint, out jobs json
)
language plpgsql
volatile
as $$
declare
  v_now timestamptz;
  v_chosen record;
  v_taken record;
  v_expires_at timestamptz;
begin
  v_chosen := taskq_private.plan_claim(worker, max_jobs, true);
  if v_chosen.lane_ids is null then
    return;
  end if;

  select array_agg(head.row_id) as row_ids, array_agg(head.job_id) as job_ids, array_agg(head.lane_id) as lane_ids, array_agg(head.attempt) as attempts
  into v_taken
  from (
    select r.*
    from unnest(v_chosen.lane_ids, v_chosen.job_counts, v_chosen.handicaps, v_chosen.starts) as chosen (lane_id, job_count, handicap, start)
    cross join lateral (
      select r.ctid as row_id, r.job_id, r.lane_id, r.attempt, r.ready_at
      from taskq_private.ready_jobs as r
      where r.lane_id = chosen.lane_id and r.ready_at >= chosen.start and (v_chosen.job_ids is null and r.ready_at < 'infinity' or r.job_id = any (v_chosen.job_ids))
      order by r.ready_at, r.job_id
      limit chosen.job_count
      for update skip locked
    ) as r
    order by r.ready_at + chosen.handicap, r.ready_at, r.job_id
  ) as head;
  if v_taken.job_ids is null then
    return;
  end if;

  v_now := taskq_private.clock(); -- not before: what has just ended and made one of these ready has ended before they start
  if v_chosen.has_needs and exists (select from taskq_private.resource_pools as p where p.refill_per_second is not null) then
    perform taskq_private.spend_tokens(v_taken.lane_ids);
  end if;
  if exists (select from taskq_private.reservations) then
    perform taskq_private.end_reservations(worker.worker_id, v_taken.job_ids);
  end if;
  delete from taskq_private.ready_jobs as r where r.ctid = any (v_taken.row_ids);

  select json_agg(row_to_json(j)), v_now + min(j.timeout_seconds) * interval '1 second' + taskq_private.timeout_grace()
  into jobs, v_expires_at
  from (
    select s.job_id, l.type, l.queue, t.attempt, s.max_attempts, s.timeout_seconds, s.payload, s.trace_context
    from unnest(v_taken.job_ids, v_taken.lane_ids, v_taken.attempts) as t (job_id, lane_id, attempt)
    cross join lateral (select * from taskq_private.job_specs as s where s.job_id = t.job_id offset 0) as s -- never by a hash of all
    join taskq_private.lanes as l on l.lane_id = t.lane_id
  ) as j;

  perform taskq_private.start_timeline();
  insert into taskq_private.claims (worker_id, claimed_at, expires_at, job_ids, lane_ids, attempts)
  values (worker.worker_id, v_now, v_expires_at, v_taken.job_ids, v_taken.lane_ids, v_taken.attempts)
  returning claims.claim_id into take_jobs.claim_id;
  if exists (select from taskq_private.suspects) then
    update taskq_private.suspects as s set claim_id = take_jobs.claim_id where s.job_id = any (v_taken.job_ids);
  end if;

  perform taskq_private.record_event('job_started', v_taken.job_ids, v_taken.lane_ids, v_taken.attempts);
end;
$$;
comment on function taskq_private.take_jobs(taskq_private.workers, integer) is 'Claims the best jobs that fit; nothing comes back when there are none.';
--! EndIncluded 3_claim/take_jobs.sql
--! Included 4_run/register_worker.sql
-- A worker says what it can run and carry, and gets an id. A restarted worker registers anew. Raises: TQ422.
create or replace function taskq.register_worker(
  name text,
  types text[],
  cpu_units numeric,
  memory_mb integer,
  concurrency integer default 1,
  queues text[] default null,
  resources jsonb default '{}'
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_worker_id uuid := taskq_private.job_id_at(v_now);
begin
  perform taskq_private.check_resources(resources);
  insert into taskq_private.workers (worker_id, name, types, queues, cpu_units, memory_mb, resources, concurrency, started_at, heartbeat_at)
  values (v_worker_id, name, types, queues, cpu_units, memory_mb, coalesce(resources, '{}'), concurrency, v_now, v_now);
  return v_worker_id;
end;
$$;
comment on function taskq.register_worker(text, text[], numeric, integer, integer, text[], jsonb) is
  'Registers a worker: the job types it runs, the cpu and memory that its jobs may take together, how many it runs at a time, the queues it serves (null for all), and what else it has, such as {"gpu": 2}. Answers its worker_id. Types are registered with register_task_types(). TQ422 for resources that are none. Example: select taskq.register_worker(''host-1'', ''{resize}'', cpu_units => 4, memory_mb => 4096, concurrency => 4).';
--! EndIncluded 4_run/register_worker.sql
--! Included 4_run/hold_worker_session.sql
-- The lock goes when the session does, so a killed worker is noticed within seconds and not after its lease.
-- Locks: advisory (1952541556, worker_number) for as long as the session lives. Not through a transaction pooler.
create or replace function taskq.hold_worker_session(worker_id uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_worker taskq_private.workers := taskq_private.lock_worker(worker_id);
begin
  if not pg_try_advisory_lock(1952541556, v_worker.worker_number) then
    return false;
  end if;
  update taskq_private.workers as w
  set holds_session = true, absent_since = null
  where w.worker_id = hold_worker_session.worker_id;
  return true;
end;
$$;
comment on function taskq.hold_worker_session(uuid) is
  'Ties the worker to this session: when the session ends without stop_worker(), its jobs are given to others within 2 seconds. False if another session still holds it; try again. Not through a transaction pooler. TQ412 for a worker that has ended. Example: select taskq.hold_worker_session(:''worker'').';
--! EndIncluded 4_run/hold_worker_session.sql
--! Included 4_run/heartbeat.sql
-- One a worker, never one a job. Locks: the worker's row. Raises: TQ412 when it was declared lost.
create or replace function taskq.heartbeat(
  worker_id uuid, load jsonb default null, out status taskq.worker_status, out cancel_requested uuid[]
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_worker taskq_private.workers := taskq_private.lock_worker(worker_id);
begin
  update taskq_private.workers as w
  set heartbeat_at = taskq_private.clock(), load = coalesce(heartbeat.load, w.load)
  where w.worker_id = heartbeat.worker_id;

  status := v_worker.status;
  cancel_requested := array(
    select r.job_id
    from taskq_private.cancel_requests as r
    cross join lateral (select c.worker_id from taskq_private.claims as c where c.claim_id = r.claim_id offset 0) as c -- never by a hash of all
    where c.worker_id = heartbeat.worker_id
  );
end;
$$;
comment on function taskq.heartbeat(uuid, jsonb) is
  'Says that the worker lives and what its machine really uses; answers its status and which of its jobs were asked to stop. Call it every 10 seconds or so: a worker that is silent for worker_lost_seconds (30) is lost. TQ412 when it was. Example: select * from taskq.heartbeat(:''worker'', ''{"cpu_percent": 40}'').';
--! EndIncluded 4_run/heartbeat.sql
--! Included 4_run/log_jobs.sql
-- Lines of running jobs. Locks: their claims, for share. A line whose claim was lost is not written.
create or replace function taskq.log_jobs(entries jsonb)
returns uuid[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_claim_ids bigint[] := array(select distinct (e.value ->> 'claim_id')::bigint from jsonb_array_elements(entries) as e);
begin
  perform from taskq_private.claims as c where c.claim_id = any (v_claim_ids) order by c.claim_id for share;
  return taskq_private.store_logs(entries);
end;
$$;
comment on function taskq.log_jobs(jsonb) is
  'Writes lines into the logs of running jobs: a list of {"claim_id", "job_id", "level", "message", "data", "age_seconds"}. Answers the jobs whose claim was lost. level is info unless given, age_seconds how long ago it was. Example: select taskq.log_jobs(''[{"claim_id": 1, "job_id": "01890a5d-ac96-774b-bcce-b302099a8057", "message": "hi"}]'').';
--! EndIncluded 4_run/log_jobs.sql
--! Included 4_run/report_progress.sql
-- How far a running job is. Locks: its claim, for share. Raises: TQ411 when the claim was lost.
create or replace function taskq.report_progress(claim_id bigint, job_id uuid, percent real, data jsonb default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_held record;
begin
  perform from taskq_private.claims as c where c.claim_id = report_progress.claim_id for share;
  select * into v_held from taskq_private.held_attempts(array[report_progress.claim_id]) as h where h.job_id = report_progress.job_id;
  if not found then
    perform taskq_private.raise_claim_lost(report_progress.claim_id, report_progress.job_id);
  end if;
  if percent is null or not percent between 0 and 100 then
    perform taskq_private.raise_error(taskq_private.invalid('percent', 'percent must be a number from 0 to 100'));
  end if;

  insert into taskq_private.job_progress (job_id, percent, data, at)
  values (report_progress.job_id, percent, report_progress.data, taskq_private.clock())
  on conflict (job_id) do update set percent = excluded.percent, data = excluded.data, at = excluded.at;

  perform taskq_private.record_event(
    'job_progress', array[report_progress.job_id], array[v_held.lane_id], array[v_held.attempt],
    jsonb_build_array(jsonb_build_object('percent', percent, 'data', report_progress.data))
  );
end;
$$;
comment on function taskq.report_progress(bigint, uuid, real, jsonb) is 'Says how far a running job is, 0 to 100, with any JSON beside it. TQ411 when the claim was lost. Example: select taskq.report_progress(:''claim'', :''job'', 50, ''{"rows": 1000}'').';
--! EndIncluded 4_run/report_progress.sql
--! Included 4_run/parent_results.sql
-- Results are read one by one, by name, until together they are as large as they may be, give or take one: ten thousand parents can have left
-- more than a worker can hold.
create or replace function taskq.parent_results(job_id uuid, max_bytes integer default 4194304)
returns table (
  parent_id uuid, name text, type text, condition taskq.dependency_condition, status taskq.job_status, result jsonb, error jsonb, is_left_out boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_left integer := max_bytes;
  -- workers get the truth, and whoever looks what may be shown
  v_is_worker boolean := taskq_private.acting_role() = 'taskq_worker'
    or current_setting('role') = 'none' and pg_has_role(session_user, 'taskq_worker', 'usage');
begin
  if taskq_private.queue_scope() is not null then
    perform taskq_private.lane_of(parent_results.job_id);
  end if;
  for parent_id, name, type, condition, status in
    select d.depends_on_id, s.name, l.type, d.condition, f.status
    from taskq_private.job_dependencies as d
    join taskq_private.job_specs as s on s.job_id = d.depends_on_id
    join taskq_private.lanes as l on l.lane_id = s.lane_id
    left join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
    where d.job_id = parent_results.job_id and taskq_private.sees_queue(l.queue)
    order by s.name, d.depends_on_id
  loop
    result := null;
    error := null;
    is_left_out := v_left <= 0;
    if not is_left_out then
      select f.result, f.error into result, error from taskq_private.finished_jobs as f where f.job_id = parent_results.parent_id;
      if not v_is_worker then
        result := taskq_private.shown(result);
        error := taskq_private.shown(error);
      end if;
      v_left := v_left - coalesce(octet_length(result::text), 0) - coalesce(octet_length(error::text), 0);
    end if;
    return next;
  end loop;
end;
$$;
comment on function taskq.parent_results(uuid, integer) is
  'How the jobs that this job depends on ended and what they left behind, by name; results and errors until they are max_bytes together (4 MiB), the rest is_left_out: look those up by parent_id. Example: select name, status, result from taskq.parent_results(:''job'').';
--! EndIncluded 4_run/parent_results.sql
--! Included 5_finish/complete_job.sql
-- running -> completed, inside the caller's own transaction: its effects and this record commit together or not at all.
-- Locks: the claim, until that commit; so it comes last. Raises: TQ411 when the claim was lost.
create or replace function taskq.complete_job(claim_id bigint, job_id uuid, result jsonb default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  perform taskq_private.end_held_job(claim_id, job_id, 'completed', result => complete_job.result);
end;
$$;
comment on function taskq.complete_job(bigint, uuid, jsonb) is
  'Completes one running job in the current transaction, so that effects in the same database happen exactly once. Call it last. TQ411 when the claim was lost: roll back. Example: select taskq.complete_job(:''claim'', :''job'', ''{"sent": true}'').';
--! EndIncluded 5_finish/complete_job.sql
--! Included 5_finish/fail_job.sql
-- running -> retrying | failed. One job, for workers in plain SQL; batches go through claim_next_job.
-- Locks: the claim. Raises: TQ411 when the claim was lost.
create or replace function taskq.fail_job(claim_id bigint, job_id uuid, error text, fatal boolean default false)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  perform taskq_private.end_held_job(claim_id, job_id, 'failed', error => jsonb_build_object('message', fail_job.error), fatal => fail_job.fatal);
  return taskq_private.status_of(job_id);
end;
$$;
comment on function taskq.fail_job(bigint, uuid, text, boolean) is
  'Fails one running job: it is retried after its backoff, unless fatal or out of attempts. Answers its new status. TQ411 when the claim was lost. Example: select taskq.fail_job(:''claim'', :''job'', ''no such customer'', fatal => true).';
--! EndIncluded 5_finish/fail_job.sql
--! Included 5_finish/stop_worker.sql
-- running -> ready, not charged: what a worker took and will not start. Locks: the worker's claims.
create or replace function taskq.stop_worker(worker_id uuid)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return taskq_private.end_worker(worker_id, 'stopped', 'released');
end;
$$;
comment on function taskq.stop_worker(uuid) is 'Says goodbye: what the worker still holds goes back to the queue, not charged. Answers how many jobs that were. Example: select taskq.stop_worker(:''worker'').';
--! EndIncluded 5_finish/stop_worker.sql
--! Included 5_finish/release_unknown_claims.sql
-- running -> ready, not charged. The answer to a claim may be lost with its connection: the worker then holds jobs that it
-- does not know of, and says here what it knows. Waits for a claim of its own that is still under way.
-- Locks: the worker's row, then the claims.
create or replace function taskq.release_unknown_claims(worker_id uuid, known_claim_ids bigint[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
  perform taskq_private.lock_worker(release_unknown_claims.worker_id);
  return taskq_private.end_claims(
    array(
      select c.claim_id from taskq_private.claims as c
      where c.worker_id = release_unknown_claims.worker_id and c.claim_id <> all (known_claim_ids)
    ),
    'released'
  );
end;
$$;
comment on function taskq.release_unknown_claims(uuid, bigint[]) is
  'Gives back what the worker holds beyond these claims; it calls this after a claim whose answer it did not get. Answers how many jobs. Example: select taskq.release_unknown_claims(:''worker'', ''{17,18}'').';
--! EndIncluded 5_finish/release_unknown_claims.sql
--! Included 7_operate/tick.sql
-- Everything that time does: schedules, due jobs, lost workers, timeouts, what large graphs left over, retention. Any process may call it at any time; one gets
-- through. Bounded: what is left over is done by the next call.
-- Locks: the settings' row, which nobody but this schema's functions can hold (an advisory lock is anybody's to take); last, now and
-- then for a moment, the tables of history.
create or replace function taskq.tick(
  out ran boolean, out promoted integer, out lost_workers integer, out expired_attempts integer, out deleted_jobs integer,
  out folded_workflows integer
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  perform from taskq_private.settings for update skip locked;
  ran := found;
  if not ran then
    return;
  end if;
  lost_workers := taskq_private.rescue_lost_workers();
  perform taskq_private.clear_suspects();
  expired_attempts := taskq_private.expire_attempts();
  perform taskq_private.fire_schedules();
  promoted := taskq_private.promote_due_jobs(10000);
  if promoted > 0 then
    perform taskq_private.hint('ready');
  end if;
  for v_i in 1 .. 5 loop
    exit when not taskq_private.settle_chunk();
  end loop;
  for v_i in 1 .. 5 loop
    exit when not taskq_private.cancel_workflows();
  end loop;
  folded_workflows := taskq_private.fold_workflow_counts(10000);
  perform taskq_private.measure_types();
  deleted_jobs := taskq_private.delete_expired(1000);
  perform taskq_private.keep_history();
end;
$$;
comment on function taskq.tick() is
  'Does what is due: submits the jobs of schedules, makes due jobs ready, gives the jobs of lost workers to others, ends attempts that outran their timeout, goes on with what was left of large graphs, brings workflows up to date, deletes what has been kept long enough. Servers and workers call it each second; pg_cron or psql may too. ran is false when another session is at it. Example: select * from taskq.tick().';
--! EndIncluded 7_operate/tick.sql
--! Included 7_operate/fire_schedules.sql
-- nothing -> ready. What is due is fired in one batch. Where that ends with an error (a time zone that this server no longer has), each
-- is fired by itself, so that one schedule keeps no other waiting, nor the tick that this is part of.
-- Calls: fire_due.
create or replace function taskq_private.fire_schedules(max_schedules integer default 1000)
returns integer
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_first timestamptz := taskq_private.first_tick_at();
  v_name text;
  v_fired integer := 0;
  v_names text[];
begin
  if (v_first <= v_now) is not true then
    return 0; -- as almost always
  end if;
  v_names := array(
    select s.name
    from taskq_private.schedules as s
    where s.next_run_at between v_first and v_now and (s.retry_at <= v_now) is not false
    order by s.next_run_at
    limit max_schedules
  );
  if v_names = '{}' then
    return 0;
  end if;
  begin
    return taskq_private.fire_due(v_names, v_now);
  exception
    when others then
      if sqlstate ~ '^(40|53|55|57|58)' then -- not of a schedule's making: the whole tick is tried again
        raise;
      end if;
  end;
  foreach v_name in array v_names loop
    begin
      v_fired := v_fired + taskq_private.fire_due(array[v_name], v_now);
    exception
      when others then
        if sqlstate ~ '^(40|53|55|57|58)' then
          raise;
        end if;
        perform taskq_private.defer_schedule(v_name, jsonb_build_object('code', sqlstate, 'message', sqlerrm));
    end;
  end loop;
  return v_fired;
end;
$$;
comment on function taskq_private.fire_schedules(integer) is 'Submits the jobs of schedules whose time has come; answers how many.';
--! EndIncluded 7_operate/fire_schedules.sql
--! Included 7_operate/first_tick_at.sql
-- As first_due_at() does: while an old snapshot is held somewhere, each tick that was fired leaves a row behind that cannot be removed, so a look
-- that read much is remembered by this session, and the next ones begin a tenth of a second before it.
create or replace function taskq_private.first_tick_at()
returns timestamptz
language plpgsql
volatile
as $$
declare
  v_began timestamptz := taskq_private.clock();
  v_read bigint := pg_stat_get_xact_blocks_fetched('taskq_private.schedules'::regclass);
  v_floor jsonb := taskq_private.session_floor('taskq.tick_floor');
  v_at timestamptz := to_timestamp((v_floor ->> 'at')::float8);
  v_tick_at timestamptz := (
    select min(s.next_run_at)
    from taskq_private.schedules as s
    where s.next_run_at >= case when v_at <= v_began then v_at else '-infinity' end -- a clock that was put back makes it worthless
  );
begin
  if pg_stat_get_xact_blocks_fetched('taskq_private.schedules'::regclass) - v_read > 16 then
    perform taskq_private.keep_floor('taskq.tick_floor', v_floor, v_began, jsonb_build_object(
      'at', extract(epoch from least(v_tick_at, v_began) - interval '100 milliseconds')
    ));
  end if;
  return v_tick_at;
end;
$$;
comment on function taskq_private.first_tick_at() is 'When the first schedule is due; null when none will be.';
--! EndIncluded 7_operate/first_tick_at.sql
--! Included 7_operate/fire_due.sql
-- A tick and its job are one transaction: next_run_at goes on in the one that submits, under the lock of the schedule's row, so each tick has
-- exactly one job, whoever else is firing and wherever this one is killed.
-- Calls: due_ticks, submit_each, note_fired. Locks: the schedules, by name, skipping those that are in hand; then what a submit locks.
create or replace function taskq_private.fire_due(names text[], fired_at timestamptz)
returns integer
language plpgsql
volatile
as $$
declare
  v_schedule taskq_private.schedules;
  v_max_ticks integer := least(100, 1000 / cardinality(names) + 1); -- 2000 jobs in all
  v_plan record;
  v_tick timestamptz;
  v_fired taskq_private.schedules[] := '{}';
  v_requests jsonb[] := '{}';
  v_skipped jsonb := '{}';
begin
  for v_schedule in
    select s.*
    from taskq_private.schedules as s
    where s.name = any (names) and s.next_run_at <= fired_at
    order by s.name
    for update skip locked
  loop
    v_plan := taskq_private.due_ticks(v_schedule, fired_at, v_max_ticks);
    foreach v_tick in array v_plan.ticks loop -- one by one: an array that is joined to another is copied
      v_requests := v_requests || taskq_private.scheduled_request(v_schedule.name, v_schedule.job, v_tick, v_plan.missed_since);
    end loop;
    if v_plan.skipped_from is not null then
      v_skipped := v_skipped || jsonb_build_object(v_schedule.name, v_plan.skipped_from);
    end if;
    v_schedule.last_run_at := coalesce(v_plan.ticks[cardinality(v_plan.ticks)], v_schedule.last_run_at);
    v_schedule.next_run_at := v_plan.next_run_at;
    v_schedule.caught_up := v_plan.caught_up;
    v_fired := v_fired || v_schedule;
  end loop;
  return taskq_private.note_fired(v_fired, v_requests, v_skipped);
end;
$$;
comment on function taskq_private.fire_due(text[], timestamptz) is 'Fires these schedules, as far as they are due and nobody else has them in hand; answers how many jobs.';
--! EndIncluded 7_operate/fire_due.sql
--! Included 7_operate/due_ticks.sql
-- Ticks that are up to 10 seconds late count as on time, and each gets its job whatever catch_up says: schedulers come by once a second. Older
-- ones were missed: none skips them; last makes one job of them, unless a later tick is there in time; all makes a job of each, the
-- oldest first, up to 1000 until it is on time again, so that a year of minutes does not drown the queue.
create or replace function taskq_private.due_ticks(
  schedule taskq_private.schedules, fired_at timestamptz, max_ticks integer,
  out ticks timestamptz[], out missed_since timestamptz, out skipped_from timestamptz, out next_run_at timestamptz, out caught_up integer
)
language plpgsql
stable
as $$
declare
  v_late timestamptz := fired_at - interval '10 seconds'; -- a tick before this was missed
begin
  ticks := '{}';
  next_run_at := schedule.next_run_at;
  caught_up := schedule.caught_up;
  if schedule.catch_up = 'all' then
    while next_run_at < v_late and caught_up < 1000 and cardinality(ticks) < max_ticks loop
      ticks := ticks || next_run_at;
      caught_up := caught_up + 1;
      next_run_at := taskq_private.tick_after(schedule, next_run_at);
    end loop;
    if next_run_at < v_late and caught_up < 1000 then
      return; -- the next call goes on
    end if;
  end if;
  if next_run_at < v_late then
    skipped_from := next_run_at;
    next_run_at := taskq_private.tick_after(schedule, v_late - interval '1 microsecond');
    if schedule.catch_up = 'last' and (next_run_at <= fired_at) is not true then
      ticks := array[taskq_private.last_tick(schedule, skipped_from, v_late)];
      missed_since := skipped_from;
      skipped_from := null;
    end if;
  end if;
  caught_up := 0;
  while next_run_at <= fired_at and cardinality(ticks) < max_ticks loop
    ticks := ticks || next_run_at;
    next_run_at := taskq_private.tick_after(schedule, next_run_at);
  end loop;
end;
$$;
comment on function taskq_private.due_ticks(taskq_private.schedules, timestamptz, integer) is
  'The ticks of a schedule that get a job now, and the one after; missed_since is the first tick that a job stands for, skipped_from the first that gets none.';
--! EndIncluded 7_operate/due_ticks.sql
--! Included 7_operate/tick_after.sql
create or replace function taskq_private.tick_after(schedule taskq_private.schedules, after timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_tick timestamptz := taskq_private.next_tick(
    schedule.masks, schedule.every, schedule.anchor_at, schedule.time_zone, greatest(after, schedule.starts_at - interval '1 microsecond')
  );
begin
  return case when schedule.ends_at is null or v_tick <= schedule.ends_at then v_tick end;
end;
$$;
comment on function taskq_private.tick_after(taskq_private.schedules, timestamptz) is 'The first tick of a schedule after an instant; null if it has none.';
--! EndIncluded 7_operate/tick_after.sql
--! Included 7_operate/last_tick.sql
-- By halves: there may be a million ticks in between. No two are less than a second apart.
create or replace function taskq_private.last_tick(schedule taskq_private.schedules, known_tick timestamptz, until timestamptz)
returns timestamptz
language plpgsql
stable
as $$
declare
  v_next timestamptz;
  v_middle timestamptz;
begin
  while until - known_tick >= interval '1 second' loop
    v_middle := known_tick + make_interval(secs => extract(epoch from until - known_tick)::float8 / 2);
    v_next := taskq_private.tick_after(schedule, v_middle);
    if v_next <= until then
      known_tick := v_next;
    else
      until := v_middle;
    end if;
  end loop;
  v_next := taskq_private.tick_after(schedule, known_tick);
  return case when v_next <= until then v_next else known_tick end;
end;
$$;
comment on function taskq_private.last_tick(taskq_private.schedules, timestamptz, timestamptz) is 'The last tick of a schedule from one that is known up to an instant.';
--! EndIncluded 7_operate/last_tick.sql
--! Included 7_operate/scheduled_request.sql
create or replace function taskq_private.scheduled_request(name text, job jsonb, scheduled_for timestamptz, missed_since timestamptz)
returns jsonb
language sql
stable
as $$
  select job || jsonb_build_object(
    'created_by', 'schedule:' || name,
    'metadata', coalesce(job -> 'metadata', '{}') || jsonb_strip_nulls(jsonb_build_object(
      'schedule', name,
      'scheduled_for', to_char(scheduled_for at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'missed_since', to_char(missed_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    ))
  );
$$;
comment on function taskq_private.scheduled_request(text, jsonb, timestamptz, timestamptz) is 'What one tick of a schedule submits.';
--! EndIncluded 7_operate/scheduled_request.sql
--! Included 7_operate/note_fired.sql
-- A job that is refused (its type's schema has changed) is its schedule's last_error, and in the audit log when that is a new one; the
-- schedule goes on with its next tick.
create or replace function taskq_private.note_fired(fired taskq_private.schedules[], requests jsonb[], skipped jsonb)
returns integer
language plpgsql
volatile
as $$
declare
  v_submitted integer;
begin
  with answer as materialized (
    select r.request -> 'metadata' ->> 'schedule' as name, a."position", a.job_id, a.error
    from taskq.submit_each(to_jsonb(requests)) as a
    join unnest(requests) with ordinality as r (request, ordinality) on r.ordinality = a."position" + 1
  ), outcome as materialized (
    select
      a.name, count(a.job_id) as submitted,
      (array_agg(a.job_id order by a."position" desc) filter (where a.job_id is not null))[1] as job_id,
      (array_agg(a.error order by a."position" desc))[1] as error
    from answer as a
    group by a.name
  ), noted as (
    update taskq_private.schedules as s
    set next_run_at = f.next_run_at, last_run_at = f.last_run_at, caught_up = f.caught_up, retry_at = null, last_job_id = coalesce(o.job_id, f.last_job_id),
      last_error = case when o.name is null then f.last_error else o.error end
    from unnest(fired) as f
    left join outcome as o on o.name = f.name
    where s.name = f.name
    returning s.name, s.next_run_at, s.last_error, s.last_error is distinct from f.last_error as is_new
  ), audited as (
    insert into taskq_private.audit_log (at, actor, action, target, details)
    select taskq_private.clock(), taskq_private.actor(), 'fire_schedule', n.name, jsonb_strip_nulls(jsonb_build_object(
      'error', case when n.is_new then n.last_error end, 'skipped_from', skipped -> n.name, 'next_run_at', n.next_run_at
    ))
    from noted as n
    where n.is_new and n.last_error is not null or skipped ? n.name
  )
  select coalesce(sum(o.submitted), 0) into v_submitted from outcome as o;
  return v_submitted;
end;
$$;
comment on function taskq_private.note_fired(taskq_private.schedules[], jsonb[], jsonb) is 'Submits what schedules ask for and writes down in each what became of it; answers how many jobs.';
--! EndIncluded 7_operate/note_fired.sql
--! Included 7_operate/defer_schedule.sql
create or replace function taskq_private.defer_schedule(name text, error jsonb)
returns void
language plpgsql
volatile
as $$
declare
  v_known jsonb;
begin
  select s.last_error into v_known from taskq_private.schedules as s where s.name = defer_schedule.name for update;
  update taskq_private.schedules as s
  set last_error = error, retry_at = taskq_private.clock() + interval '1 minute'
  where s.name = defer_schedule.name;
  if v_known is distinct from error then
    perform taskq_private.record_audit('fire_schedule', defer_schedule.name, jsonb_build_object('error', error));
  end if;
end;
$$;
comment on function taskq_private.defer_schedule(text, jsonb) is 'Leaves a schedule that cannot be fired at all for a minute; its tick stays due.';
--! EndIncluded 7_operate/defer_schedule.sql
--! Included 7_operate/lane_of.sql
create or replace function taskq_private.lane_of(job_id uuid)
returns integer
language plpgsql
stable
as $$
declare
  v_lane_id integer;
begin
  select s.lane_id into v_lane_id from taskq_private.job_specs as s where s.job_id = lane_of.job_id;
  if not found
    or taskq_private.queue_scope() is not null
    and not exists (select from taskq_private.lanes as l where l.lane_id = v_lane_id and taskq_private.sees_queue(l.queue))
  then
    raise exception 'no job %', job_id
      using errcode = 'TQ404', hint = 'It may have expired: finished jobs are kept for job_ttl_seconds.';
  end if;
  return v_lane_id;
end;
$$;
comment on function taskq_private.lane_of(uuid) is 'The lane of a job; raises TQ404 for one that does not exist, or that the caller''s key is not for.';
--! EndIncluded 7_operate/lane_of.sql
--! Included 7_operate/cancel_job.sql
-- pending | blocked | ready | retrying -> cancelled; a running job is asked to stop, and its worker ends it.
-- Calls: cancel_jobs. Raises: TQ404, TQ409 with the state.
create or replace function taskq.cancel_job(job_id uuid, reason text default null)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_done record;
begin
  perform taskq_private.lane_of(job_id);
  perform taskq_private.record_audit('cancel_job', job_id::text, jsonb_build_object('reason', reason));
  v_done := taskq_private.cancel_jobs(array[job_id], reason);
  if cardinality(v_done.cancelled) > 0 then
    return 'cancelled';
  elsif cardinality(v_done.asked) > 0 then
    return 'running';
  end if;
  perform taskq_private.lane_of(job_id); -- raises if it was deleted meanwhile
  raise exception 'job % is % and cannot be cancelled', job_id, taskq_private.status_of(job_id)
    using errcode = 'TQ409', detail = taskq_private.status_of(job_id)::text, hint = 'Only jobs that have not ended can be cancelled.';
end;
$$;
comment on function taskq.cancel_job(uuid, text) is
  'Cancels a job that waits, and what depends on it; asks a running one to stop. Answers cancelled, or running when it was asked. TQ404 for an unknown job, TQ409 for one that has ended. Example: select taskq.cancel_job(:''job'', ''not needed any more'').';
--! EndIncluded 7_operate/cancel_job.sql
--! Included 7_operate/cancel_workflow.sql
-- running -> cancelled, once the jobs that run have stopped. What is more than ten thousand jobs is left to claims and ticks.
-- Locks: the workflow's row, then its jobs (cancel_jobs). Raises: TQ404, TQ409 with the state.
create or replace function taskq.cancel_workflow(workflow_id uuid, reason text default null)
returns taskq.workflow_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_status taskq.workflow_status;
begin
  perform from taskq_private.workflows as w where w.workflow_id = cancel_workflow.workflow_id for update;
  v_status := (select w.status from taskq.workflows as w where w.workflow_id = cancel_workflow.workflow_id and taskq_private.sees_workflow(w.workflow_id));
  if v_status is null then
    raise exception 'no workflow %', cancel_workflow.workflow_id using errcode = 'TQ404', hint = 'It may have expired: a workflow is kept as long as its jobs.';
  elsif v_status <> 'running' then
    raise exception 'workflow % is % and cannot be cancelled', cancel_workflow.workflow_id, v_status
      using errcode = 'TQ409', detail = v_status::text, hint = 'Only workflows with jobs that have not ended can be cancelled.';
  end if;

  perform taskq_private.record_audit('cancel_workflow', cancel_workflow.workflow_id::text, jsonb_build_object('reason', reason));
  update taskq_private.workflows as w
  set cancel_requested_at = taskq_private.clock(), cancel_reason = cancel_workflow.reason, cancelled_down_to = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
  where w.workflow_id = cancel_workflow.workflow_id;
  for v_i in 1 .. 10 loop
    exit when not taskq_private.cancel_workflow_chunk(cancel_workflow.workflow_id);
  end loop;
  return (select w.status from taskq.workflows as w where w.workflow_id = cancel_workflow.workflow_id);
end;
$$;
comment on function taskq.cancel_workflow(uuid, text) is
  'Cancels all jobs of a workflow that wait and asks those that run to stop. Answers cancelled, or running while some still have to. TQ404 for an unknown workflow, TQ409 for one that has ended. Example: select taskq.cancel_workflow(:''workflow'', ''wrong input'').';
--! EndIncluded 7_operate/cancel_workflow.sql
--! Included 7_operate/cancel_queue.sql
-- Bounded: what has not been started first, then those running jobs that were not asked yet.
-- Calls: cancel_jobs. Raises: TQ404.
create or replace function taskq.cancel_queue(queue text, type text default null, reason text default null, max_jobs integer default 1000)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_most integer := least(greatest(max_jobs, 1), 10000);
  v_job_ids uuid[];
  v_done record;
begin
  perform taskq_private.check_scope(cancel_queue.queue);
  if not exists (select from taskq_private.queues as q where q.queue = cancel_queue.queue) then
    raise exception 'queue % is not known', cancel_queue.queue using errcode = 'TQ404', hint = 'select queue from taskq.queues lists them.';
  end if;
  v_job_ids := array(
    select taskq_private.matching_job_ids(
      '{pending,blocked,ready,retrying}', case when cancel_queue.type is not null then array[cancel_queue.type] end, array[cancel_queue.queue], null,
      'ffffffff-ffff-ffff-ffff-ffffffffffff', '00000000-0000-0000-0000-000000000000', null, null, null, null, v_most
    )
  );
  v_job_ids := v_job_ids || array(
    select u.job_id
    from taskq_private.claims as c
    cross join unnest(c.job_ids, c.lane_ids) as u (job_id, lane_id)
    join taskq_private.lanes as l on l.lane_id = u.lane_id
    where l.queue = cancel_queue.queue
      and (cancel_queue.type is null or l.type = cancel_queue.type)
      and not exists (select from taskq_private.cancel_requests as r where r.job_id = u.job_id)
    limit v_most - cardinality(v_job_ids)
  );
  v_done := taskq_private.cancel_jobs(v_job_ids, cancel_queue.reason);
  perform taskq_private.record_audit('cancel_queue', cancel_queue.queue, jsonb_strip_nulls(jsonb_build_object(
    'type', cancel_queue.type, 'reason', cancel_queue.reason, 'cancelled', cardinality(v_done.cancelled), 'asked', cardinality(v_done.asked)
  )));
  return cardinality(v_done.cancelled) + cardinality(v_done.asked);
end;
$$;
comment on function taskq.cancel_queue(text, text, text, integer) is
  'Cancels what waits in a queue (of one type, if given) and what depends on it, and asks what runs there to stop, newest first, at most max_jobs (10000) a call. Answers how many; call until 0. Pause the queue first to stop what is still submitted. TQ404 for an unknown queue. Example: select taskq.cancel_queue(''reports'', reason => ''bad release'').';
--! EndIncluded 7_operate/cancel_queue.sql
--! Included 7_operate/retry_job.sql
-- failed | cancelled -> ready | pending | blocked; with its dependents: cancelled, reason dependency -> blocked.
-- Locks: its dependencies' places (lock_parents), then its finished row; then its dependents. Raises: TQ404, TQ409 with the state.
create or replace function taskq.retry_job(job_id uuid, with_dependents boolean default false)
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
  perform taskq_private.lane_of(retry_job.job_id);
  perform taskq_private.lock_parents(array(
    select d.depends_on_id from taskq_private.job_dependencies as d where d.job_id = retry_job.job_id and not d.satisfied
  ));
  perform from taskq_private.finished_jobs as f where f.job_id = retry_job.job_id and f.status in ('failed', 'cancelled') for update;
  if not found then
    perform taskq_private.lane_of(retry_job.job_id); -- raises if it was deleted meanwhile
    raise exception 'job % is % and cannot be retried', retry_job.job_id, taskq_private.status_of(retry_job.job_id)
      using errcode = 'TQ409', detail = taskq_private.status_of(retry_job.job_id)::text,
        hint = 'Only failed and cancelled jobs can be retried.';
  end if;
  perform taskq_private.refuse_hopeless(retry_job.job_id);
  perform taskq_private.record_audit('retry_job', retry_job.job_id::text, jsonb_build_object('with_dependents', with_dependents));

  perform taskq_private.replay_jobs(array[retry_job.job_id]);
  if with_dependents then
    perform taskq_private.settle_dependents(array[retry_job.job_id], 'ready');
  end if;
  return taskq_private.status_of(retry_job.job_id);
end;
$$;
comment on function taskq.retry_job(uuid, boolean) is
  'Runs a failed or cancelled job again from its first attempt; with_dependents brings back the jobs that were cancelled because of it, too. Answers its new status: ready, pending before its run_at, or blocked if a dependency has not ended yet. TQ404 for an unknown job, TQ409 for one in another state. Example: select taskq.retry_job(job_id) from taskq.dead_letters where error ->> ''message'' like ''%timeout%''.';
--! EndIncluded 7_operate/retry_job.sql
--! Included 7_operate/retry_workflow.sql
-- failed -> ready | blocked, and what was cancelled because of it -> blocked: the workflow goes on where it failed. Bounded.
-- Calls: retry_job. Raises: TQ404, TQ409 with the state when no job of it has failed.
create or replace function taskq.retry_workflow(workflow_id uuid, max_jobs integer default 1000)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_status taskq.workflow_status := (select w.status from taskq.get_workflow(retry_workflow.workflow_id) as w);
  v_job_ids uuid[] := array(
    select s.job_id
    from taskq_private.job_specs as s
    join taskq_private.finished_jobs as f on f.job_id = s.job_id and f.status = 'failed'
    where s.workflow_id = retry_workflow.workflow_id and taskq_private.hopeless_edge(s.job_id) is null
    order by s.job_id
    limit greatest(max_jobs, 1)
  );
  v_job_id uuid;
begin
  if cardinality(v_job_ids) = 0 then
    raise exception 'workflow % is % and has no failed job to run again', retry_workflow.workflow_id, v_status
      using errcode = 'TQ409', detail = v_status::text, hint = 'Only failed jobs are run again so; retry cancelled ones one by one.';
  end if;
  foreach v_job_id in array v_job_ids loop
    perform taskq.retry_job(v_job_id);
  end loop;
  perform taskq_private.record_audit('retry_workflow', retry_workflow.workflow_id::text, jsonb_build_object('retried', cardinality(v_job_ids)));
  perform taskq_private.settle_dependents(v_job_ids, 'ready'); -- once for all, so that this is bounded
  return cardinality(v_job_ids);
end;
$$;
comment on function taskq.retry_workflow(uuid, integer) is
  'Runs the failed jobs of a workflow again, with what was cancelled because of them, so that it goes on where it failed; at most max_jobs a call. Answers how many. TQ404 for an unknown workflow, TQ409 when none of its jobs has failed. Example: select taskq.retry_workflow(:''workflow'').';
--! EndIncluded 7_operate/retry_workflow.sql
--! Included 7_operate/retry_dead_letters.sql
-- failed -> ready, oldest first, bounded.
create or replace function taskq.retry_dead_letters(type text default null, queue text default null, max_jobs integer default 1000, with_dependents boolean default false)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_job_id uuid;
  v_retried uuid[] := '{}';
begin
  for v_job_id in
    select f.job_id
    from taskq_private.finished_jobs as f
    join taskq_private.lanes as l on l.lane_id = f.lane_id
    where f.status = 'failed'
      and (retry_dead_letters.type is null or l.type = retry_dead_letters.type)
      and (retry_dead_letters.queue is null or l.queue = retry_dead_letters.queue)
      and taskq_private.sees_queue(l.queue)
    order by f.job_id
    limit max_jobs
    for update of f skip locked
  loop
    perform taskq.retry_job(v_job_id);
    v_retried := v_retried || v_job_id;
  end loop;
  perform taskq_private.record_audit(
    'retry_dead_letters', coalesce(type, queue, 'all'), jsonb_build_object('with_dependents', with_dependents, 'retried', cardinality(v_retried))
  );
  if with_dependents then
    perform taskq_private.settle_dependents(v_retried, 'ready'); -- once for all, so that this is bounded
  end if;
  return cardinality(v_retried);
end;
$$;
comment on function taskq.retry_dead_letters(text, text, integer, boolean) is
  'Runs failed jobs again, oldest first: all, or those of a type or queue, at most max_jobs a call; with_dependents brings back what was cancelled because of them. Answers how many; call until 0. Example: select taskq.retry_dead_letters(type => ''send_email'', with_dependents => true).';
--! EndIncluded 7_operate/retry_dead_letters.sql
--! Included 7_operate/discard_job.sql
-- failed -> gone, with its history. Raises: TQ404, TQ409 with the state.
create or replace function taskq.discard_job(job_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  perform taskq_private.lane_of(job_id);
  perform from taskq_private.finished_jobs as f where f.job_id = discard_job.job_id and f.status = 'failed' for update;
  if not found then
    perform taskq_private.lane_of(job_id); -- raises if it was deleted meanwhile
    raise exception 'job % is % and cannot be discarded', job_id, taskq_private.status_of(job_id)
      using errcode = 'TQ409', detail = taskq_private.status_of(job_id)::text, hint = 'Only dead letters, that is failed jobs, can be discarded.';
  end if;
  perform taskq_private.refuse_awaited(job_id);
  perform taskq_private.record_audit('discard_job', job_id::text);
  perform taskq_private.delete_jobs(array[job_id]);
end;
$$;
comment on function taskq.discard_job(uuid) is 'Deletes a failed job and all that is known of it. Refused while a job that is held waits for its replay. TQ404 for an unknown job, TQ409 for one that has not failed or that others wait for. Example: select taskq.discard_job(:''job'').';
--! EndIncluded 7_operate/discard_job.sql
--! Included 7_operate/discard_dead_letters.sql
-- failed -> gone, oldest first, bounded.
create or replace function taskq.discard_dead_letters(type text default null, queue text default null, max_jobs integer default 1000)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_job_ids uuid[];
begin
  v_job_ids := array(
    select f.job_id
    from taskq_private.finished_jobs as f
    join taskq_private.lanes as l on l.lane_id = f.lane_id
    where f.status = 'failed'
      and (discard_dead_letters.type is null or l.type = discard_dead_letters.type)
      and (discard_dead_letters.queue is null or l.queue = discard_dead_letters.queue)
      and taskq_private.sees_queue(l.queue)
      and not taskq_private.is_awaited(f.job_id)
    order by f.job_id
    limit max_jobs
    for update of f skip locked
  );
  perform taskq_private.record_audit('discard_dead_letters', coalesce(type, queue, 'all'), to_jsonb(cardinality(v_job_ids)));
  perform taskq_private.delete_jobs(v_job_ids);
  return cardinality(v_job_ids);
end;
$$;
comment on function taskq.discard_dead_letters(text, text, integer) is
  'Deletes failed jobs, oldest first: all, or those of a type or queue, at most max_jobs a call. Those that held jobs wait for are kept. Answers how many; call until 0. Example: select taskq.discard_dead_letters(type => ''send_email'').';
--! EndIncluded 7_operate/discard_dead_letters.sql
--! Included 7_operate/add_dependency.sql
-- pending | ready | retrying | blocked -> blocked: a new edge for a job that has not started.
-- Locks: the graph lock, so that of two sessions adding opposite edges the second sees the first's; the parent's place; the
-- child's row. Raises: TQ404, TQ423 for the parent, TQ409 with the state, TQ425 with the cycle's members.
create or replace function taskq.add_dependency(job_id uuid, depends_on uuid, condition taskq.dependency_condition default 'success')
returns taskq.job_status
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_lane_id integer := taskq_private.lane_of(add_dependency.job_id);
  v_satisfied boolean;
  v_place record;
begin
  perform pg_advisory_xact_lock(1952541558);
  perform taskq_private.refuse_cycle(add_dependency.job_id, add_dependency.depends_on);
  perform taskq_private.lock_parents(array[add_dependency.depends_on]);
  if not exists (
    select from taskq_private.job_specs as s join taskq_private.lanes as l on l.lane_id = s.lane_id
    where s.job_id = add_dependency.depends_on and taskq_private.sees_queue(l.queue)
  ) then
    perform taskq_private.raise_error(taskq_private.invalid(
      'depends_on', format('depends_on "%s" is no job', add_dependency.depends_on), 'TQ423', 'It may have expired, or its id is mistyped.'
    ));
  end if;
  v_satisfied := taskq_private.check_new_edge(add_dependency.job_id, add_dependency.depends_on, add_dependency.condition);

  v_place := taskq_private.take_unstarted(add_dependency.job_id, v_lane_id);
  insert into taskq_private.job_dependencies (job_id, depends_on_id, condition, satisfied)
  values (add_dependency.job_id, add_dependency.depends_on, add_dependency.condition, v_satisfied)
  on conflict do nothing;
  if found and not v_satisfied then
    v_place.remaining := v_place.remaining + 1;
    if v_place.remaining = 1 then
      perform taskq_private.record_event('job_blocked', array[add_dependency.job_id], array[v_lane_id]);
    end if;
  end if;
  return taskq_private.put_unstarted(
    add_dependency.job_id, v_lane_id, v_place.attempt, v_place.due_at, v_place.ready_at, v_place.remaining
  );
end;
$$;
comment on function taskq.add_dependency(uuid, uuid, taskq.dependency_condition) is
  'Makes a job that has not started wait for another one: for its success, its failure, or its end (finished). Refuses an edge that would close a cycle, naming its members. Answers the job''s status. TQ404 for an unknown job, TQ409 once it runs or has ended, TQ425 for a cycle. Example: select taskq.add_dependency(:''child'', :''parent'', ''finished'').';
--! EndIncluded 7_operate/add_dependency.sql
--! Included 7_operate/store_pool.sql
-- Raises: TQ422 for a name or an amount that cannot be.
create or replace function taskq_private.store_pool(pool text, capacity numeric, refill_per_second double precision, queue text, type text)
returns void
language plpgsql
volatile
as $$
#variable_conflict use_column
begin
  perform taskq_private.check_scope(store_pool.queue);
  if (store_pool.pool ~ '^[A-Za-z0-9_.:-]{1,120}$') is not true or store_pool.pool in ('cpu_units', 'memory_mb')
    or store_pool.pool ~ '^(queue|type|rate):' and store_pool.queue is null and store_pool.type is null
  then
    perform taskq_private.raise_error(taskq_private.invalid('pool', format('"%s" cannot be the name of a pool', left(store_pool.pool, 150)), 'TQ422', 'Use 1 to 120 of A-Z a-z 0-9 _ . : -; queue:, type: and rate: begin the names of limits.'));
  end if;
  if (store_pool.capacity between 0 and 999999999 and store_pool.capacity * 1000 % 1 = 0) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('capacity', 'capacity must be a number from 0 to 999999999, three decimals at most'));
  end if;
  if store_pool.queue is null and store_pool.type is null
    and exists (select from taskq_private.workers as w where w.status in ('active', 'draining') and w.resources ? store_pool.pool)
  then
    raise exception '"%" is a resource that workers have of their own', store_pool.pool
      using errcode = 'TQ409', detail = 'declared', hint = 'Give the pool another name: jobs could not say which of the two they mean.';
  end if;
  insert into taskq_private.resource_pools as p (pool, capacity, refill_per_second, tokens, refilled_at, queue, type, created_at)
  values (
    store_pool.pool, store_pool.capacity, store_pool.refill_per_second, case when store_pool.refill_per_second is not null then store_pool.capacity end,
    case when store_pool.refill_per_second is not null then taskq_private.clock() end, store_pool.queue, store_pool.type, taskq_private.clock()
  )
  on conflict (pool) do update set
    capacity = excluded.capacity,
    refill_per_second = excluded.refill_per_second,
    tokens = case when excluded.refill_per_second is not null then least(coalesce(taskq_private.pool_tokens(p), excluded.capacity), excluded.capacity) end,
    refilled_at = excluded.refilled_at,
    queue = coalesce(excluded.queue, p.queue),
    type = coalesce(excluded.type, p.type);
  perform taskq_private.record_audit('set_pool', store_pool.pool, jsonb_strip_nulls(jsonb_build_object('capacity', store_pool.capacity, 'refill_per_second', store_pool.refill_per_second)));
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq_private.store_pool(text, numeric, double precision, text, text) is 'Makes a pool or changes it.';
--! EndIncluded 7_operate/store_pool.sql
--! Included 7_operate/delete_pool.sql
-- Raises: TQ404; TQ409 while jobs that have not ended name it.
create or replace function taskq.delete_pool(pool text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_pool taskq_private.resource_pools;
begin
  select * into v_pool from taskq_private.resource_pools as p where p.pool = delete_pool.pool for update;
  if not found then
    raise exception 'no pool "%"', delete_pool.pool using errcode = 'TQ404', hint = 'select pool from taskq.list_pools() lists them.';
  end if;
  perform taskq_private.check_scope(v_pool.queue);
  if v_pool.queue is null and v_pool.type is null and exists (
    select from taskq_private.lanes as l
    where l.resources ? delete_pool.pool
      and (
        exists (select from taskq_private.ready_jobs as r where r.lane_id = l.lane_id)
        or exists (select from taskq_private.waiting_jobs as w where w.lane_id = l.lane_id)
        or exists (select from taskq_private.claims as c where c.lane_ids @> array[l.lane_id])
      )
  ) then
    raise exception 'pool "%" cannot be deleted: jobs need it', delete_pool.pool
      using errcode = 'TQ409', detail = 'needed', hint = 'Give it capacity, or cancel those jobs first.';
  end if;
  delete from taskq_private.resource_pools as p where p.pool = delete_pool.pool;
  perform taskq_private.record_audit('delete_pool', delete_pool.pool);
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq.delete_pool(text) is 'Deletes a pool, or the limit of a queue or type (queue:<name>, type:<name>, rate:queue:<name>, rate:type:<name>). Refused while jobs name it that have not ended. TQ404 for an unknown one, TQ409 while jobs need it. Example: select taskq.delete_pool(''type:send_email'').';
--! EndIncluded 7_operate/delete_pool.sql
--! Included 7_operate/set_concurrency_limit.sql
-- Locks: the key, then parked jobs. Raises: TQ422.
create or replace function taskq.set_concurrency_limit(concurrency_key text, max_running integer)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform taskq_private.check_scope();
  if (length(set_concurrency_limit.concurrency_key) between 1 and 255) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('concurrency_key', 'concurrency_key must be a text of 1 to 255 characters'));
  end if;
  if (set_concurrency_limit.max_running not between 1 and 1000000) then
    perform taskq_private.raise_error(taskq_private.invalid('max_running', 'max_running must be a whole number from 1 to 1000000'));
  end if;
  insert into taskq_private.concurrency_keys as k (concurrency_key, max_running, most_running, is_kept)
  values (
    set_concurrency_limit.concurrency_key, coalesce(set_concurrency_limit.max_running, 1), coalesce(set_concurrency_limit.max_running, 1),
    set_concurrency_limit.max_running is not null
  )
  on conflict on constraint pk_concurrency_keys do update set
    max_running = excluded.max_running, most_running = greatest(k.most_running, excluded.max_running), is_kept = excluded.is_kept;
  perform taskq_private.record_audit('set_concurrency_limit', set_concurrency_limit.concurrency_key, to_jsonb(set_concurrency_limit.max_running));
  perform taskq_private.admit_parked(array[set_concurrency_limit.concurrency_key]);
end;
$$;
comment on function taskq.set_concurrency_limit(text, integer) is
  'Says how many jobs of a concurrency_key may be ready or running at a time. Without it a key allows what its jobs say as concurrency_limit, or one; null goes back to that. A lower limit ends nothing that is out already. Example: select taskq.set_concurrency_limit(''customer-42'', 3).';
--! EndIncluded 7_operate/set_concurrency_limit.sql
--! Included 7_operate/check_queue_name.sql
create or replace function taskq_private.check_queue_name(queue text)
returns void
language plpgsql
stable
as $$
begin
  if (queue ~ '^[A-Za-z0-9_.:-]{1,100}$') is not true then
    perform taskq_private.raise_error(taskq_private.invalid('queue', 'queue must be a queue name of A-Z a-z 0-9 _ . : -, at most 100 characters'));
  end if;
  perform taskq_private.check_scope(queue);
end;
$$;
comment on function taskq_private.check_queue_name(text) is 'Raises TQ422 for what cannot be the name of a queue, 42501 for one that the caller''s key is not for.';
--! EndIncluded 7_operate/check_queue_name.sql
--! Included 7_operate/pause_queue.sql
create or replace function taskq.pause_queue(queue text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_queue_name(pause_queue.queue);
  insert into taskq_private.queues as q (queue, created_at, paused_at, paused_by)
  values (pause_queue.queue, taskq_private.clock(), taskq_private.clock(), taskq_private.actor())
  on conflict on constraint pk_queues do update
  set paused_at = coalesce(q.paused_at, excluded.paused_at), paused_by = coalesce(q.paused_by, excluded.paused_by);
  perform taskq_private.record_audit('pause_queue', pause_queue.queue);
  perform taskq_private.record_queue_event('queue_paused', pause_queue.queue);
end;
$$;
comment on function taskq.pause_queue(text) is 'Stops claims from a queue; what runs goes on, submits are accepted. resume_queue() lets them go on. Example: select taskq.pause_queue(''reports'').';
--! EndIncluded 7_operate/pause_queue.sql
--! Included 7_operate/resume_queue.sql
-- Raises: TQ404 for a queue that nobody named.
create or replace function taskq.resume_queue(queue text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope(resume_queue.queue);
  update taskq_private.queues as q set paused_at = null, paused_by = null where q.queue = resume_queue.queue;
  if not found then
    raise exception 'no queue "%"', resume_queue.queue using errcode = 'TQ404', hint = 'select * from taskq.queues lists them.';
  end if;
  perform taskq_private.record_audit('resume_queue', resume_queue.queue);
  perform taskq_private.record_queue_event('queue_resumed', resume_queue.queue);
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq.resume_queue(text) is 'Lets claims from a queue go on. TQ404 for an unknown queue. Example: select taskq.resume_queue(''reports'').';
--! EndIncluded 7_operate/resume_queue.sql
--! Included 7_operate/set_queue_aging.sql
create or replace function taskq.set_queue_aging(queue text, aging_seconds integer)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_queue_name(set_queue_aging.queue);
  insert into taskq_private.queues as q (queue, created_at, aging_seconds)
  values (set_queue_aging.queue, taskq_private.clock(), set_queue_aging.aging_seconds)
  on conflict on constraint pk_queues do update set aging_seconds = excluded.aging_seconds;
  perform taskq_private.record_audit('set_queue_aging', set_queue_aging.queue, to_jsonb(set_queue_aging.aging_seconds));
end;
$$;
comment on function taskq.set_queue_aging(text, integer) is
  'Lets waiting weigh against priority in a queue: so many seconds of waiting are worth one level. Null for strict priority. Example, a low job passes a high one that came 20 minutes after it: select taskq.set_queue_aging(''reports'', 600).';
--! EndIncluded 7_operate/set_queue_aging.sql
--! Included 7_operate/drain_worker.sql
-- Locks: the worker's row. Raises: TQ404, TQ412.
create or replace function taskq.drain_worker(worker_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope();
  perform taskq_private.lock_worker(worker_id);
  update taskq_private.workers as w set status = 'draining' where w.worker_id = drain_worker.worker_id;
  delete from taskq_private.reservations as r where r.worker_id = drain_worker.worker_id;
  perform taskq_private.record_audit('drain_worker', worker_id::text);
end;
$$;
comment on function taskq.drain_worker(uuid) is 'Lets a worker finish what it has and take nothing new. undrain_worker() takes that back. TQ404 for an unknown worker, TQ412 for one that has ended. Example: select taskq.drain_worker(worker_id) from taskq.workers where name = ''host-1'' and status = ''active''.';
--! EndIncluded 7_operate/drain_worker.sql
--! Included 7_operate/undrain_worker.sql
-- draining -> active. Locks: the worker's row. Raises: TQ404, TQ412.
create or replace function taskq.undrain_worker(worker_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope();
  perform taskq_private.lock_worker(worker_id);
  update taskq_private.workers as w set status = 'active' where w.worker_id = undrain_worker.worker_id;
  perform taskq_private.record_audit('undrain_worker', worker_id::text);
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq.undrain_worker(uuid) is
  'Lets a draining worker take jobs again, from its next call on. TQ404 for an unknown worker, TQ412 for one that has ended. Example: select taskq.undrain_worker(worker_id) from taskq.workers where name = ''host-1'' and status = ''draining''.';
--! EndIncluded 7_operate/undrain_worker.sql
--! Included 7_operate/set_worker_capacity.sql
-- Locks: the worker's row. Raises: TQ404, TQ412, TQ422.
create or replace function taskq.set_worker_capacity(
  worker_id uuid, cpu_units numeric default null, memory_mb integer default null, resources jsonb default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform taskq_private.check_scope();
  perform taskq_private.check_resources(set_worker_capacity.resources);
  if set_worker_capacity.cpu_units < 0 or set_worker_capacity.memory_mb < 0 then
    perform taskq_private.raise_error(taskq_private.invalid('cpu_units', 'a capacity is not below 0'));
  end if;
  perform taskq_private.lock_worker(set_worker_capacity.worker_id);
  update taskq_private.workers as w
  set
    cpu_units = coalesce(set_worker_capacity.cpu_units, w.cpu_units),
    memory_mb = coalesce(set_worker_capacity.memory_mb, w.memory_mb),
    resources = coalesce(set_worker_capacity.resources, w.resources),
    capacity_set_at = taskq_private.clock()
  where w.worker_id = set_worker_capacity.worker_id;
  perform taskq_private.record_audit(
    'set_worker_capacity', set_worker_capacity.worker_id::text,
    jsonb_strip_nulls(jsonb_build_object('cpu_units', set_worker_capacity.cpu_units, 'memory_mb', set_worker_capacity.memory_mb, 'resources', set_worker_capacity.resources))
  );
  perform taskq_private.hint('ready');
end;
$$;
comment on function taskq.set_worker_capacity(uuid, numeric, integer, jsonb) is
  'Changes what a live worker can carry, until it registers again. Below what it holds it ends nothing: it takes nothing new until enough has ended. Example: select taskq.set_worker_capacity(:''worker'', cpu_units => 2).';
--! EndIncluded 7_operate/set_worker_capacity.sql
--! Included 7_operate/configure.sql
create or replace function taskq.configure(
  default_max_attempts integer default null,
  default_timeout_seconds integer default null,
  job_ttl_seconds integer default null,
  event_ttl_seconds integer default null,
  worker_lost_seconds integer default null,
  reserve_after_seconds integer default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings jsonb;
begin
  perform taskq_private.check_scope();
  update taskq_private.settings as s
  set
    default_max_attempts = coalesce(configure.default_max_attempts, s.default_max_attempts),
    default_timeout_seconds = coalesce(configure.default_timeout_seconds, s.default_timeout_seconds),
    job_ttl_seconds = coalesce(configure.job_ttl_seconds, s.job_ttl_seconds),
    event_ttl_seconds = coalesce(configure.event_ttl_seconds, s.event_ttl_seconds),
    worker_lost_seconds = coalesce(configure.worker_lost_seconds, s.worker_lost_seconds),
    reserve_after_seconds = coalesce(configure.reserve_after_seconds, s.reserve_after_seconds)
  returning to_jsonb(s) - 'only_row' into v_settings;
  perform taskq_private.record_audit('configure', 'settings', v_settings);
  return v_settings;
end;
$$;
comment on function taskq.configure(integer, integer, integer, integer, integer, integer) is
  'Changes settings that are given and answers them all: attempts and timeout of jobs that name none, how long finished jobs and events are kept, when a silent worker is lost, after how long a large job has a worker kept free for it. Example: select taskq.configure(job_ttl_seconds => 604800).';
--! EndIncluded 7_operate/configure.sql
--! Included 7_operate/set_schedule.sql
-- Set again with the same timing, as each start of an application may do, it keeps its place: a tick that is due is not lost, and one
-- that has been is not repeated. With another timing it goes on after now.
-- Locks: the schedule. Raises: TQ422, fields of the job as job.type; 42501 for a queue that the caller's key is not for.
create or replace function taskq.set_schedule(
  name text, job jsonb, cron text default null, every interval default null, time_zone text default 'UTC', catch_up text default 'last',
  starts_at timestamptz default null, ends_at timestamptz default null, out next_run_at timestamptz
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_new taskq_private.schedules := taskq_private.read_timing(cron, every, coalesce(time_zone, 'UTC'), starts_at, ends_at, v_now);
  v_old taskq_private.schedules;
begin
  perform taskq_private.check_schedule(set_schedule.name, coalesce(catch_up, 'last'), v_new);
  perform taskq_private.check_scope(coalesce(set_schedule.job ->> 'queue', 'default'));
  v_new.name := set_schedule.name;
  v_new.job := taskq_private.check_scheduled_job(set_schedule.name, set_schedule.job, v_now);
  v_new.catch_up := coalesce(catch_up, 'last');
  v_new.created_at := v_now;
  v_new.created_by := taskq_private.actor();
  v_new.caught_up := 0;
  loop
    insert into taskq_private.schedules select v_new.* on conflict do nothing;
    exit when found;
    select * into v_old from taskq_private.schedules as s where s.name = set_schedule.name for update;
    continue when not found; -- deleted between the two statements
    perform taskq_private.check_scope(coalesce(v_old.job ->> 'queue', 'default'));
    if v_old.every is not distinct from v_new.every and v_old.starts_at is not distinct from v_new.starts_at then
      v_new.anchor_at := v_old.anchor_at;
    end if;
    v_new.next_run_at := case
      when v_old.paused_at is not null then null
      when (v_old.masks, v_old.every, v_old.time_zone, v_old.starts_at, v_old.ends_at, v_old.anchor_at)
        is not distinct from (v_new.masks, v_new.every, v_new.time_zone, v_new.starts_at, v_new.ends_at, v_new.anchor_at) then v_old.next_run_at
      else taskq_private.tick_after(v_new, greatest(v_now, v_old.last_run_at))
    end;
    update taskq_private.schedules as s
    set job = v_new.job, cron = v_new.cron, every = v_new.every, time_zone = v_new.time_zone, catch_up = v_new.catch_up, starts_at = v_new.starts_at,
      ends_at = v_new.ends_at, masks = v_new.masks, anchor_at = v_new.anchor_at, next_run_at = v_new.next_run_at, retry_at = null
    where s.name = set_schedule.name;
    exit;
  end loop;
  perform taskq_private.record_audit('set_schedule', set_schedule.name, jsonb_strip_nulls(jsonb_build_object(
    'cron', v_new.cron, 'every', v_new.every, 'time_zone', v_new.time_zone, 'catch_up', v_new.catch_up, 'type', v_new.job -> 'type', 'next_run_at', v_new.next_run_at
  )));
  next_run_at := v_new.next_run_at;
end;
$$;
comment on function taskq.set_schedule(text, jsonb, text, interval, text, text, timestamptz, timestamptz) is
  'Makes a schedule, or changes one that is there: job, as POST /jobs takes it, is submitted at each tick of cron (five fields, or @daily) in a time zone, or every so often. Answers when it runs next. catch_up says what becomes of ticks that nobody was there for: none, last (one job for all of them) or all. A job with a concurrency_key does not run beside the one before. Example: select taskq.set_schedule(''nightly'', ''{"type": "echo"}'', cron => ''30 2 * * *'', time_zone => ''Europe/Berlin'').';
--! EndIncluded 7_operate/set_schedule.sql
--! Included 7_operate/read_timing.sql
-- Raises: TQ422, naming the field.
create or replace function taskq_private.read_timing(
  cron text, every interval, time_zone text, starts_at timestamptz, ends_at timestamptz, read_at timestamptz
)
returns taskq_private.schedules
language plpgsql
stable
as $$
declare
  v_timing taskq_private.schedules;
  v_seconds numeric := extract(epoch from every);
begin
  if (cron is null) = (every is null) then
    perform taskq_private.raise_error(taskq_private.invalid('cron', 'a schedule has either cron or every', 'TQ422', 'Give one of the two: cron => ''30 2 * * *'' or every => ''5 minutes''.'));
  end if;
  if extract(year from every) <> 0 or extract(month from every) <> 0 or not (v_seconds between 1 and 315360000 and v_seconds * 1000 % 1 = 0) then
    perform taskq_private.raise_error(taskq_private.invalid('every', 'every must be from 1 second to 3650 days, whole milliseconds', 'TQ422', 'Months differ in length: for those, give cron, such as "0 0 1 * *".'));
  end if;
  if starts_at >= timestamptz '10000-01-01Z' or ends_at >= timestamptz '10000-01-01Z' or starts_at = '-infinity' or ends_at = '-infinity' then
    perform taskq_private.raise_error(taskq_private.invalid(
      case when starts_at >= timestamptz '10000-01-01Z' or starts_at = '-infinity' then 'starts_at' else 'ends_at' end,
      'a schedule begins and ends before the year 10000', 'TQ422', 'Leave it out for a schedule without such an end.'
    ));
  end if;
  perform taskq_private.raise_error(e) from taskq_private.time_zone_error(time_zone) as e where e is not null;
  v_timing.cron := regexp_replace(cron, '^\s+|\s+$', '', 'g');
  v_timing.masks := case when cron is not null then taskq_private.read_cron(cron) end;
  v_timing.every := make_interval(secs => v_seconds::float8); -- a day of every is 24 hours
  v_timing.time_zone := time_zone;
  v_timing.starts_at := date_trunc('milliseconds', starts_at);
  v_timing.ends_at := ends_at;
  v_timing.anchor_at := coalesce(v_timing.starts_at, date_trunc('second', read_at));
  v_timing.next_run_at := taskq_private.tick_after(v_timing, read_at);
  return v_timing;
end;
$$;
comment on function taskq_private.read_timing(text, interval, text, timestamptz, timestamptz, timestamptz) is 'A schedule that has only a timing yet, and its first tick after an instant.';
--! EndIncluded 7_operate/read_timing.sql
--! Included 7_operate/check_schedule.sql
-- Raises: TQ422, naming the field.
create or replace function taskq_private.check_schedule(name text, catch_up text, timing taskq_private.schedules)
returns void
language plpgsql
stable
as $$
begin
  if (name ~ '^[A-Za-z0-9_.:-]{1,100}$') is not true then
    perform taskq_private.raise_error(taskq_private.invalid('name', 'name must be 1 to 100 of A-Z a-z 0-9 _ . : -'));
  end if;
  if catch_up not in ('none', 'last', 'all') then
    perform taskq_private.raise_error(taskq_private.invalid('catch_up', format('"%s" is no way to catch up', left(catch_up, 50)), 'TQ422', 'Give none, last (one job for all ticks that were missed) or all.'));
  end if;
  if timing.next_run_at is null then
    perform taskq_private.raise_error(taskq_private.invalid('ends_at', 'it would never run: it ends before its next tick', 'TQ422', 'Give a later ends_at, or none.'));
  end if;
end;
$$;
comment on function taskq_private.check_schedule(text, text, taskq_private.schedules) is 'Raises TQ422 for what cannot be a schedule.';
--! EndIncluded 7_operate/check_schedule.sql
--! Included 7_operate/check_scheduled_job.sql
-- By the same functions as a submit. Its lane is made here, so that no tick ever waits for a submit that makes the same one.
-- Raises: what a submit would, with job. before the field.
create or replace function taskq_private.check_scheduled_job(name text, job jsonb, checked_at timestamptz)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_job jsonb := (select coalesce(jsonb_object_agg(e.key, e.value), '{}') from jsonb_each(case jsonb_typeof(job) when 'object' then job end) as e where e.value <> 'null');
  v_own text := (select min(k) from jsonb_object_keys(v_job) as k where k in ('idempotency_key', 'depends_on', 'on_dependency_failure', 'run_at', 'created_by', 'trace_context'));
  v_checked taskq_private.submission[];
begin
  if jsonb_typeof(job) is distinct from 'object' then
    perform taskq_private.raise_error(taskq_private.invalid('job', 'job must be an object', 'TQ422', 'Give the job that each tick submits, such as {"type": "echo", "payload": {}}.'));
  end if;
  if v_own is not null then
    perform taskq_private.raise_error(taskq_private.invalid('job.' || v_own, format('the job of a schedule has no %s', v_own), 'TQ422', 'Leave it out: each tick submits a job of its own, at once, in the name of the schedule.'));
  end if;
  v_checked := taskq_private.check_payloads(taskq_private.read_requests(
    jsonb_build_array(taskq_private.scheduled_request(name, v_job, checked_at, checked_at)), checked_at
  ));
  if v_checked[1].error is not null then
    perform taskq_private.raise_error(v_checked[1].error || jsonb_build_object('field', 'job.' || (v_checked[1].error ->> 'field')));
  end if;
  perform taskq_private.intern_lanes(v_checked, checked_at);
  return v_job;
end;
$$;
comment on function taskq_private.check_scheduled_job(text, jsonb, timestamptz) is 'Raises what is wrong with the job of a schedule; answers it without its nulls.';
--! EndIncluded 7_operate/check_scheduled_job.sql
--! Included 7_operate/lock_schedule.sql
-- Raises: TQ404.
create or replace function taskq_private.lock_schedule(name text)
returns taskq_private.schedules
language plpgsql
volatile
as $$
declare
  v_schedule taskq_private.schedules;
begin
  select * into v_schedule from taskq_private.schedules as s where s.name = lock_schedule.name and taskq_private.sees_queue(coalesce(s.job ->> 'queue', 'default')) for update;
  if not found then
    raise exception 'no schedule "%"', left(lock_schedule.name, 100) using errcode = 'TQ404', hint = 'select name from taskq.schedules lists them.';
  end if;
  return v_schedule;
end;
$$;
comment on function taskq_private.lock_schedule(text) is 'A schedule, which nobody else changes or fires until the end of the transaction.';
--! EndIncluded 7_operate/lock_schedule.sql
--! Included 7_operate/delete_schedule.sql
-- Locks: the schedule. Raises: TQ404.
create or replace function taskq.delete_schedule(name text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.lock_schedule(delete_schedule.name);
  delete from taskq_private.schedules as s where s.name = delete_schedule.name;
  perform taskq_private.record_audit('delete_schedule', delete_schedule.name);
end;
$$;
comment on function taskq.delete_schedule(text) is 'Deletes a schedule; jobs that it has submitted stay. Example: select taskq.delete_schedule(''nightly'').';
--! EndIncluded 7_operate/delete_schedule.sql
--! Included 7_operate/pause_schedule.sql
-- Locks: the schedule. Raises: TQ404.
create or replace function taskq.pause_schedule(name text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.lock_schedule(pause_schedule.name);
  update taskq_private.schedules as s
  set paused_at = coalesce(s.paused_at, taskq_private.clock()), paused_by = coalesce(s.paused_by, taskq_private.actor()), next_run_at = null
  where s.name = pause_schedule.name;
  perform taskq_private.record_audit('pause_schedule', pause_schedule.name);
end;
$$;
comment on function taskq.pause_schedule(text) is 'Stops a schedule until resume_schedule; ticks that pass meanwhile are skipped, whatever its catch_up. run_schedule still runs it. Example: select taskq.pause_schedule(''nightly'').';
--! EndIncluded 7_operate/pause_schedule.sql
--! Included 7_operate/resume_schedule.sql
-- Locks: the schedule. Raises: TQ404.
create or replace function taskq.resume_schedule(name text, out next_run_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule taskq_private.schedules := taskq_private.lock_schedule(resume_schedule.name);
begin
  next_run_at := v_schedule.next_run_at;
  if v_schedule.paused_at is not null then
    next_run_at := taskq_private.tick_after(v_schedule, greatest(taskq_private.clock(), v_schedule.last_run_at));
    update taskq_private.schedules as s
    set paused_at = null, paused_by = null, next_run_at = resume_schedule.next_run_at, retry_at = null, caught_up = 0
    where s.name = resume_schedule.name;
  end if;
  perform taskq_private.record_audit('resume_schedule', resume_schedule.name);
end;
$$;
comment on function taskq.resume_schedule(text) is 'Lets a paused schedule go on with its first tick after now; answers when that is, null where it has ended. Example: select taskq.resume_schedule(''nightly'').';
--! EndIncluded 7_operate/resume_schedule.sql
--! Included 7_operate/run_schedule.sql
-- Calls: submit_each. Raises: TQ404, and what a submit would.
create or replace function taskq.run_schedule(name text, out job_id uuid)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_schedule taskq_private.schedules := taskq_private.lock_schedule(run_schedule.name);
  v_job record;
begin
  select * into v_job from taskq.submit_each(jsonb_build_array(
    taskq_private.scheduled_request(v_schedule.name, v_schedule.job, null, null) || jsonb_build_object('created_by', taskq_private.actor())
  ));
  if v_job.error is not null then
    perform taskq_private.raise_error(v_job.error || jsonb_build_object('field', 'job.' || (v_job.error ->> 'field')));
  end if;
  job_id := v_job.job_id;
  perform taskq_private.record_audit('run_schedule', v_schedule.name, jsonb_build_object('job_id', job_id));
end;
$$;
comment on function taskq.run_schedule(text) is 'Submits the job of a schedule now, beside its ticks, and answers its id; paused ones too. Example: select taskq.run_schedule(''nightly'').';
--! EndIncluded 7_operate/run_schedule.sql
--! Included 7_operate/store_api_key.sql
-- The secret is shown once; only its hash is kept. Raises: TQ422.
create or replace function taskq_private.store_api_key(action text, name text, role text, queues text[], expires_at timestamptz, rotated_from text default null)
returns text
language plpgsql
volatile
as $$
declare
  v_key_id text := substr(replace(gen_random_uuid()::text, '-', ''), 1, 12);
  v_secret text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  if queues = '{}' or exists (select from unnest(queues) as q (queue) where (q.queue ~ '^[A-Za-z0-9_.:-]{1,100}$') is not true) then
    perform taskq_private.raise_error(taskq_private.invalid(
      'queues', 'queues must be names of queues of A-Z a-z 0-9 _ . : -, at most 100 characters each', 'TQ422', 'Name one queue or more, or leave it out for all.'
    ));
  end if;
  insert into taskq_private.api_keys (key_id, secret_hash, name, role, created_at, expires_at, queues, rotated_from)
  values (v_key_id, sha256(convert_to(v_secret, 'UTF8')), name, role, taskq_private.clock(), expires_at, queues, rotated_from);
  perform taskq_private.record_audit(action, v_key_id, jsonb_strip_nulls(jsonb_build_object(
    'name', name, 'role', role, 'queues', queues, 'expires_at', expires_at, 'rotated_from', rotated_from
  )));
  return format('taskq_%s_%s', v_key_id, v_secret);
end;
$$;
comment on function taskq_private.store_api_key(text, text, text, text[], timestamptz, text) is 'Makes a key, writes that down, and answers it.';
--! EndIncluded 7_operate/store_api_key.sql
--! Included 7_operate/create_api_key.sql
create or replace function taskq.create_api_key(name text, role text default 'taskq_client', expires_at timestamptz default null)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope();
  return taskq_private.store_api_key('create_api_key', name, role, null, expires_at);
end;
$$;
comment on function taskq.create_api_key(text, text, timestamptz) is
  'Makes a key for the network doors and answers it, this once: taskq_<id>_<secret>. role is taskq_reader, taskq_client, taskq_operator or taskq_admin. For one that is good for some queues only see issue_api_key(). Example: select taskq.create_api_key(''bob'', ''taskq_client'', now() + interval ''90 days'').';
--! EndIncluded 7_operate/create_api_key.sql
--! Included 7_operate/issue_api_key.sql
-- Raises: TQ422.
create or replace function taskq.issue_api_key(
  name text, role text default 'taskq_client', queues text[] default null, expires_at timestamptz default null
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope();
  if (length(issue_api_key.name) between 1 and 200) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('name', 'name must be a text of 1 to 200 characters', 'TQ422', 'Say whose key it is.'));
  end if;
  if (issue_api_key.role in ('taskq_reader', 'taskq_client', 'taskq_operator', 'taskq_admin')) is not true then
    perform taskq_private.raise_error(taskq_private.invalid(
      'role', 'role must be taskq_reader, taskq_client, taskq_operator or taskq_admin', 'TQ422', 'Workers log in to the database and need no key.'
    ));
  end if;
  if issue_api_key.expires_at <= taskq_private.clock() then
    perform taskq_private.raise_error(taskq_private.invalid('expires_at', 'expires_at must be an instant to come', 'TQ422', 'Leave it out for a key that does not expire.'));
  end if;
  return taskq_private.store_api_key('issue_api_key', name, role, queues, expires_at);
end;
$$;
comment on function taskq.issue_api_key(text, text, text[], timestamptz) is
  'Makes a key for the network doors and answers it, this once: taskq_<id>_<secret>. With queues it is good for these alone: their jobs are all that it sees, submits and steers. Example: select taskq.issue_api_key(''grafana'', ''taskq_reader'', queues => ''{mail}'', expires_at => now() + interval ''1 year'').';
--! EndIncluded 7_operate/issue_api_key.sql
--! Included 7_operate/rotate_api_key.sql
-- Two keys of one holder are good at the same time, and never three. Locks: the old key. Raises: TQ404, TQ409, TQ422.
create or replace function taskq.rotate_api_key(key_id text, grace_seconds integer default 86400)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_old taskq_private.api_keys;
begin
  perform taskq_private.check_scope();
  if (rotate_api_key.grace_seconds between 0 and 31536000) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('grace_seconds', 'grace_seconds must be a whole number from 0 to 31536000'));
  end if;
  select * into v_old from taskq_private.api_keys as k where k.key_id = rotate_api_key.key_id for update;
  if not found then
    raise exception 'no api key %', rotate_api_key.key_id using errcode = 'TQ404', hint = 'Give the part between the two underscores; taskq.api_keys lists them.';
  end if;
  if v_old.revoked_at is not null or v_old.expires_at <= v_now then
    raise exception 'api key % has ended', rotate_api_key.key_id using errcode = 'TQ409', detail = 'ended', hint = 'Make a new one with issue_api_key().';
  end if;
  if exists (
    select from taskq_private.api_keys as k
    where (k.rotated_from = v_old.key_id or k.key_id = v_old.rotated_from) and k.revoked_at is null and (k.expires_at is null or k.expires_at > v_now)
  ) then
    raise exception 'api key % is being rotated already', rotate_api_key.key_id
      using errcode = 'TQ409', detail = 'rotating', hint = 'Two keys are good at a time: wait until the older one has ended, or revoke it.';
  end if;
  update taskq_private.api_keys as k
  set expires_at = least(k.expires_at, v_now + rotate_api_key.grace_seconds * interval '1 second')
  where k.key_id = v_old.key_id;
  return taskq_private.store_api_key('rotate_api_key', v_old.name, v_old.role, v_old.queues, v_now + (v_old.expires_at - v_old.created_at), v_old.key_id);
end;
$$;
comment on function taskq.rotate_api_key(text, integer) is
  'Makes the successor of a key, of the same name, role, queues and length of life, and answers it, this once. The old one is good for grace_seconds more (a day unless said otherwise). Example: select taskq.rotate_api_key(''0123456789ab'', grace_seconds => 3600).';
--! EndIncluded 7_operate/rotate_api_key.sql
--! Included 7_operate/revoke_api_key.sql
-- Raises: TQ404.
create or replace function taskq.revoke_api_key(key_id text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform taskq_private.check_scope();
  update taskq_private.api_keys as k
  set revoked_at = coalesce(k.revoked_at, taskq_private.clock())
  where k.key_id = revoke_api_key.key_id;
  if not found then
    raise exception 'no api key %', key_id using errcode = 'TQ404', hint = 'Give the part between the two underscores.';
  end if;
  perform taskq_private.record_audit('revoke_api_key', key_id);
end;
$$;
comment on function taskq.revoke_api_key(text) is 'Ends a key at once, by its id: the part between the two underscores. TQ404 for an unknown one. Example: select taskq.revoke_api_key(''3f9a…'').';
--! EndIncluded 7_operate/revoke_api_key.sql
--! Included 7_operate/find_api_key.sql
-- Both parts are compared as hashes, in constant time for their length. None for a key that is not valid.
create or replace function taskq_private.find_api_key(api_key text)
returns setof taskq_private.api_keys
language sql
stable
as $$
  select k.*
  from taskq_private.api_keys as k
  where k.key_id = split_part(api_key, '_', 2)
    and k.secret_hash = sha256(convert_to(split_part(api_key, '_', 3), 'UTF8'))
    and split_part(api_key, '_', 1) = 'taskq'
    and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > taskq_private.clock());
$$;
comment on function taskq_private.find_api_key(text) is 'The key that this is, if it is valid.';
--! EndIncluded 7_operate/find_api_key.sql
--! Included 7_operate/authenticate_api_key.sql
-- Called by the server before it acts for a caller. Raises: TQ401.
create or replace function taskq.authenticate_api_key(
  api_key text, out key_id text, out name text, out role text, out queues text[], out expires_in_seconds double precision
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_key taskq_private.api_keys;
begin
  select * into v_key from taskq_private.find_api_key(api_key);
  if not found then
    raise exception 'the api key is not valid' using errcode = 'TQ401', hint = 'Send Authorization: Bearer taskq_<id>_<secret> with a key that has not expired.';
  end if;
  if v_key.last_used_at is null or v_key.last_used_at < v_now - interval '1 minute' then
    update taskq_private.api_keys as k set last_used_at = v_now where k.key_id = v_key.key_id;
  end if;
  key_id := v_key.key_id;
  name := v_key.name;
  role := v_key.role;
  queues := v_key.queues;
  expires_in_seconds := extract(epoch from v_key.expires_at - v_now);
end;
$$;
comment on function taskq.authenticate_api_key(text) is
  'Whose key this is, which role it has, which queues it is for (null for all), and how long it is good yet (null for ever); raises TQ401 for one that is not valid. Example: select * from taskq.authenticate_api_key(''taskq_…'').';
--! EndIncluded 7_operate/authenticate_api_key.sql
--! Included 7_operate/authenticate.sql
-- Raises: TQ401.
create or replace function taskq.authenticate(api_key text, out name text, out role text)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  select a.name, a.role from taskq.authenticate_api_key(api_key) as a;
$$;
comment on function taskq.authenticate(text) is 'Whose key this is and which role it has; raises TQ401 for one that is not valid. authenticate_api_key() says more. Example: select * from taskq.authenticate(''taskq_…'').';
--! EndIncluded 7_operate/authenticate.sql
--! Included 7_operate/has_api_key.sql
create or replace function taskq.has_api_key()
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from taskq_private.api_keys as k where k.revoked_at is null and (k.expires_at is null or k.expires_at > taskq_private.clock())
  );
$$;
comment on function taskq.has_api_key() is 'Whether any key is valid: a server that others can reach does not start without one. Example: select taskq.has_api_key().';
--! EndIncluded 7_operate/has_api_key.sql
--! Included 7_operate/live_api_keys.sql
create or replace function taskq.live_api_keys(key_ids text[])
returns text[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select k.key_id
    from taskq_private.api_keys as k
    where k.key_id = any (key_ids) and k.revoked_at is null and (k.expires_at is null or k.expires_at > taskq_private.clock())
  );
$$;
comment on function taskq.live_api_keys(text[]) is 'Which of these keys, given by their ids, are still good: a server asks for those that hold WebSockets open. Example: select * from taskq.live_api_keys(''{0123456789ab}'').';
--! EndIncluded 7_operate/live_api_keys.sql
--! Included 7_operate/issue_ticket.sql
-- Whoever has the key shows it, so that nobody gets a ticket for another's. Tickets that nobody has used are deleted by the next.
-- Raises: TQ401.
create or replace function taskq.issue_ticket(api_key text default null, out ticket text, out expires_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_key_id text := (select a.key_id from taskq.authenticate_api_key(issue_ticket.api_key) as a where issue_ticket.api_key is not null);
begin
  delete from taskq_private.tickets as t
  where t.ticket_hash = any (array(select o.ticket_hash from taskq_private.tickets as o where o.expires_at < v_now order by o.expires_at limit 100 for update skip locked));
  ticket := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
  expires_at := v_now + interval '30 seconds';
  insert into taskq_private.tickets (ticket_hash, key_id, expires_at) values (sha256(convert_to(ticket, 'UTF8')), v_key_id, expires_at);
end;
$$;
comment on function taskq.issue_ticket(text) is
  'A ticket that stands for an API key once, for 30 seconds: browsers cannot send a key with a WebSocket''s upgrade, and a key has no place in a URL. Without a key it stands for the caller of a server that wants none. Example: select * from taskq.issue_ticket().';
--! EndIncluded 7_operate/issue_ticket.sql
--! Included 7_operate/redeem_ticket.sql
-- Deleting it is what makes it good for one use: of two who try, one finds it. Raises: TQ401.
create or replace function taskq.redeem_ticket(
  ticket text, out key_id text, out name text, out role text, out queues text[], out expires_in_seconds double precision
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
  v_ticket taskq_private.tickets;
begin
  delete from taskq_private.tickets as t
  where t.ticket_hash = sha256(convert_to(redeem_ticket.ticket, 'UTF8'))
  returning * into v_ticket;
  if found and v_ticket.expires_at > v_now and v_ticket.key_id is null then
    role := 'taskq_operator';
    return;
  end if;
  select k.key_id, k.name, k.role, k.queues, extract(epoch from k.expires_at - v_now)
  into key_id, name, role, queues, expires_in_seconds
  from taskq_private.api_keys as k
  where v_ticket.expires_at > v_now and k.key_id = v_ticket.key_id and k.revoked_at is null and (k.expires_at is null or k.expires_at > v_now);
  if not found then
    raise exception 'the ticket is not valid' using errcode = 'TQ401', hint = 'POST /tickets gives one, which is good once and for 30 seconds.';
  end if;
end;
$$;
comment on function taskq.redeem_ticket(text) is 'Whose ticket this is, as authenticate_api_key() says it of a key; raises TQ401 for one that was used, has expired, or whose key has ended. Example: select * from taskq.redeem_ticket(''…'').';
--! EndIncluded 7_operate/redeem_ticket.sql
--! Included 8_read/jobs.sql
-- For psql and look-ups by id. It cannot be paged fast: lists go through list_jobs(). The id is that of the place, so that
-- asking for some ids is asked of each place.
create or replace view taskq.jobs as
select
  p.job_id,
  s.name,
  l.type,
  l.queue,
  p.status,
  p.reason,
  l.priority,
  taskq_private.shown(s.payload) as payload,
  taskq_private.shown(p.result) as result,
  taskq_private.shown(p.error) as error,
  p.attempt,
  s.max_attempts,
  s.created_at,
  s.run_at,
  p.due_at,
  nullif(p.ready_at, 'infinity') as ready_at, -- a suspect has no place in line
  p.started_at,
  p.finished_at,
  s.created_by,
  p.worker_id,
  l.cpu_units,
  l.memory_mb,
  s.timeout_seconds,
  s.initial_delay_seconds,
  s.backoff_multiplier,
  s.max_delay_seconds,
  s.jitter,
  p.remaining_dependencies,
  s.workflow_id,
  s.idempotency_key,
  taskq_private.shown(s.metadata) as metadata,
  s.trace_context,
  s.on_dependency_failure,
  l.resources,
  s.expected_seconds,
  s.concurrency_key
from taskq_private.places as p
join taskq_private.job_specs as s on s.job_id = p.job_id
join taskq_private.lanes as l on l.lane_id = p.lane_id
where taskq_private.sees_queue(l.queue);
comment on column taskq.jobs.job_id is 'The job; ids sort by the instant of the submit.';
comment on column taskq.jobs.name is 'A name for people, and for siblings in a workflow.';
comment on column taskq.jobs.type is 'Which task runs it.';
comment on column taskq.jobs.queue is 'Its queue.';
comment on column taskq.jobs.status is 'Where it is.';
comment on column taskq.jobs.reason is 'Why it failed or was cancelled: attempts_exhausted, fatal, crashed, requested, dependency.';
comment on column taskq.jobs.priority is '1 (first) to 10: critical 1, high 2, normal 3, low 4.';
comment on column taskq.jobs.payload is 'What the task is given.';
comment on column taskq.jobs.result is 'What the task answered.';
comment on column taskq.jobs.error is 'Why the last attempt failed: {"message", …}.';
comment on column taskq.jobs.attempt is 'The attempt that runs, or the last one.';
comment on column taskq.jobs.max_attempts is 'How many it may have.';
comment on column taskq.jobs.created_at is 'When it was submitted.';
comment on column taskq.jobs.run_at is 'Not to be started before.';
comment on column taskq.jobs.due_at is 'When a pending or retrying job becomes ready.';
comment on column taskq.jobs.ready_at is 'Since when it is ready; null for one that two workers died with, which has no place in line.';
comment on column taskq.jobs.started_at is 'When the attempt that runs, or the last one, started.';
comment on column taskq.jobs.finished_at is 'When it ended.';
comment on column taskq.jobs.created_by is 'Who submitted it.';
comment on column taskq.jobs.worker_id is 'The worker that runs it, or ran it last.';
comment on column taskq.jobs.cpu_units is 'Cpu that it takes from its worker while it runs.';
comment on column taskq.jobs.memory_mb is 'Memory that it takes from its worker while it runs, in MB.';
comment on column taskq.jobs.timeout_seconds is 'How long one attempt may take.';
comment on column taskq.jobs.initial_delay_seconds is 'Wait before the second attempt.';
comment on column taskq.jobs.backoff_multiplier is 'Each further wait is this many times the one before.';
comment on column taskq.jobs.max_delay_seconds is 'No wait is longer than this.';
comment on column taskq.jobs.jitter is 'Share of the wait added at random.';
comment on column taskq.jobs.remaining_dependencies is 'How many jobs it still waits for.';
comment on column taskq.jobs.workflow_id is 'The workflow it belongs to.';
comment on column taskq.jobs.idempotency_key is 'The key under which a second submit finds this job.';
comment on column taskq.jobs.metadata is 'Free labels to find it by.';
comment on column taskq.jobs.trace_context is 'W3C traceparent of the submitter.';
comment on column taskq.jobs.on_dependency_failure is 'What becomes of it when a dependency can never be satisfied: cancel or hold.';
comment on column taskq.jobs.resources is 'What else it takes, of its worker or of pools, such as {"gpu": 1}.';
comment on column taskq.jobs.expected_seconds is 'How long the submitter expects it to run.';
comment on column taskq.jobs.concurrency_key is 'Jobs with one key share a limit.';
comment on view taskq.jobs is
  'Every job: what was asked and where it is. Look up by job_id; for lists use taskq.list_jobs(), which pages by index.';
--! EndIncluded 8_read/jobs.sql
--! Included 8_read/get_job.sql
-- Raises: TQ404.
create or replace function taskq.get_job(job_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_job jsonb;
begin
  select to_jsonb(j) || jsonb_build_object(
    'depends_on', (
      select coalesce(jsonb_agg(case d.condition when 'success' then to_jsonb(d.depends_on_id) else jsonb_build_object('job', d.depends_on_id, 'condition', d.condition) end order by d.depends_on_id), '[]')
      from taskq_private.job_dependencies as d where d.job_id = j.job_id
    ),
    'progress', (select jsonb_build_object('percent', p.percent, 'data', taskq_private.shown(p.data), 'at', p.at) from taskq_private.job_progress as p where p.job_id = j.job_id),
    'cancel_requested_at', (select r.requested_at from taskq_private.cancel_requests as r where r.job_id = j.job_id)
  )
  into v_job
  from taskq.jobs as j
  where j.job_id = get_job.job_id;
  if v_job is null then
    perform taskq_private.lane_of(get_job.job_id);
  end if;
  return v_job;
end;
$$;
comment on function taskq.get_job(uuid) is 'One job as JSON: the columns of taskq.jobs, what it depends on as it was asked for, its progress, and when it was asked to stop. TQ404 for an unknown job. Example: select jsonb_pretty(taskq.get_job(:''job'')::jsonb).';
--! EndIncluded 8_read/get_job.sql
--! Included 8_read/job_executions.sql
create or replace view taskq.job_executions as
select e.job_id, e.attempt, e.claim_id, e.worker_id, e.outcome, e.started_at, e.ended_at, taskq_private.shown(e.error) as error
from (
  select a.job_id, a.attempt, a.claim_id, a.worker_id, a.outcome, a.started_at, a.ended_at, a.error
  from taskq_private.job_attempts as a
  union all
  select f.job_id, f.attempt, f.claim_id, f.worker_id, f.outcome, f.started_at, f.finished_at, f.error
  from taskq_private.finished_jobs as f
  where f.claim_id is not null
  union all
  select u.job_id, u.attempt, c.claim_id, c.worker_id, null, c.claimed_at, null, null
  from taskq_private.claims as c
  cross join unnest(c.job_ids, c.attempts) as u (job_id, attempt)
) as e
where taskq_private.sees_queue(null) or exists (
  select from taskq_private.job_specs as s join taskq_private.lanes as n on n.lane_id = s.lane_id
  where s.job_id = e.job_id and taskq_private.sees_queue(n.queue)
);
comment on column taskq.job_executions.job_id is 'The job.';
comment on column taskq.job_executions.attempt is 'Which attempt; a released or lost one is not charged, and its number comes again.';
comment on column taskq.job_executions.claim_id is 'The claim under which it ran; order of the executions.';
comment on column taskq.job_executions.worker_id is 'The worker.';
comment on column taskq.job_executions.outcome is 'How it ended; null while it runs.';
comment on column taskq.job_executions.started_at is 'When the worker took it.';
comment on column taskq.job_executions.ended_at is 'When it ended; null while it runs.';
comment on column taskq.job_executions.error is 'Its error.';
comment on view taskq.job_executions is 'Every attempt: those before the last, the last, and those running (no outcome yet). Ask by job_id.';
--! EndIncluded 8_read/job_executions.sql
--! Included 8_read/job_logs.sql
create or replace view taskq.job_logs as
select l.job_id, l.log_id, l.attempt, l.at, l.level, taskq_private.shown_text(l.message) as message, taskq_private.shown(l.data) as data
from taskq_private.job_logs as l
where taskq_private.sees_queue(null) or exists (
  select from taskq_private.job_specs as s join taskq_private.lanes as n on n.lane_id = s.lane_id
  where s.job_id = l.job_id and taskq_private.sees_queue(n.queue)
);
comment on column taskq.job_logs.job_id is 'The job.';
comment on column taskq.job_logs.log_id is 'Order of the lines.';
comment on column taskq.job_logs.attempt is 'The attempt that wrote it.';
comment on column taskq.job_logs.at is 'When, by the database''s clock.';
comment on column taskq.job_logs.level is 'debug, info, warn or error.';
comment on column taskq.job_logs.message is 'The line.';
comment on column taskq.job_logs.data is 'Any JSON beside it.';
comment on view taskq.job_logs is 'What handlers wrote with job.log. Ask by job_id, order by log_id.';
--! EndIncluded 8_read/job_logs.sql
--! Included 8_read/dead_letters.sql
create or replace view taskq.dead_letters as
select f.job_id, s.name, l.type, l.queue, f.reason, taskq_private.shown(f.error) as error, f.attempt, f.finished_at as failed_at,
  taskq_private.shown(s.payload) as payload, s.created_at, taskq_private.shown(s.metadata) as metadata
from taskq_private.finished_jobs as f
join taskq_private.job_specs as s on s.job_id = f.job_id
join taskq_private.lanes as l on l.lane_id = f.lane_id
where f.status = 'failed' and taskq_private.sees_queue(l.queue);
comment on column taskq.dead_letters.job_id is 'The job.';
comment on column taskq.dead_letters.name is 'The name that its submitter gave it.';
comment on column taskq.dead_letters.type is 'Its type.';
comment on column taskq.dead_letters.queue is 'Its queue.';
comment on column taskq.dead_letters.reason is 'Why it was given up: attempts_exhausted, fatal, or crashed (it took workers down).';
comment on column taskq.dead_letters.error is 'Why the last attempt failed: {"message", …}.';
comment on column taskq.dead_letters.attempt is 'The last attempt.';
comment on column taskq.dead_letters.failed_at is 'When.';
comment on column taskq.dead_letters.payload is 'What the task was given.';
comment on column taskq.dead_letters.created_at is 'When it was submitted.';
comment on column taskq.dead_letters.metadata is 'Its labels.';
comment on view taskq.dead_letters is 'Jobs that failed for good. retry_job() runs one again, discard_job() deletes it.';
--! EndIncluded 8_read/dead_letters.sql
--! Included 8_read/job_dependencies.sql
create or replace view taskq.job_dependencies as
select d.job_id, d.depends_on_id, d.condition, d.satisfied
from taskq_private.job_dependencies as d
where taskq_private.sees_queue(null) or exists (
  select from taskq_private.job_specs as s join taskq_private.lanes as n on n.lane_id = s.lane_id
  where s.job_id = d.job_id and taskq_private.sees_queue(n.queue)
);
comment on column taskq.job_dependencies.job_id is 'The job that waits.';
comment on column taskq.job_dependencies.depends_on_id is 'The job that it waits for.';
comment on column taskq.job_dependencies.condition is 'What it asks of it: its success, its failure, or its end (finished).';
comment on column taskq.job_dependencies.satisfied is 'Whether that has come.';
comment on view taskq.job_dependencies is
  'Edges: job_id waits for depends_on_id until that has ended as condition asks (success, failure, finished). Ask by job_id or by depends_on_id.';
--! EndIncluded 8_read/job_dependencies.sql
--! Included 8_read/merged_places.sql
-- The heads of a lane and status are asked for as a range and an order of all three columns, so that no other index than theirs
-- will do, whatever the statistics say; the range of ids alone says which partitions are concerned.
create or replace function taskq_private.merged_places(lane_ids integer[], statuses taskq.job_status[], newest uuid, oldest uuid, max_rows integer)
returns table (job_id uuid)
language plpgsql
stable
set plan_cache_mode = auto
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
    select place.job_id
    from (
      select f.job_id
      from unnest(lane_ids) as l (id)
      cross join unnest(statuses) as s (status)
      cross join lateral (
        select j.job_id from taskq_private.finished_jobs as j
        where (j.lane_id, j.status, j.job_id) >= (l.id, s.status, oldest) and (j.lane_id, j.status, j.job_id) < (l.id, s.status, newest)
          and j.job_id >= oldest and j.job_id < newest
        order by j.lane_id desc, j.status desc, j.job_id desc limit max_rows
      ) as f
      where s.status in ('completed', 'failed', 'cancelled')
      union all
      select w.job_id
      from unnest(lane_ids) as l (id)
      cross join unnest(statuses) as s (status)
      cross join lateral (
        select j.job_id from taskq_private.waiting_jobs as j
        where (j.lane_id, j.status, j.job_id) >= (l.id, s.status, oldest) and (j.lane_id, j.status, j.job_id) < (l.id, s.status, newest)
          and j.job_id >= oldest and j.job_id < newest
        order by j.lane_id desc, j.status desc, j.job_id desc limit max_rows
      ) as w
      where s.status in ('pending', 'blocked', 'retrying')
      union all
      select r.job_id
      from unnest(lane_ids) as l (id)
      cross join lateral (
        select j.job_id from taskq_private.ready_jobs as j
        where j.lane_id = l.id and j.job_id < newest and j.job_id >= oldest
        order by j.job_id desc limit max_rows
      ) as r
      where 'ready' = any (statuses)
      union all
      select u.job_id
      from taskq_private.claims as c
      cross join unnest(c.job_ids, c.lane_ids) as u (job_id, lane_id)
      where 'running' = any (statuses) and u.lane_id = any (merged_places.lane_ids) and u.job_id < newest and u.job_id >= oldest
    ) as place
    order by place.job_id desc
    limit max_rows;
end;
$$;
comment on function taskq_private.merged_places(integer[], taskq.job_status[], uuid, uuid, integer) is
  'The newest jobs of these lanes and statuses, from the heads of the places'' indexes.';
--! EndIncluded 8_read/merged_places.sql
--! Included 8_read/matching_job_ids.sql
-- Ids that match the filters, newest first. Each place shows the first rows of each lane from an index, and these are
-- merged: the cost follows the page and the number of lanes, not the number of jobs. Filters on what only the spec knows
-- start from the spec's own indexes. Planned for the values given: a plan for any of them reads by id, and filters all there are.
create or replace function taskq_private.matching_job_ids(
  status taskq.job_status[], type text[], queue text[], priority smallint[], newest uuid, oldest uuid,
  run_at_from timestamptz, run_at_to timestamptz, metadata jsonb, workflow_id uuid, max_rows integer
)
returns setof uuid
language plpgsql
stable
set plan_cache_mode = force_custom_plan
as $$
declare
  v_lane_ids integer[] := array(
    select l.lane_id
    from taskq_private.lanes as l
    where (matching_job_ids.type is null or l.type = any (matching_job_ids.type))
      and (matching_job_ids.queue is null or l.queue = any (matching_job_ids.queue))
      and (matching_job_ids.priority is null or l.priority = any (matching_job_ids.priority))
      and taskq_private.sees_queue(l.queue)
  );
  v_statuses taskq.job_status[] := array(select distinct unnest(coalesce(matching_job_ids.status, enum_range(null::taskq.job_status))));
  v_running uuid[] := array(select unnest(c.job_ids) from taskq_private.claims as c where 'running' = any (matching_job_ids.status));
begin
  if workflow_id is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.workflow_id = matching_job_ids.workflow_id
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (matching_job_ids.metadata is null or s.metadata @> matching_job_ids.metadata)
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (matching_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id desc
      limit max_rows;
  elsif metadata is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.metadata @> matching_job_ids.metadata
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (matching_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id desc
      limit max_rows;
  elsif run_at_from is not null or run_at_to is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.run_at >= coalesce(run_at_from, '-infinity') and s.run_at < coalesce(run_at_to, 'infinity')
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest
        and (matching_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id desc
      limit max_rows;
  else
    return query select m.job_id from taskq_private.merged_places(v_lane_ids, v_statuses, newest, oldest, max_rows) as m;
  end if;
end;
$$;
comment on function taskq_private.matching_job_ids(
  taskq.job_status[], text[], text[], smallint[], uuid, uuid, timestamptz, timestamptz, jsonb, uuid, integer
) is 'The ids of jobs that match, newest first.';
--! EndIncluded 8_read/matching_job_ids.sql
--! Included 8_read/count_jobs.sql
create or replace function taskq.count_jobs(
  status taskq.job_status[] default null,
  type text[] default null,
  queue text[] default null,
  priority smallint[] default null,
  created_from timestamptz default null,
  created_to timestamptz default null,
  run_at_from timestamptz default null,
  run_at_to timestamptz default null,
  metadata jsonb default null,
  workflow_id uuid default null
)
returns bigint
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select count(*)
  from taskq_private.matching_job_ids(
    status, type, queue, priority,
    coalesce(taskq_private.job_id_floor(created_to), 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
    coalesce(taskq_private.job_id_floor(created_from), '00000000-0000-0000-0000-000000000000'),
    run_at_from, run_at_to, metadata, workflow_id, null
  );
$$;
comment on function taskq.count_jobs(
  taskq.job_status[], text[], text[], smallint[], timestamptz, timestamptz, timestamptz, timestamptz, jsonb, uuid
) is 'How many jobs match every filter given. Counts each one: ask only when someone wants to know. Example: select taskq.count_jobs(status => ''{failed}'', created_from => now() - interval ''1 day'').';
--! EndIncluded 8_read/count_jobs.sql
--! Included 8_read/oldest_places.sql
-- What merged_places() is for the newest, from the other end of the same indexes; there it says why the ranges are written so.
create or replace function taskq_private.oldest_places(lane_ids integer[], statuses taskq.job_status[], newest uuid, oldest uuid, after uuid, max_rows integer)
returns table (job_id uuid)
language plpgsql
stable
set plan_cache_mode = auto
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
    select place.job_id
    from (
      select f.job_id
      from unnest(lane_ids) as l (id)
      cross join unnest(statuses) as s (status)
      cross join lateral (
        select j.job_id from taskq_private.finished_jobs as j
        where (j.lane_id, j.status, j.job_id) >= (l.id, s.status, oldest) and (j.lane_id, j.status, j.job_id) < (l.id, s.status, newest)
          and j.job_id >= oldest and j.job_id < newest and j.job_id > after
        order by j.lane_id, j.status, j.job_id limit max_rows
      ) as f
      where s.status in ('completed', 'failed', 'cancelled')
      union all
      select w.job_id
      from unnest(lane_ids) as l (id)
      cross join unnest(statuses) as s (status)
      cross join lateral (
        select j.job_id from taskq_private.waiting_jobs as j
        where (j.lane_id, j.status, j.job_id) >= (l.id, s.status, oldest) and (j.lane_id, j.status, j.job_id) < (l.id, s.status, newest)
          and j.job_id >= oldest and j.job_id < newest and j.job_id > after
        order by j.lane_id, j.status, j.job_id limit max_rows
      ) as w
      where s.status in ('pending', 'blocked', 'retrying')
      union all
      select r.job_id
      from unnest(lane_ids) as l (id)
      cross join lateral (
        select j.job_id from taskq_private.ready_jobs as j
        where j.lane_id = l.id and j.job_id >= oldest and j.job_id < newest and j.job_id > after
        order by j.job_id limit max_rows
      ) as r
      where 'ready' = any (statuses)
      union all
      select u.job_id
      from taskq_private.claims as c
      cross join unnest(c.job_ids, c.lane_ids) as u (job_id, lane_id)
      where 'running' = any (statuses) and u.lane_id = any (oldest_places.lane_ids)
        and u.job_id >= oldest and u.job_id < newest and u.job_id > after
    ) as place
    order by place.job_id
    limit max_rows;
end;
$$;
comment on function taskq_private.oldest_places(integer[], taskq.job_status[], uuid, uuid, uuid, integer) is
  'The oldest jobs of these lanes and statuses after an id, from the tails of the places'' indexes.';
--! EndIncluded 8_read/oldest_places.sql
--! Included 8_read/oldest_job_ids.sql
-- What matching_job_ids() is for the newest, from the other end: ids that match the filters, oldest first;
-- there it says why it is planned for the values given.
create or replace function taskq_private.oldest_job_ids(
  status taskq.job_status[], type text[], queue text[], priority smallint[], newest uuid, oldest uuid, after uuid,
  run_at_from timestamptz, run_at_to timestamptz, metadata jsonb, workflow_id uuid, max_rows integer
)
returns setof uuid
language plpgsql
stable
set plan_cache_mode = force_custom_plan
as $$
declare
  v_lane_ids integer[] := array(
    select l.lane_id
    from taskq_private.lanes as l
    where (oldest_job_ids.type is null or l.type = any (oldest_job_ids.type))
      and (oldest_job_ids.queue is null or l.queue = any (oldest_job_ids.queue))
      and (oldest_job_ids.priority is null or l.priority = any (oldest_job_ids.priority))
      and taskq_private.sees_queue(l.queue)
  );
  v_statuses taskq.job_status[] := array(select distinct unnest(coalesce(oldest_job_ids.status, enum_range(null::taskq.job_status))));
  v_running uuid[] := array(select unnest(c.job_ids) from taskq_private.claims as c where 'running' = any (oldest_job_ids.status));
begin
  if workflow_id is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.workflow_id = oldest_job_ids.workflow_id
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest and s.job_id > after
        and (oldest_job_ids.metadata is null or s.metadata @> oldest_job_ids.metadata)
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (oldest_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id
      limit max_rows;
  elsif metadata is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.metadata @> oldest_job_ids.metadata
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest and s.job_id > after
        and (run_at_from is null or s.run_at >= run_at_from) and (run_at_to is null or s.run_at < run_at_to)
        and (oldest_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id
      limit max_rows;
  elsif run_at_from is not null or run_at_to is not null then
    return query
      select s.job_id
      from taskq_private.job_specs as s
      where s.run_at >= coalesce(run_at_from, '-infinity') and s.run_at < coalesce(run_at_to, 'infinity')
        and s.lane_id = any (v_lane_ids) and s.job_id < newest and s.job_id >= oldest and s.job_id > after
        and (oldest_job_ids.status is null or exists (select from taskq_private.in_status(s.job_id, s.lane_id, v_statuses, v_running)))
      order by s.job_id
      limit max_rows;
  else
    return query select m.job_id from taskq_private.oldest_places(v_lane_ids, v_statuses, newest, oldest, after, max_rows) as m;
  end if;
end;
$$;
comment on function taskq_private.oldest_job_ids(
  taskq.job_status[], text[], text[], smallint[], uuid, uuid, uuid, timestamptz, timestamptz, jsonb, uuid, integer
) is 'The ids of jobs that match, oldest first, after an id.';
--! EndIncluded 8_read/oldest_job_ids.sql
--! Included 8_read/page_jobs.sql
-- A page begins after the last id of the page before, in whichever order it goes.
create or replace function taskq.page_jobs(
  status taskq.job_status[] default null,
  type text[] default null,
  queue text[] default null,
  priority smallint[] default null,
  created_from timestamptz default null,
  created_to timestamptz default null,
  run_at_from timestamptz default null,
  run_at_to timestamptz default null,
  metadata jsonb default null,
  workflow_id uuid default null,
  after uuid default null,
  oldest_first boolean default false,
  max_rows integer default 50
)
returns setof taskq.jobs
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  v_first uuid := '00000000-0000-0000-0000-000000000000';
  v_newest uuid := coalesce(taskq_private.job_id_floor(created_to), 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_oldest uuid := coalesce(taskq_private.job_id_floor(created_from), v_first);
  v_max_rows integer := least(greatest(max_rows, 1), 1000);
  v_job_ids uuid[];
begin
  if oldest_first then
    v_job_ids := array(
      select m.job_id
      from taskq_private.oldest_job_ids(
        status, type, queue, priority, v_newest, greatest(v_oldest, after), coalesce(after, v_first),
        run_at_from, run_at_to, metadata, workflow_id, v_max_rows
      ) as m (job_id)
    );
    return query select j.* from taskq.get_jobs(v_job_ids) as j order by j.job_id;
  else
    v_job_ids := array(
      select m.job_id
      from taskq_private.matching_job_ids(
        status, type, queue, priority, least(v_newest, after), v_oldest,
        run_at_from, run_at_to, metadata, workflow_id, v_max_rows
      ) as m (job_id)
    );
    return query select j.* from taskq.get_jobs(v_job_ids) as j order by j.job_id desc;
  end if;
end;
$$;
comment on function taskq.page_jobs(
  taskq.job_status[], text[], text[], smallint[], timestamptz, timestamptz, timestamptz, timestamptz, jsonb, uuid, uuid, boolean, integer
) is
  'Jobs that match every filter given, as list_jobs(), but in either order: newest or oldest first. For the next page give the last job_id as after. Example: select job_id, type from taskq.page_jobs(status => ''{failed}'', oldest_first => true, max_rows => 10).';
--! EndIncluded 8_read/page_jobs.sql
--! Included 8_read/workflows.sql
-- The stored counts and those not yet added to them, so the status is exact whenever one looks. The rule is that of
-- status_of_workflow(), written out: functions in a view run with the rights of whoever looks.
create or replace view taskq.workflows as
select
  w.workflow_id,
  w.name,
  (case
    when w.job_count > e.completed_count + e.failed_count + e.cancelled_count + e.skipped_count then 'running'
    when w.cancel_requested_at is not null and e.cancelled_count > 0 then 'cancelled'
    when e.failed_count > 0 then 'failed'
    when e.cancelled_count > 0 then 'cancelled'
    else 'completed'
  end)::taskq.workflow_status as status,
  w.job_count,
  w.job_count - e.completed_count - e.failed_count - e.cancelled_count - e.skipped_count as unfinished_count,
  e.completed_count,
  e.failed_count,
  e.cancelled_count,
  e.skipped_count,
  w.created_at,
  case when w.job_count = e.completed_count + e.failed_count + e.cancelled_count + e.skipped_count then e.finished_at end as finished_at,
  w.created_by,
  w.cancel_requested_at,
  taskq_private.shown_text(w.cancel_reason) as cancel_reason,
  w.idempotency_key,
  taskq_private.shown(w.metadata) as metadata
from taskq_private.workflows as w
cross join lateral (
  select
    (w.completed_count + coalesce(sum(c.completed_count), 0))::integer as completed_count,
    (w.failed_count + coalesce(sum(c.failed_count), 0))::integer as failed_count,
    (w.cancelled_count + coalesce(sum(c.cancelled_count), 0))::integer as cancelled_count,
    (w.skipped_count + coalesce(sum(c.skipped_count), 0))::integer as skipped_count,
    greatest(w.finished_at, max(c.at)) as finished_at
  from taskq_private.workflow_counts as c
  where c.workflow_id = w.workflow_id
) as e
where taskq_private.sees_queue(null) or not exists (
  select from taskq_private.job_specs as s join taskq_private.lanes as n on n.lane_id = s.lane_id
  where s.workflow_id = w.workflow_id and not taskq_private.sees_queue(n.queue)
);
comment on column taskq.workflows.workflow_id is 'The workflow.';
comment on column taskq.workflows.name is 'Its name; several may have the same.';
comment on column taskq.workflows.status is 'running until all of its jobs have ended; then failed, cancelled or completed.';
comment on column taskq.workflows.job_count is 'Its jobs.';
comment on column taskq.workflows.unfinished_count is 'Those that have not ended.';
comment on column taskq.workflows.completed_count is 'Those that completed.';
comment on column taskq.workflows.failed_count is 'Those that failed.';
comment on column taskq.workflows.cancelled_count is 'Those that were cancelled.';
comment on column taskq.workflows.skipped_count is 'Those that were not needed: handlers of failures that did not happen.';
comment on column taskq.workflows.created_at is 'When it was submitted.';
comment on column taskq.workflows.finished_at is 'When the last of its jobs ended; null while one has not.';
comment on column taskq.workflows.created_by is 'Who submitted it.';
comment on column taskq.workflows.cancel_requested_at is 'When it was cancelled.';
comment on column taskq.workflows.cancel_reason is 'Why, in their words.';
comment on column taskq.workflows.idempotency_key is 'The key under which a second submit finds it.';
comment on column taskq.workflows.metadata is 'Free labels.';
comment on view taskq.workflows is
  'Graphs of jobs that were submitted under a name, with how many of their jobs have ended how. skipped_count are those that were not needed: handlers of failures that did not happen. For lists use taskq.list_workflows().';
--! EndIncluded 8_read/workflows.sql
--! Included 8_read/list_workflows.sql
-- Pages by id, newest first. The stored status finds the candidates, the exact one decides: workflows with counts not yet added
-- are looked at besides.
create or replace function taskq.list_workflows(
  status taskq.workflow_status[] default null, name text default null, before uuid default null, max_rows integer default 50
)
returns setof taskq.workflows
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_before uuid := coalesce(before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_max_rows integer := least(greatest(max_rows, 1), 1000);
  v_moving uuid[] := array(select distinct c.workflow_id from taskq_private.workflow_counts as c);
  v_ids uuid[];
begin
  v_ids := v_moving || array(
    select found.workflow_id
    from unnest(coalesce(list_workflows.status, enum_range(null::taskq.workflow_status))) as s (status)
    cross join lateral (
      select w.workflow_id from taskq_private.workflows as w
      where w.status = s.status and w.workflow_id < v_before and list_workflows.name is null and taskq_private.sees_workflow(w.workflow_id)
      order by w.workflow_id desc limit v_max_rows + cardinality(v_moving)
    ) as found
    union all
    (
      select w.workflow_id from taskq_private.workflows as w
      where w.name = list_workflows.name and w.workflow_id < v_before and taskq_private.sees_workflow(w.workflow_id)
        and (list_workflows.status is null or w.status = any (list_workflows.status))
      order by w.workflow_id desc limit v_max_rows + cardinality(v_moving)
    )
  );
  return query
    select w.*
    from taskq.workflows as w
    where w.workflow_id = any (v_ids)
      and w.workflow_id < v_before
      and (list_workflows.status is null or w.status = any (list_workflows.status))
      and (list_workflows.name is null or w.name = list_workflows.name)
    order by w.workflow_id desc
    limit v_max_rows;
end;
$$;
comment on function taskq.list_workflows(taskq.workflow_status[], text, uuid, integer) is
  'Workflows of these statuses and this name, newest first, at most max_rows (1000). For the next page give the last workflow_id as before. Example: select workflow_id, name, unfinished_count from taskq.list_workflows(status => ''{running}'').';
--! EndIncluded 8_read/list_workflows.sql
--! Included 8_read/get_workflow.sql
-- Raises: TQ404.
create or replace function taskq.get_workflow(workflow_id uuid)
returns setof taskq.workflows
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query select w.* from taskq.workflows as w where w.workflow_id = get_workflow.workflow_id;
  if not found then
    raise exception 'no workflow %', get_workflow.workflow_id using errcode = 'TQ404', hint = 'It may have expired: a workflow is kept as long as its jobs.';
  end if;
end;
$$;
comment on function taskq.get_workflow(uuid) is 'One workflow, with its status and how many of its jobs have ended how. TQ404 for an unknown one. Example: select status, unfinished_count from taskq.get_workflow(:''workflow'').';
--! EndIncluded 8_read/get_workflow.sql
--! Included 8_read/graph_members.sql
-- The jobs of a workflow, or, for the id of a job, those that it depends on and those that depend on it, far and near; and the
-- jobs outside a workflow that its jobs depend on. Bounded; raises TQ404.
create or replace function taskq_private.graph_members(id uuid, max_jobs integer default 100000)
returns uuid[]
language plpgsql
stable
as $$
declare
  v_ids uuid[] := array(select s.job_id from taskq_private.job_specs as s where s.workflow_id = id order by s.job_id limit max_jobs);
begin
  if cardinality(v_ids) > 0 then
    if not taskq_private.sees_workflow(id) then
      raise exception 'no workflow %', id using errcode = 'TQ404', hint = 'It may have expired, or your API key is not for the queues of all its jobs.';
    end if;
    return v_ids || array(
      select d.depends_on_id from taskq_private.job_dependencies as d where d.job_id = any (v_ids)
      except
      select m.id from unnest(v_ids) as m (id)
    );
  end if;
  perform taskq_private.lane_of(id);
  return array(
    with recursive up as (
      select graph_members.id as job_id
      union
      select d.depends_on_id from up as u join taskq_private.job_dependencies as d on d.job_id = u.job_id
    ), down as (
      select graph_members.id as job_id
      union
      select d.job_id from down as u join taskq_private.job_dependencies as d on d.depends_on_id = u.job_id
    )
    select m.job_id from (select u.job_id from up as u union select d.job_id from down as d) as m order by m.job_id limit max_jobs
  );
end;
$$;
comment on function taskq_private.graph_members(uuid, integer) is 'The jobs of the graph that this id stands for.';
--! EndIncluded 8_read/graph_members.sql
--! Included 8_read/graph_nodes.sql
create or replace function taskq_private.graph_nodes(job_ids uuid[], id uuid)
returns taskq_private.graph_node[]
language sql
stable
as $$
  select array_agg(row(
    m.job_id, s.name, l.type, p.status, p.reason, p.attempt, p.started_at, p.finished_at,
    coalesce(extract(epoch from p.finished_at - p.started_at), 0),
    s.workflow_id is distinct from graph_nodes.id and exists (select from taskq_private.workflows as w where w.workflow_id = graph_nodes.id)
  )::taskq_private.graph_node order by m.n)
  from unnest(job_ids) with ordinality as m (job_id, n)
  left join (
    taskq_private.job_specs as s join taskq_private.lanes as l on l.lane_id = s.lane_id and taskq_private.sees_queue(l.queue)
  ) on s.job_id = m.job_id
  left join taskq_private.places as p on p.job_id = s.job_id;
$$;
comment on function taskq_private.graph_nodes(uuid[], uuid) is 'These jobs as nodes of a graph, in their order; those that have been deleted, or that the caller''s key is not for, have an id only.';
--! EndIncluded 8_read/graph_nodes.sql
--! Included 8_read/job_graph.sql
-- Slack is told once every job has ended. Jobs of other workflows that jobs of this one depend on are nodes too (outside).
-- Raises: TQ404.
create or replace function taskq.job_graph(id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_ids uuid[] := taskq_private.graph_members(id);
  v_nodes taskq_private.graph_node[];
  v_edges record;
  v_slack double precision[];
begin
  v_nodes := taskq_private.graph_nodes(v_ids, id);
  select array_agg(e.parent) as parents, array_agg(e.child) as children,
    coalesce(jsonb_agg(jsonb_build_object('from', e.depends_on_id, 'to', e.job_id, 'condition', e.condition, 'satisfied', e.satisfied)), '[]') as list
  into v_edges
  from taskq_private.graph_edges(v_ids) as e;
  if not exists (select from unnest(v_nodes) as n where n.status is not null and n.finished_at is null) then
    v_slack := taskq_private.graph_slack(array(select n.seconds from unnest(v_nodes) with ordinality as n order by n.ordinality), v_edges.parents, v_edges.children);
  end if;

  return jsonb_build_object(
    'nodes', (
      select jsonb_agg(jsonb_build_object(
        'id', n.job_id, 'name', n.name, 'type', n.type, 'status', n.status, 'reason', n.reason, 'attempt', n.attempt, 'started_at', n.started_at,
        'finished_at', n.finished_at, 'seconds', n.seconds, 'outside', n.is_outside, 'slack_seconds', s.slack, 'critical', s.slack = 0
      ) order by n.ordinality)
      from unnest(v_nodes) with ordinality as n
      left join unnest(v_slack) with ordinality as s (slack, n) on s.n = n.ordinality
    ),
    'edges', v_edges.list
  );
end;
$$;
comment on function taskq.job_graph(uuid) is
  'The graph of a workflow, or of all that a job depends on and that depends on it: {"nodes": [{"id", "name", "type", "status", "started_at", "finished_at", "seconds", "slack_seconds", "critical", ...}], "edges": [{"from", "to", "condition", "satisfied"}]}. An edge leads from a job to one that waits for it. Slack is known once all have ended: how much longer a job could have taken without delaying the end; on the critical path it is 0. TQ404 for an unknown id. Example: select jsonb_pretty(taskq.job_graph(:''workflow'')::jsonb).';
--! EndIncluded 8_read/job_graph.sql
--! Included 8_read/critical_path.sql
-- Raises: TQ404, TQ409 while jobs of the graph have not ended.
create or replace function taskq.critical_path(id uuid)
returns table (job_id uuid, name text, started_at timestamptz, finished_at timestamptz, seconds double precision, slack_seconds double precision)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select n.id, n.name, n.started_at, n.finished_at, n.seconds, n.slack_seconds
    from jsonb_to_recordset(taskq.job_graph(critical_path.id) -> 'nodes') as n (
      id uuid, name text, started_at timestamptz, finished_at timestamptz, seconds double precision, slack_seconds double precision, critical boolean
    )
    where n.critical and n.seconds > 0
    order by n.started_at, n.id;
  if not found and exists (select from taskq_private.graph_members(critical_path.id) as m (ids), unnest(m.ids) as u (job_id)
    where taskq_private.status_of(u.job_id) not in ('completed', 'failed', 'cancelled'))
  then
    raise exception 'jobs of % have not ended', id using errcode = 'TQ409', detail = 'running', hint = 'The critical path is known once every job has ended.';
  end if;
end;
$$;
comment on function taskq.critical_path(uuid) is
  'The jobs of a finished workflow (or of a job''s graph) that decided when it ended, in their order: making any of them faster makes the whole faster. For the slack of the others see job_graph(). TQ404 for an unknown id, TQ409 while a job of it has not ended. Example: select * from taskq.critical_path(:''workflow'').';
--! EndIncluded 8_read/critical_path.sql
--! Included 8_read/graph_mermaid.sql
-- Nodes are n0, n1, ... since names may hold anything; what Mermaid would read as markup in a label is written as an entity.
create or replace function taskq.graph_mermaid(id uuid)
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with graph as materialized (
    select taskq.job_graph(graph_mermaid.id) as graph
  ), node as materialized (
    select n.ordinality - 1 as n, n.value ->> 'id' as id, coalesce(n.value ->> 'status', 'deleted') as status,
      (n.value ->> 'critical')::boolean as is_critical,
      replace(replace(replace(replace(replace(replace(replace(replace(t.plain, '#', '#35;'), '&', '#amp;'), '"', '#quot;'), '<', '#lt;'), '>', '#gt;'), '%', '#37;'), '*', '#42;'), '_', '#95;') as label
    from graph as g
    cross join jsonb_array_elements(g.graph -> 'nodes') with ordinality as n (value, ordinality)
    cross join lateral (
      select regexp_replace(coalesce(n.value ->> 'name', n.value ->> 'type', n.value ->> 'id'), '[[:cntrl:]`\u2028\u2029\u202a-\u202e\u2066-\u2069]', ' ', 'g')
    ) as t (plain)
  ), numbers as materialized (
    select jsonb_object_agg(n.id, n.n) as by_id from node as n
  ), line as (
    select 1 as part, n.n as position,
      format('  n%s["%s"]:::%s', n.n, regexp_replace(regexp_replace(n.label, '^(\s*\d+)\.', '\1#46;'), '^(\s*)[-+]', '\1#8722;'), n.status) as text
    from node as n
    union all
    select 2, e.ordinality, format(
      '  n%s %s n%s', m.by_id ->> (e.value ->> 'from'),
      case e.value ->> 'condition' when 'success' then '-->' else format('-. %s .->', e.value ->> 'condition') end, m.by_id ->> (e.value ->> 'to')
    )
    from graph as g cross join numbers as m cross join jsonb_array_elements(g.graph -> 'edges') with ordinality as e (value, ordinality)
    union all
    select 3, n.n, format('  style n%s stroke-width:3px', n.n) from node as n where n.is_critical
  )
  select 'flowchart TD' || e'\n' || string_agg(l.text, e'\n' order by l.part, l.position) || e'\n'
    || e'  classDef completed fill:#d3f9d8,stroke:#2b8a3e,color:#000\n  classDef failed fill:#ffe3e3,stroke:#c92a2a,color:#000\n'
    || e'  classDef cancelled fill:#e9ecef,stroke:#868e96,color:#000\n  classDef running fill:#d0ebff,stroke:#1971c2,color:#000\n'
    || e'  classDef ready fill:#fff3bf,stroke:#e67700,color:#000\n  classDef retrying fill:#fff3bf,stroke:#c92a2a,color:#000\n'
    || e'  classDef pending fill:#fff,stroke:#868e96,color:#000\n  classDef blocked fill:#fff,stroke:#868e96,color:#000\n'
    || e'  classDef deleted fill:#fff,stroke:#ced4da,color:#868e96\n'
  from line as l;
$$;
comment on function taskq.graph_mermaid(uuid) is
  'The graph of job_graph() as Mermaid text: colours say the status, dotted edges a condition other than success, thick borders the critical path. TQ404 for an unknown id. Example: select taskq.graph_mermaid(:''workflow'').';
--! EndIncluded 8_read/graph_mermaid.sql
--! Included 8_read/task_types.sql
create or replace view taskq.task_types as
select t.type, t.description, t.payload_schema, t.cpu_units, t.memory_mb, t.timeout_seconds, t.max_attempts, t.registered_at
from taskq_private.task_types as t;
comment on column taskq.task_types.type is 'The name that jobs give.';
comment on column taskq.task_types.description is 'One sentence for the submitter.';
comment on column taskq.task_types.payload_schema is 'JSON Schema that payloads are checked against.';
comment on column taskq.task_types.cpu_units is 'Cpu a job takes unless it says otherwise.';
comment on column taskq.task_types.memory_mb is 'Memory a job takes unless it says otherwise, in MB.';
comment on column taskq.task_types.timeout_seconds is 'How long one attempt may take unless the job says otherwise; null takes the setting.';
comment on column taskq.task_types.max_attempts is 'How often it may be tried unless the job says otherwise; null takes the setting.';
comment on column taskq.task_types.registered_at is 'When a worker last registered it.';
comment on view taskq.task_types is 'The job types that may be submitted, with the JSON Schema of their payload and their defaults.';
--! EndIncluded 8_read/task_types.sql
--! Included 8_read/queues.sql
-- Counts stop at 10000 a lane, so that a million waiting jobs do not make looking slow.
create or replace view taskq.queues as
select
  q.queue,
  q.paused_at,
  q.paused_by,
  q.aging_seconds,
  coalesce(sum(ready.jobs), 0)::integer as ready_count,
  coalesce(sum(waiting.jobs), 0)::integer as waiting_count,
  coalesce(max(running.jobs), 0)::integer as running_count,
  min(ready.oldest) as oldest_ready_at
from taskq_private.queues as q
left join taskq_private.lanes as l on l.queue = q.queue
left join lateral (
  select count(*) as jobs, min(nullif(head.ready_at, 'infinity')) as oldest
  from (select r.ready_at from taskq_private.ready_jobs as r where r.lane_id = l.lane_id order by r.ready_at, r.job_id limit 10000) as head
) as ready on true
left join lateral (
  select count(*) as jobs from (select from taskq_private.waiting_jobs as w where w.lane_id = l.lane_id limit 10000) as head
) as waiting on true
left join lateral (
  select count(*) as jobs
  from taskq_private.claims as c
  cross join unnest(c.lane_ids) as u (lane_id)
  join taskq_private.lanes as o on o.lane_id = u.lane_id
  where o.queue = q.queue
) as running on true
where taskq_private.sees_queue(q.queue)
group by q.queue, q.paused_at, q.paused_by, q.aging_seconds;
comment on column taskq.queues.queue is 'Its name.';
comment on column taskq.queues.paused_at is 'Since when nothing is claimed from it; null while it runs.';
comment on column taskq.queues.paused_by is 'Who paused it.';
comment on column taskq.queues.aging_seconds is 'Waiting this long weighs as much as one level of priority; null for strict priority.';
comment on column taskq.queues.ready_count is 'Jobs that a worker may take now.';
comment on column taskq.queues.waiting_count is 'Jobs that wait for a time, for other jobs, or behind a key.';
comment on column taskq.queues.running_count is 'Jobs that workers have.';
comment on column taskq.queues.oldest_ready_at is 'Since when the oldest ready job has been ready.';
comment on view taskq.queues is 'The queues: paused or not, and how many jobs are ready, waiting and running (counted up to 10000 a lane).';
--! EndIncluded 8_read/queues.sql
--! Included 8_read/workers.sql
create or replace view taskq.workers as
select
  w.worker_id,
  w.name,
  w.status,
  w.types,
  w.queues,
  w.concurrency,
  w.cpu_units,
  w.memory_mb,
  coalesce(held.jobs, 0)::integer as running_count,
  coalesce(held.cpu_units, 0) as granted_cpu_units,
  coalesce(held.memory_mb, 0)::integer as granted_memory_mb,
  w.load,
  w.started_at,
  w.heartbeat_at,
  w.ended_at,
  w.resources,
  coalesce(held.resources, '{}') as granted_resources,
  (select r.job_id from taskq_private.reservations as r where r.worker_id = w.worker_id) as reserved_job_id
from taskq_private.workers as w
left join lateral (
  select count(*) as jobs, sum(l.cpu_units) as cpu_units, sum(l.memory_mb) as memory_mb,
    (
      select jsonb_object_agg(o.key, o.amount)
      from (
        select r.key, sum(r.value::numeric) as amount
        from taskq_private.claims as c
        cross join unnest(c.lane_ids) as u (lane_id)
        join taskq_private.lanes as l on l.lane_id = u.lane_id
        cross join lateral jsonb_each(l.resources) as r
        where c.worker_id = w.worker_id and w.resources ? r.key and not exists (select from taskq_private.resource_pools as p where p.pool = r.key)
        group by r.key
      ) as o
    ) as resources
  from taskq_private.claims as c
  cross join unnest(c.lane_ids) as u (lane_id)
  join taskq_private.lanes as l on l.lane_id = u.lane_id
  where c.worker_id = w.worker_id
) as held on true
where taskq_private.sees_queue(null);
comment on column taskq.workers.worker_id is 'Made anew each time it registers.';
comment on column taskq.workers.name is 'Host and process, for people.';
comment on column taskq.workers.status is 'active; draining (takes nothing new); stopped or lost (has ended, and is kept for a day).';
comment on column taskq.workers.types is 'The job types that it can run.';
comment on column taskq.workers.queues is 'The queues that it serves; null for all.';
comment on column taskq.workers.concurrency is 'Jobs that it runs at a time.';
comment on column taskq.workers.cpu_units is 'Cpu that its jobs may take together.';
comment on column taskq.workers.memory_mb is 'Memory that its jobs may take together, in MB.';
comment on column taskq.workers.running_count is 'Jobs that it has.';
comment on column taskq.workers.granted_cpu_units is 'Cpu that these have been granted.';
comment on column taskq.workers.granted_memory_mb is 'Memory that these have been granted, in MB.';
comment on column taskq.workers.load is 'What its machine really uses, as of the last heartbeat.';
comment on column taskq.workers.started_at is 'When it registered.';
comment on column taskq.workers.heartbeat_at is 'When it was last heard of.';
comment on column taskq.workers.ended_at is 'When it stopped or was declared lost.';
comment on column taskq.workers.resources is 'What else it has, such as {"gpu": 2}.';
comment on column taskq.workers.granted_resources is 'What of that its jobs have been granted.';
comment on column taskq.workers.reserved_job_id is 'The large job that it is kept free for.';
comment on view taskq.workers is 'The workers: what each can carry, what it has been granted, what its machine really uses.';
--! EndIncluded 8_read/workers.sql
--! Included 8_read/job_statistics.sql
-- Counts stop at 10000 a lane and status, so that a million jobs do not make looking slow.
create or replace function taskq.job_statistics(queue text[] default null, type text[] default null)
returns table (
  queue text, type text, pending_count bigint, blocked_count bigint, ready_count bigint, running_count bigint, retrying_count bigint,
  completed_count bigint, failed_count bigint, cancelled_count bigint, is_exact boolean, oldest_ready_at timestamptz
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
  with lane as materialized (
    select l.lane_id, l.queue, l.type
    from taskq_private.lanes as l
    where (job_statistics.queue is null or l.queue = any (job_statistics.queue))
      and (job_statistics.type is null or l.type = any (job_statistics.type))
      and taskq_private.sees_queue(l.queue)
  ), place as (
    select l.lane_id, s.status, counted.jobs, null::timestamptz as oldest
    from lane as l
    cross join unnest('{completed,failed,cancelled}'::taskq.job_status[]) as s (status)
    cross join lateral (
      select count(*) as jobs
      from (select from taskq_private.finished_jobs as f where f.lane_id = l.lane_id and f.status = s.status limit 10000) as head
    ) as counted
    union all
    select l.lane_id, s.status, counted.jobs, null
    from lane as l
    cross join unnest('{pending,blocked,retrying}'::taskq.job_status[]) as s (status)
    cross join lateral (
      select count(*) as jobs
      from (select from taskq_private.waiting_jobs as w where w.lane_id = l.lane_id and w.status = s.status limit 10000) as head
    ) as counted
    union all
    select l.lane_id, 'ready', counted.jobs, counted.oldest
    from lane as l
    cross join lateral (
      select count(*) as jobs, min(nullif(head.ready_at, 'infinity')) as oldest
      from (select r.ready_at from taskq_private.ready_jobs as r where r.lane_id = l.lane_id order by r.ready_at, r.job_id limit 10000) as head
    ) as counted
    union all
    select u.lane_id, 'running', count(*), null
    from taskq_private.claims as c
    cross join unnest(c.lane_ids) as u (lane_id)
    group by u.lane_id
  )
  select
    l.queue, l.type,
    coalesce(sum(p.jobs) filter (where p.status = 'pending'), 0)::bigint, coalesce(sum(p.jobs) filter (where p.status = 'blocked'), 0)::bigint,
    coalesce(sum(p.jobs) filter (where p.status = 'ready'), 0)::bigint, coalesce(sum(p.jobs) filter (where p.status = 'running'), 0)::bigint,
    coalesce(sum(p.jobs) filter (where p.status = 'retrying'), 0)::bigint, coalesce(sum(p.jobs) filter (where p.status = 'completed'), 0)::bigint,
    coalesce(sum(p.jobs) filter (where p.status = 'failed'), 0)::bigint, coalesce(sum(p.jobs) filter (where p.status = 'cancelled'), 0)::bigint,
    bool_and(p.jobs < 10000), min(p.oldest)
  from lane as l
  join place as p on p.lane_id = l.lane_id
  group by l.queue, l.type
  order by l.queue, l.type;
$$;
comment on function taskq.job_statistics(text[], text[]) is
  'How many jobs of each queue and type are in which status, counted up to 10000 a lane and status; is_exact says whether no count stopped there. Example: select queue, type, ready_count, failed_count from taskq.job_statistics().';
--! EndIncluded 8_read/job_statistics.sql
--! Included 8_read/list_pools.sql
create or replace function taskq.list_pools()
returns table (pool text, capacity numeric, queue text, type text, refill_per_second double precision, granted numeric, free numeric, created_at timestamptz)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select
    p.pool, p.capacity, p.queue, p.type, p.refill_per_second,
    case when p.refill_per_second is null then p.capacity - f.free else 0 end,
    greatest(f.free, 0), p.created_at
  from taskq_private.resource_pools as p
  cross join lateral (select (taskq_private.pool_free(array[p.pool]) ->> ('pool:' || p.pool))::numeric) as f (free)
  where taskq_private.sees_queue(p.queue)
  order by p.pool;
$$;
comment on function taskq.list_pools() is
  'What jobs of all workers share: pools, limits of queues and types (one for each job), and rates (refill_per_second; capacity is the burst). granted is with running jobs now, free can go out now. Example: select pool, granted, free from taskq.list_pools() where free = 0.';
--! EndIncluded 8_read/list_pools.sql
--! Included 8_read/concurrency_keys.sql
create or replace view taskq.concurrency_keys as
select
  k.concurrency_key,
  k.max_running,
  count(j.job_id) filter (where j.is_admitted) as admitted_count,
  count(j.job_id) filter (where not j.is_admitted) as parked_count
from taskq_private.concurrency_keys as k
left join taskq_private.keyed_jobs as j on j.concurrency_key = k.concurrency_key
where taskq_private.sees_queue(null)
group by k.concurrency_key, k.max_running;
comment on column taskq.concurrency_keys.concurrency_key is 'The key.';
comment on column taskq.concurrency_keys.max_running is 'How many of its jobs may be ready or running.';
comment on column taskq.concurrency_keys.admitted_count is 'How many are.';
comment on column taskq.concurrency_keys.parked_count is 'How many wait for one of those to end.';
comment on view taskq.concurrency_keys is 'Keys that jobs share a limit under: how many may be ready or running, how many are, and how many are parked behind them.';
--! EndIncluded 8_read/concurrency_keys.sql
--! Included 8_read/schedules.sql
create or replace view taskq.schedules as
select
  s.name, s.cron, s.every, s.time_zone, taskq_private.shown(s.job) as job, s.catch_up, s.starts_at, s.ends_at, s.paused_at, s.paused_by, s.next_run_at, s.last_run_at, s.last_job_id,
  taskq_private.shown(s.last_error) as last_error, s.created_at, s.created_by
from taskq_private.schedules as s
where taskq_private.sees_queue(coalesce(s.job ->> 'queue', 'default'));
comment on column taskq.schedules.name is 'Its name.';
comment on column taskq.schedules.cron is 'When, as five fields; null where every says it.';
comment on column taskq.schedules.every is 'How often, in time that passes; null where cron says it.';
comment on column taskq.schedules.time_zone is 'Whose clocks cron is about.';
comment on column taskq.schedules.job is 'What each tick submits, as submit_jobs() takes a job.';
comment on column taskq.schedules.catch_up is 'What becomes of ticks that nobody was there for: none, last or all.';
comment on column taskq.schedules.starts_at is 'No tick comes before this.';
comment on column taskq.schedules.ends_at is 'No tick comes after this.';
comment on column taskq.schedules.paused_at is 'Since when it is paused; null if it is not.';
comment on column taskq.schedules.paused_by is 'Who paused it.';
comment on column taskq.schedules.next_run_at is 'The next tick; null while it is paused, and when it has ended.';
comment on column taskq.schedules.last_run_at is 'The last tick.';
comment on column taskq.schedules.last_job_id is 'The last job that a tick submitted.';
comment on column taskq.schedules.last_error is 'What the last tick was refused with; null where it made a job.';
comment on column taskq.schedules.created_at is 'When it was made.';
comment on column taskq.schedules.created_by is 'Who made it.';
comment on view taskq.schedules is 'What is submitted again and again, and when it is next: null while paused, and when it has ended. last_run_at is the tick that last_job_id was submitted for; last_error is what the last tick was refused with.';
--! EndIncluded 8_read/schedules.sql
--! Included 8_read/ticks_of.sql
-- Raises: TQ422 for a count that is not 1 to 1000.
create or replace function taskq_private.ticks_of(schedule taskq_private.schedules, after timestamptz, count integer)
returns setof timestamptz
language plpgsql
stable
as $$
declare
  v_tick timestamptz := after;
begin
  if (count between 1 and 1000) is not true then
    perform taskq_private.raise_error(taskq_private.invalid('count', 'count must be a whole number from 1 to 1000'));
  end if;
  for v_n in 1 .. count loop
    v_tick := taskq_private.tick_after(schedule, v_tick);
    exit when v_tick is null;
    return next v_tick;
  end loop;
end;
$$;
comment on function taskq_private.ticks_of(taskq_private.schedules, timestamptz, integer) is 'The ticks of a schedule after an instant.';
--! EndIncluded 8_read/ticks_of.sql
--! Included 8_read/next_runs.sql
-- Raises: TQ404; TQ422 for a count that is not 1 to 1000.
create or replace function taskq.next_runs(name text, count integer default 5)
returns setof timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule taskq_private.schedules;
begin
  select * into v_schedule from taskq_private.schedules as s where s.name = next_runs.name and taskq_private.sees_queue(coalesce(s.job ->> 'queue', 'default'));
  if not found then
    raise exception 'no schedule "%"', left(next_runs.name, 100) using errcode = 'TQ404', hint = 'select name from taskq.schedules lists them.';
  end if;
  return query select * from taskq_private.ticks_of(v_schedule, greatest(taskq_private.clock(), v_schedule.last_run_at), count);
end;
$$;
comment on function taskq.next_runs(text, integer) is 'When a schedule runs next; of a paused one, when it would if it were resumed now. Example: select * from taskq.next_runs(''nightly'', 3).';
--! EndIncluded 8_read/next_runs.sql
--! Included 8_read/preview_schedule.sql
-- Raises: TQ422, naming the field.
create or replace function taskq.preview_schedule(
  cron text default null, every interval default null, time_zone text default 'UTC', count integer default 5, after timestamptz default null
)
returns setof timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_after timestamptz := coalesce(after, taskq_private.clock());
begin
  if not isfinite(v_after) or extract(year from v_after) not between 1 and 9999 then
    perform taskq_private.raise_error(taskq_private.invalid('after', 'after must be an instant before the year 10000'));
  end if;
  return query select * from taskq_private.ticks_of(
    taskq_private.read_timing(cron, every, coalesce(time_zone, 'UTC'), null, null, v_after), v_after, count
  );
end;
$$;
comment on function taskq.preview_schedule(text, interval, text, integer, timestamptz) is 'When a schedule would run, before it is made. Example: select * from taskq.preview_schedule(''30 2 * * MON-FRI'', time_zone => ''Europe/Berlin'').';
--! EndIncluded 8_read/preview_schedule.sql
--! Included 8_read/api_keys.sql
create or replace view taskq.api_keys as
select k.key_id, k.name, k.role, k.queues, k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.rotated_from
from taskq_private.api_keys as k
where taskq_private.sees_queue(null);
comment on column taskq.api_keys.key_id is 'The key, by the part of it between its two underscores.';
comment on column taskq.api_keys.name is 'Whose it is.';
comment on column taskq.api_keys.role is 'The role that its requests act in.';
comment on column taskq.api_keys.queues is 'The queues that it is for; null for all.';
comment on column taskq.api_keys.created_at is 'When it was made.';
comment on column taskq.api_keys.expires_at is 'Until when it is good; null for always.';
comment on column taskq.api_keys.revoked_at is 'When it was revoked.';
comment on column taskq.api_keys.last_used_at is 'When it was last used, to about a minute.';
comment on column taskq.api_keys.rotated_from is 'The key that it succeeds.';
comment on view taskq.api_keys is 'The keys of the network doors, without their secrets: whose each is, what it may do, until when, and when it was last used.';
--! EndIncluded 8_read/api_keys.sql
--! Included 8_read/audit_log.sql
create or replace view taskq.audit_log as
select a.audit_id, a.at, a.actor, a.role, a.key_id, k.name as key_name, a.door, a.action, a.target, taskq_private.shown(a.details) as details
from taskq_private.audit_log as a
left join taskq_private.api_keys as k on k.key_id = a.key_id
where taskq_private.sees_queue(null);
comment on column taskq.audit_log.audit_id is 'Order.';
comment on column taskq.audit_log.at is 'When, by the database''s clock.';
comment on column taskq.audit_log.actor is 'The login role, and the key''s name.';
comment on column taskq.audit_log.role is 'The role that it was done in.';
comment on column taskq.audit_log.key_id is 'The API key that it was done with; null for none.';
comment on column taskq.audit_log.key_name is 'That key''s name.';
comment on column taskq.audit_log.door is 'By which door: rest, graphql, websocket, grpc or sql.';
comment on column taskq.audit_log.action is 'The function that was called.';
comment on column taskq.audit_log.target is 'To what it was done.';
comment on column taskq.audit_log.details is 'With what, without secrets.';
comment on view taskq.audit_log is 'What operators and administrators did: who (the login role and the key''s name), in which role, with which key, by which door, what, and to what. Order by audit_id.';
--! EndIncluded 8_read/audit_log.sql
--! Included 8_read/claim_preview.sql
-- The plan of the claim itself, with nothing locked and nothing taken. Raises: TQ404.
create or replace function taskq.claim_preview(worker_id uuid, max_jobs integer default null)
returns table (place bigint, job_id uuid, type text, queue text, priority smallint, cpu_units numeric, memory_mb integer)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_worker taskq_private.workers;
  v_plan record;
begin
  perform taskq_private.check_scope();
  select * into v_worker from taskq_private.workers as w where w.worker_id = claim_preview.worker_id;
  if not found then
    raise exception 'worker % is not registered', claim_preview.worker_id using errcode = 'TQ404', hint = 'select worker_id from taskq.workers lists them.';
  end if;
  if v_worker.status <> 'active' then
    return;
  end if;
  v_plan := taskq_private.plan_claim(v_worker, least(coalesce(claim_preview.max_jobs, v_worker.concurrency), 1000), false);
  return query
    select row_number() over (order by r.ready_at + p.handicap, r.ready_at, r.job_id), r.job_id, l.type, l.queue, l.priority, l.cpu_units, l.memory_mb
    from unnest(v_plan.lane_ids, v_plan.job_counts, v_plan.handicaps) as p (lane_id, job_count, handicap)
    join taskq_private.lanes as l on l.lane_id = p.lane_id
    cross join lateral (
      select j.job_id, j.ready_at from taskq_private.ready_jobs as j where j.lane_id = p.lane_id and (v_plan.job_ids is null and j.ready_at < 'infinity' or j.job_id = any (v_plan.job_ids)) order by j.ready_at, j.job_id limit p.job_count
    ) as r
    order by 1;
end;
$$;
comment on function taskq.claim_preview(uuid, integer) is
  'What this worker would take now if it asked for max_jobs (its concurrency unless given), in order. Changes nothing. Example: select * from taskq.claim_preview((select worker_id from taskq.workers limit 1)).';
--! EndIncluded 8_read/claim_preview.sql
--! Included 8_read/explain_job.sql
-- Raises: TQ404.
create or replace function taskq.explain_job(job_id uuid)
returns table (code text, message text, details jsonb)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_lane_id integer := taskq_private.lane_of(explain_job.job_id);
  v_place taskq_private.places;
begin
  select * into v_place from taskq_private.places as p where p.job_id = explain_job.job_id;
  if v_place.status in ('completed', 'failed', 'cancelled') then
    return query select v_place.status::text, format('It is %s.', v_place.status), jsonb_build_object('finished_at', v_place.finished_at, 'reason', v_place.reason);
  elsif v_place.status = 'running' then
    return query select 'running', 'It is running.', jsonb_build_object('worker_id', v_place.worker_id, 'started_at', v_place.started_at);
  elsif v_place.status = 'blocked' then
    return query
      select
        case when held.is_so then 'held_by' else 'blocked_by' end,
        case when held.is_so then format('It is held: jobs that it depends on have ended otherwise (%s). Retry them, or cancel it.', count(*))
          else format('It waits for other jobs (%s).', count(*)) end,
        jsonb_build_object('job_ids', (array_agg(d.depends_on_id order by d.depends_on_id))[1:100])
      from taskq_private.job_dependencies as d
      left join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id and not taskq_private.satisfies(f.status, d.condition)
      cross join lateral (select f.job_id is not null) as held (is_so)
      where d.job_id = explain_job.job_id and not d.satisfied
      group by held.is_so;
    return query select p.code, p.message, p.details from taskq_private.explain_parked(explain_job.job_id) as p;
  end if;
  if v_place.due_at > taskq_private.clock() or v_place.status in ('pending', 'retrying') then
    return query select 'waiting_until', format('It waits until %s.', v_place.due_at), jsonb_build_object('due_at', v_place.due_at, 'attempt', v_place.attempt);
  end if;
  if v_place.status in ('pending', 'blocked', 'ready', 'retrying') then
    return query select e.code, e.message, e.details from taskq_private.explain_lane(v_lane_id, v_place.ready_at, explain_job.job_id) as e;
  end if;
end;
$$;
comment on function taskq.explain_job(uuid) is
  'Why a job is not running: every reason with a code (waiting_until, blocked_by, held_by, concurrency_limit, queue_paused, no_worker_for_type, larger_than_every_worker, larger_than_pool, pool_exhausted, waiting_for_capacity, or runnable), a sentence, and details. TQ404 for an unknown job. Example: select code, message from taskq.explain_job(:''job'').';
--! EndIncluded 8_read/explain_job.sql
--! Included 8_read/simulate.sql
-- A greedy schedule of the ready backlog, lane by lane in the order of priority: every worker takes what fits, time goes on to the
-- next end, and so on. Durations are those of the lane's recent jobs (lane_seconds). What would take more than max_steps ends is
-- scaled up from what was done till then. Pools, keys, dependencies and jobs still to come are left out.
-- Raises: TQ404.
create or replace function taskq.simulate(
  worker_id uuid default null, cpu_units numeric default null, memory_mb integer default null, extra_workers integer default 0,
  max_steps integer default 10000
)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_workers taskq_private.workers[];
  v_lanes taskq_private.simulated_lane[];
  v_state taskq_private.simulation;
begin
  perform taskq_private.check_scope();
  v_workers := taskq_private.simulated_workers(worker_id, cpu_units, memory_mb, extra_workers);
  v_lanes := taskq_private.simulated_lanes(v_workers);
  v_state := taskq_private.simulate_lanes(v_workers, v_lanes, max_steps);
  return jsonb_build_object(
    'jobs', (select coalesce(sum(l.jobs), 0) from unnest(v_lanes) as l),
    'never', (select coalesce(sum(l.jobs), 0) from unnest(v_lanes) as l where not l.fits),
    'ends_in_seconds', round(v_state.seconds::numeric, 3),
    'ends_at', taskq_private.clock() + v_state.seconds * interval '1 second',
    'cpu_utilisation', case when v_state.seconds > 0 then
      round((v_state.cpu_seconds / nullif(v_state.seconds * (select sum(w.cpu_units) from unnest(v_workers) as w)::double precision, 0))::numeric, 3) end,
    'is_scaled', v_state.is_scaled,
    'workers', cardinality(v_workers)
  );
end;
$$;
comment on function taskq.simulate(uuid, numeric, integer, integer, integer) is
  'When the ready backlog would end if things went on as recorded, and what if a worker had other cpu_units or memory_mb, or there were extra_workers like it: {"jobs", "never" (fit no worker), "ends_in_seconds", "ends_at", "cpu_utilisation"}. Changes nothing. Example: select taskq.simulate(:''worker'', cpu_units => 32).';
--! EndIncluded 8_read/simulate.sql
--! Included 8_read/count_places.sql
-- Counted up to 10,000 each; beyond, PostgreSQL's own count of the rows of a table, less what of it was counted.
create or replace function taskq_private.count_places(
  out ready bigint, out running bigint, out pending bigint, out blocked bigint, out retrying bigint, out failed bigint, out finished bigint, out is_estimate boolean
)
language plpgsql
stable
as $$
declare
  v_most constant bigint := 10000;
  v_waiting bigint;
begin
  running := (select coalesce(sum(cardinality(c.job_ids)), 0) from taskq_private.claims as c);
  ready := (select count(*) from (select from taskq_private.ready_jobs as r limit v_most + 1) as r);
  finished := (select count(*) from (select from taskq_private.finished_jobs as f limit v_most + 1) as f);
  failed := (select count(*) from (select from taskq_private.finished_jobs as f where f.status = 'failed' order by f.job_id desc limit v_most + 1) as f);
  select
    count(*) filter (where w.status = 'pending'), count(*) filter (where w.status = 'blocked'), count(*) filter (where w.status = 'retrying')
  into pending, blocked, retrying
  from unnest(array['pending', 'blocked', 'retrying']::taskq.job_status[]) as s (status)
  cross join lateral (
    select o.status
    from taskq_private.lanes as l
    cross join lateral (select w.status from taskq_private.waiting_jobs as w where w.lane_id = l.lane_id and w.status = s.status limit v_most + 1) as o
    limit v_most + 1
  ) as w;
  is_estimate := greatest(ready, finished, failed, pending, blocked, retrying) > v_most;
  if not is_estimate then
    return;
  end if;

  v_waiting := pg_stat_get_live_tuples('taskq_private.waiting_jobs'::regclass) - pending - blocked - retrying;
  pending := case when pending > v_most then greatest(pending, pending + v_waiting) else pending end;
  blocked := case when blocked > v_most then greatest(blocked, blocked + v_waiting) else blocked end;
  retrying := case when retrying > v_most then greatest(retrying, retrying + v_waiting) else retrying end;
  failed := case when failed > v_most then greatest(failed, (
    select sum(c.reltuples)::bigint from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'taskq_private.index_finished_jobs_failed'::regclass
  )) else failed end;
  ready := case when ready > v_most then greatest(ready, pg_stat_get_live_tuples('taskq_private.ready_jobs'::regclass)) else ready end;
  finished := case when finished > v_most then greatest(finished, (
    select sum(pg_stat_get_live_tuples(i.inhrelid)) from pg_inherits as i where i.inhparent = 'taskq_private.finished_jobs'::regclass
  )) else finished end;
end;
$$;
comment on function taskq_private.count_places() is 'How many jobs are in each state, exact up to 10,000 each and else about.';
--! EndIncluded 8_read/count_places.sql
--! Included 8_read/read_status.sql
-- Nothing here grows with the backlog or with history: counts stop (count_places), rates look at the last 10,000 ends.
create or replace function taskq.read_status()
returns table (
  at timestamptz, ready_count bigint, running_count bigint, pending_count bigint, blocked_count bigint, retrying_count bigint, failed_count bigint,
  finished_count bigint, is_estimate boolean, ended_per_second numeric, failed_per_second numeric, oldest_ready_seconds numeric, next_due_at timestamptz,
  active_workers bigint, draining_workers bigint, lost_workers bigint, slots bigint, cpu_units numeric, granted_cpu_units numeric, memory_mb bigint,
  granted_memory_mb bigint, paused_queues text[], ticked_at timestamptz, database_bytes bigint, is_read_only boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
begin
  perform taskq_private.check_scope();
  return query
    select v_now, p.ready, p.running, p.pending, p.blocked, p.retrying, p.failed, p.finished, p.is_estimate,
      round(e.ended / e.seconds, 2), round(e.failed / e.seconds, 2), round(extract(epoch from v_now - r.oldest), 1),
      (select w.due_at from taskq_private.waiting_jobs as w where w.status <> 'blocked' order by w.due_at limit 1),
      w.active, w.draining, w.lost, w.slots, trim_scale(w.cpu_units), trim_scale(g.cpu_units), w.memory_mb, g.memory_mb,
      array(select q.queue from taskq_private.queues as q where q.paused_at is not null order by q.queue),
      (select max(t.measured_at) from taskq_private.task_types as t),
      case when has_database_privilege(current_database(), 'connect') then pg_database_size(current_database()) end, pg_is_in_recovery()
    from taskq_private.count_places() as p
    cross join (
      select count(*) as ended, count(*) filter (where f.status = 'failed') as failed,
        case when count(*) < 10000 then 60 else greatest(extract(epoch from v_now - min(f.finished_at)), 0.001) end as seconds
      from (
        select j.status, j.finished_at from taskq_private.finished_jobs as j
        where j.finished_at > v_now - interval '1 minute' order by j.finished_at desc limit 10000
      ) as f
    ) as e
    cross join (
      select min(nullif(h.ready_at, 'infinity')) as oldest
      from taskq_private.lanes as l
      cross join lateral (select j.ready_at from taskq_private.ready_jobs as j where j.lane_id = l.lane_id order by j.ready_at, j.job_id limit 1) as h
    ) as r
    cross join (
      select count(*) filter (where o.status = 'active') as active, count(*) filter (where o.status = 'draining') as draining,
        count(*) filter (where o.status = 'lost' and o.ended_at > v_now - interval '15 minutes') as lost,
        coalesce(sum(o.concurrency) filter (where o.status = 'active'), 0) as slots,
        coalesce(sum(o.cpu_units) filter (where o.status = 'active'), 0) as cpu_units, coalesce(sum(o.memory_mb) filter (where o.status = 'active'), 0) as memory_mb
      from taskq_private.workers as o
    ) as w
    cross join (
      select coalesce(sum(l.cpu_units), 0) as cpu_units, coalesce(sum(l.memory_mb), 0) as memory_mb
      from taskq_private.claims as c
      cross join unnest(c.lane_ids) as u (lane_id)
      join taskq_private.lanes as l on l.lane_id = u.lane_id
    ) as g;
end;
$$;
comment on function taskq.read_status() is
  'How the queue is, in one row: jobs by state, how many end a second, how long the oldest ready job waits, workers, capacity and how much of it is granted. The view taskq.status shows the same and says what each column is. Example: table taskq.status \gx';
--! EndIncluded 8_read/read_status.sql
--! Included 8_read/status.sql
create or replace view taskq.status as
select
  s.at, s.ready_count, s.running_count, s.pending_count, s.blocked_count, s.retrying_count, s.failed_count, s.finished_count, s.is_estimate,
  s.ended_per_second, s.failed_per_second, s.oldest_ready_seconds, s.next_due_at, s.active_workers, s.draining_workers, s.lost_workers, s.slots,
  s.cpu_units, s.granted_cpu_units, s.memory_mb, s.granted_memory_mb, s.paused_queues, s.ticked_at, s.database_bytes, s.is_read_only
from taskq.read_status() as s;
comment on column taskq.status.at is 'As of when, by the database''s clock.';
comment on column taskq.status.ready_count is 'Jobs that a worker may take now.';
comment on column taskq.status.running_count is 'Jobs that workers have.';
comment on column taskq.status.pending_count is 'Jobs whose run_at is in the future.';
comment on column taskq.status.blocked_count is 'Jobs that wait for other jobs, or for others of their concurrency key.';
comment on column taskq.status.retrying_count is 'Jobs that wait for their next attempt.';
comment on column taskq.status.failed_count is 'Dead letters.';
comment on column taskq.status.finished_count is 'All that have ended and are still kept, dead letters included.';
comment on column taskq.status.is_estimate is 'Whether a count is over 10,000: such a one is what PostgreSQL''s statistics say, all others are exact.';
comment on column taskq.status.ended_per_second is 'Jobs that ended, on average of the last minute, or of the last 10,000 if those took less.';
comment on column taskq.status.failed_per_second is 'Those of them that failed for good.';
comment on column taskq.status.oldest_ready_seconds is 'How long the oldest ready job has been ready; null if none is.';
comment on column taskq.status.next_due_at is 'When the next pending or retrying job is due.';
comment on column taskq.status.active_workers is 'Workers that take jobs.';
comment on column taskq.status.draining_workers is 'Workers that finish what they have.';
comment on column taskq.status.lost_workers is 'Workers that died in the last 15 minutes.';
comment on column taskq.status.slots is 'Jobs that the active workers can run at a time.';
comment on column taskq.status.cpu_units is 'Cpu of the active workers.';
comment on column taskq.status.granted_cpu_units is 'Cpu that running jobs have been granted.';
comment on column taskq.status.memory_mb is 'Memory of the active workers, in MB.';
comment on column taskq.status.granted_memory_mb is 'Memory that running jobs have been granted, in MB.';
comment on column taskq.status.paused_queues is 'Queues that nothing is claimed from.';
comment on column taskq.status.ticked_at is 'When tick() last measured a type, so to about a minute when it last ran.';
comment on column taskq.status.database_bytes is 'What the database takes on disk; null where taskq_owner may not connect to it.';
comment on column taskq.status.is_read_only is 'Whether this is a replica.';
comment on view taskq.status is 'How the queue is, in one row. Example: table taskq.status \gx';
--! EndIncluded 8_read/status.sql
--! Included 8_read/list_running.sql
create or replace function taskq.list_running(max_rows integer default 1000)
returns table (
  job_id uuid, name text, type text, queue text, priority smallint, worker text, worker_id uuid, cpu_units numeric, memory_mb integer, resources jsonb,
  running_seconds numeric, expected_seconds numeric, timeout_seconds integer, attempt smallint, max_attempts smallint, progress_percent real, is_stopping boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
begin
  return query
    with heaviest as materialized (
      select u.job_id, u.attempt, c.worker_id, c.claimed_at, l
      from taskq_private.claims as c
      cross join unnest(c.job_ids, c.lane_ids, c.attempts) as u (job_id, lane_id, attempt)
      join taskq_private.lanes as l on l.lane_id = u.lane_id and taskq_private.sees_queue(l.queue)
      order by l.cpu_units desc, l.memory_mb desc, c.claimed_at, u.job_id
      limit greatest(list_running.max_rows, 0)
    )
    select h.job_id, s.name, (h.l).type, (h.l).queue, (h.l).priority, w.name, h.worker_id, trim_scale((h.l).cpu_units), (h.l).memory_mb, (h.l).resources,
      round(extract(epoch from v_now - h.claimed_at), 1), round(coalesce(s.expected_seconds, t.p95_seconds, s.timeout_seconds)::numeric, 1),
      s.timeout_seconds, h.attempt, s.max_attempts, p.percent, r.job_id is not null
    from heaviest as h
    join taskq_private.job_specs as s on s.job_id = h.job_id
    join taskq_private.task_types as t on t.type = (h.l).type
    join taskq_private.workers as w on w.worker_id = h.worker_id
    left join taskq_private.job_progress as p on p.job_id = h.job_id
    left join taskq_private.cancel_requests as r on r.job_id = h.job_id
    order by (h.l).cpu_units desc, (h.l).memory_mb desc, h.claimed_at, h.job_id;
end;
$$;
comment on function taskq.list_running(integer) is
  'What runs now, at most max_rows, heaviest first: most cpu, then most memory, then longest. expected_seconds is what the job says, else how long recent jobs of its type took (95 of 100), else its timeout. The view taskq.top shows the first 1000. Example: select type, worker, cpu_units, running_seconds from taskq.list_running(10).';
--! EndIncluded 8_read/list_running.sql
--! Included 8_read/top.sql
create or replace view taskq.top as
select
  r.job_id, r.name, r.type, r.queue, r.priority, r.worker, r.worker_id, r.cpu_units, r.memory_mb, r.resources, r.running_seconds, r.expected_seconds,
  r.timeout_seconds, r.attempt, r.max_attempts, r.progress_percent, r.is_stopping
from taskq.list_running() as r;
comment on column taskq.top.job_id is 'The job.';
comment on column taskq.top.name is 'The name that its submitter gave it.';
comment on column taskq.top.type is 'Its type.';
comment on column taskq.top.queue is 'Its queue.';
comment on column taskq.top.priority is '1 (first) to 10.';
comment on column taskq.top.worker is 'The name of the worker that runs it.';
comment on column taskq.top.worker_id is 'That worker.';
comment on column taskq.top.cpu_units is 'Cpu that it has been granted.';
comment on column taskq.top.memory_mb is 'Memory that it has been granted, in MB.';
comment on column taskq.top.resources is 'What else it has been granted, such as {"gpu": 1}.';
comment on column taskq.top.running_seconds is 'Since its worker has taken it.';
comment on column taskq.top.expected_seconds is 'How long it should take: what it says, else what recent jobs of its type took (95 of 100), else its timeout.';
comment on column taskq.top.timeout_seconds is 'After this long it is ended.';
comment on column taskq.top.attempt is 'Which attempt this is.';
comment on column taskq.top.max_attempts is 'How many it may have.';
comment on column taskq.top.progress_percent is 'How far it says it is; null if it says nothing.';
comment on column taskq.top.is_stopping is 'Whether it was asked to stop.';
comment on view taskq.top is 'What runs now, heaviest first, 1000 jobs at most; list_running() shows more. Example: select type, worker, cpu_units, memory_mb, running_seconds, progress_percent from taskq.top limit 20.';
--! EndIncluded 8_read/top.sql
--! Included 8_read/list_type_times.sql
-- From the last completed jobs of each lane, by the index of the lane and no other.
create or replace function taskq.list_type_times(sample integer default 100)
returns table (
  type text, recent_count bigint, recent_p50_seconds numeric, recent_p95_seconds numeric, earlier_count bigint, earlier_p50_seconds numeric,
  earlier_p95_seconds numeric, times_slower numeric
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with lasted as materialized (
    select l.type, f.place <= s.sample as is_recent, f.seconds
    from (select least(greatest(list_type_times.sample, 1), 1000) as sample) as s
    cross join (select * from taskq_private.lanes as l where taskq_private.sees_queue(l.queue)) as l
    cross join lateral (
      select row_number() over (order by j.job_id desc) as place, extract(epoch from j.finished_at - j.started_at) as seconds
      from (
        select o.job_id, o.started_at, o.finished_at from taskq_private.finished_jobs as o
        where (o.lane_id, o.status) >= (l.lane_id, 'completed'::taskq.job_status) and (o.lane_id, o.status) <= (l.lane_id, 'completed'::taskq.job_status)
        order by o.lane_id desc, o.status desc, o.job_id desc
        limit 2 * s.sample
      ) as j
    ) as f
  ), measured as (
    select
      t.type,
      count(*) filter (where t.is_recent) as recent_count,
      percentile_cont(0.5) within group (order by t.seconds) filter (where t.is_recent) as recent_p50,
      percentile_cont(0.95) within group (order by t.seconds) filter (where t.is_recent) as recent_p95,
      count(*) filter (where not t.is_recent) as earlier_count,
      percentile_cont(0.5) within group (order by t.seconds) filter (where not t.is_recent) as earlier_p50,
      percentile_cont(0.95) within group (order by t.seconds) filter (where not t.is_recent) as earlier_p95
    from lasted as t
    group by t.type
  )
  select m.type, m.recent_count, round(m.recent_p50::numeric, 3), round(m.recent_p95::numeric, 3), m.earlier_count, round(m.earlier_p50::numeric, 3),
    round(m.earlier_p95::numeric, 3), round((m.recent_p50 / nullif(m.earlier_p50, 0))::numeric, 2)
  from measured as m
  order by 8 desc nulls last, 1;
$$;
comment on function taskq.list_type_times(integer) is
  'How long jobs of each type take, in seconds: the last sample (100) completed ones of each lane of it against as many before them, the type that got slower most first. Half took at most p50, 95 of 100 at most p95. Example: select type, times_slower, recent_p50_seconds from taskq.list_type_times() limit 5.';
--! EndIncluded 8_read/list_type_times.sql
--! Included 8_read/measure_queue_health.sql
-- Of what waits: the head of each lane and no more, whatever the backlog.
create or replace function taskq_private.measure_queue_health(now timestamptz)
returns table (check_name text, value numeric, found text)
language sql
stable
as $$
  with head as materialized (
    select l, h.ready_at
    from taskq_private.lanes as l
    join taskq_private.queues as q on q.queue = l.queue and q.paused_at is null
    cross join lateral (
      select r.ready_at from taskq_private.ready_jobs as r where r.lane_id = l.lane_id order by r.ready_at, r.job_id limit 1
    ) as h
  ), served as materialized (
    select h.l, count(w.worker_id) as workers, coalesce(bool_or(taskq_private.could_run(w, h.l)), false) as fits
    from head as h
    left join taskq_private.workers as w
      on w.status = 'active' and (h.l).type = any (w.types) and (w.queues is null or (h.l).queue = any (w.queues))
    group by h.l
  ), needed as materialized (
    select distinct substr(k.key, 6) as pool
    from head as h
    cross join lateral jsonb_object_keys(taskq_private.lane_needs(h.l)) as k (key)
    where k.key like 'pool:%'
  ), full_pool as materialized (
    select p.pool
    from (select taskq_private.pool_free(array(select n.pool from needed as n)) as free) as f
    join taskq_private.resource_pools as p on (f.free ->> ('pool:' || p.pool))::numeric <= 0
    where p.refill_per_second is null
  ), unsettled as materialized (
    select u.job_id, f.finished_at
    from (select o.job_id from taskq_private.unsettled_jobs as o order by o.job_id limit 1000) as u
    left join taskq_private.finished_jobs as f on f.job_id = u.job_id
  )
  select 'oldest_ready', coalesce(extract(epoch from measure_queue_health.now - min(h.ready_at)), 0),
    (array_agg(format('type %s of queue %s', (h.l).type, (h.l).queue) order by h.ready_at))[1]
  from head as h where h.ready_at < 'infinity'
  union all
  select 'no_worker', count(distinct (s.l).type), string_agg(distinct (s.l).type, ', ') from served as s where s.workers = 0
  union all
  select 'too_large', count(*), min(format(
    'type %s of queue %s asks for %s cpu, %s MB%s', (s.l).type, (s.l).queue, trim_scale((s.l).cpu_units), (s.l).memory_mb,
    nullif(' and ' || (s.l).resources::text, ' and {}')
  )) from served as s where s.workers > 0 and not s.fits
  union all
  select 'full_pools', count(*), string_agg(p.pool, ', ' order by p.pool) from full_pool as p
  union all
  select 'suspects', count(*), min(s.job_id::text) from taskq_private.suspects as s
  union all
  select 'unsettled_graphs', coalesce(extract(epoch from measure_queue_health.now - min(u.finished_at)), 0), min(u.job_id::text) from unsettled as u;
$$;
comment on function taskq_private.measure_queue_health(timestamptz) is 'Figures for check_health() about what waits.';
--! EndIncluded 8_read/measure_queue_health.sql
--! Included 8_read/measure_work_health.sql
-- Of who works and how it goes: the workers, the last 10,000 ends of an hour, and the trace that each tick leaves (measure_types).
create or replace function taskq_private.measure_work_health(now timestamptz)
returns table (check_name text, value numeric, found text)
language sql
stable
as $$
  with lost as materialized (
    select w.name from taskq_private.workers as w
    where w.status = 'lost' and w.ended_at > measure_work_health.now - interval '15 minutes'
  ), ended as materialized (
    select f.lane_id, f.status
    from taskq_private.finished_jobs as f
    where f.finished_at > measure_work_health.now - interval '1 hour'
    order by f.finished_at desc
    limit 10000
  ), failing as materialized (
    select l.type, round(100.0 * count(*) filter (where e.status = 'failed') / count(*), 1) as percent
    from ended as e
    join taskq_private.lanes as l on l.lane_id = e.lane_id
    where e.status in ('completed', 'failed')
    group by l.type
    having count(*) >= 10
  )
  select 'lost_workers', count(*), string_agg(distinct o.name, ', ') from lost as o
  union all
  select 'failing_types', coalesce(max(f.percent), 0), string_agg(format('%s %s%%', f.type, f.percent), ', ' order by f.percent desc) filter (where f.percent >= 20)
  from failing as f
  union all
  select 'last_tick', extract(epoch from measure_work_health.now - coalesce(max(t.measured_at), min(t.registered_at))), null from taskq_private.task_types as t;
$$;
comment on function taskq_private.measure_work_health(timestamptz) is 'Figures for check_health() about workers, failures and ticks.';
--! EndIncluded 8_read/measure_work_health.sql
--! Included 8_read/measure_server_health.sql
-- Of PostgreSQL itself. A session's age is null to a role without pg_read_all_stats, and so is the answer then.
create or replace function taskq_private.measure_server_health(now timestamptz)
returns table (check_name text, value numeric, found text)
language sql
stable
as $$
  with snapshot as materialized (
    select a.xact_start as since, format('session %s of %s', a.pid, a.usename) as holder
    from pg_stat_activity as a
    where (a.datname = current_database() or a.datname is null) and a.pid <> pg_backend_pid() and num_nonnulls(a.backend_xmin, a.backend_xid) > 0
      and a.backend_type <> 'autovacuum worker' and pg_has_role(current_user, 'pg_read_all_stats', 'usage')
    union all
    select p.prepared, format('prepared transaction %s', p.gid) from pg_prepared_xacts as p where p.database = current_database()
  ), hot as materialized (
    select c.oid, c.relname, c.reloptions, pg_stat_get_dead_tuples(c.oid) as dead
    from pg_class as c where c.relnamespace = 'taskq_private'::regnamespace and c.relkind = 'r'
  ), used as materialized (
    select format('numbers of %s', s.sequencename) as name, 100.0 * s.last_value / s.max_value as percent
    from pg_sequences as s where s.schemaname = 'taskq_private'
    union all
    select 'transaction ids', 100.0 * age(d.datfrozenxid) / 2147483647 from pg_database as d where d.datname = current_database()
  ), late as materialized (
    select format('%s: the next period is not open', p.family) as what, measure_server_health.now - p.starts_at as late_by
    from taskq_private.history_periods as p where p.ends_at = 'infinity'
    union all
    select format('%s: period %s is not dropped', p.family, p.name),
      measure_server_health.now - p.ends_at - taskq_private.history_ttl(p.family) - 2 * taskq_private.history_length(p.family)
    from taskq_private.history_periods as p where isfinite(p.starts_at) and p.ends_at <> 'infinity'
  )
  select 'oldest_snapshot',
    case when count(s.since) > 0 or pg_has_role(current_user, 'pg_read_all_stats', 'usage')
      then coalesce(extract(epoch from measure_server_health.now - min(s.since)), 0) end,
    (array_agg(s.holder order by s.since))[1]
  from snapshot as s
  union all
  select 'idle_slots', count(*), string_agg(r.slot_name, ', ') from pg_replication_slots as r where not r.active
  union all
  select 'dead_rows', coalesce(max(h.dead), 0), (array_agg(h.relname order by h.dead desc))[1] from hot as h
  union all
  select 'autovacuum_off', count(*), string_agg(h.relname, ', ' order by h.relname)
  from hot as h where not current_setting('autovacuum')::boolean or h.reloptions && '{autovacuum_enabled=false,autovacuum_enabled=off,autovacuum_enabled=0}'
  union all
  select 'number_room', round(max(u.percent), 1), (array_agg(u.name order by u.percent desc nulls last))[1] from used as u
  union all
  select 'history', greatest(extract(epoch from max(l.late_by)), 0), (array_agg(l.what order by l.late_by desc))[1] from late as l
  union all
  select 'notification_queue', round(100 * pg_notification_queue_usage()::numeric, 1), null;
$$;
comment on function taskq_private.measure_server_health(timestamptz) is 'Figures for check_health() about PostgreSQL.';
--! EndIncluded 8_read/measure_server_health.sql
--! Included 8_read/health_limits.sql
create or replace function taskq_private.health_limits()
returns table (place bigint, check_name text, unit text, warn_at numeric, critical_at numeric, hint text, unknown text)
language sql
immutable
as $$
  select row_number() over (), v.*
  from (values
    ('last_tick', 'seconds', 150, 600, 'Nothing calls tick(): start a server or a worker, or call select * from taskq.tick() each second.', 'No type is registered yet: start a worker.'),
    ('no_worker', 'types', 1, null, 'Jobs are ready that no live worker runs: start workers for these types and queues (TASKQ_TASKS, WORKER_QUEUES), or cancel the jobs.', null),
    ('too_large', 'lanes', 1, null, 'No live worker is large enough: raise one with taskq.set_worker_capacity(), start a larger one, or submit with less.', null),
    ('oldest_ready', 'seconds', 300, 3600, 'select * from taskq.explain_job() of a job of it says what it waits for; select taskq.simulate(extra_workers => 1) what more workers would change.', null),
    ('full_pools', 'pools', 1, null, 'Jobs wait for these: select * from taskq.list_pools(); taskq.set_pool() or set_limit() raises them.', null),
    ('lost_workers', 'workers', 1, 5, 'Workers died in the last 15 minutes; their jobs run elsewhere. Look at their machines: memory, restarts, network.', null),
    ('suspects', 'jobs', 1, 100, 'Two workers died while they ran these; each now runs alone. Look at its payload and at what its handler takes.', null),
    ('failing_types', 'percent', 20, 80, 'select error ->> ''message'', count(*) from taskq.dead_letters where type = … group by 1 says why; retry_dead_letters() runs them again.', null),
    ('unsettled_graphs', 'seconds', 60, 600, 'Dependents of an ended job are told in chunks by claims and ticks: see that workers claim and tick() runs.', null),
    ('oldest_snapshot', 'seconds', 300, 3600, 'What claims delete cannot be removed while it lasts. End it: select pg_terminate_backend(pid), or rollback prepared.', 'Sessions of others are hidden: grant pg_read_all_stats to taskq_owner.'),
    ('idle_slots', 'slots', 1, null, 'Nobody reads these replication slots, so log and dead rows pile up behind them: start their readers or pg_drop_replication_slot().', null),
    ('dead_rows', 'rows', 1000000, 10000000, 'Autovacuum does not keep up: look at oldest_snapshot, idle_slots and autovacuum_off first, then vacuum the table.', null),
    ('autovacuum_off', 'tables', 1, null, 'Tables of a queue need it: alter table … reset (autovacuum_enabled), or set autovacuum = on.', null),
    ('notification_queue', 'percent', 1, 25, 'A session that listens does not read, so wake-ups come late: look in pg_stat_activity for an old transaction of one that did LISTEN, and end it.', null),
    ('number_room', 'percent', 50, 80, 'Transaction ids: vacuum freeze, and see oldest_snapshot. Numbers of lanes: give jobs fewer different resource requirements.', null),
    ('history', 'seconds', 600, 86400, 'tick() could not have the tables of history, or much of a period must stay: look at its warnings in PostgreSQL''s log.', null)
  ) as v (check_name, unit, warn_at, critical_at, hint, unknown);
$$;
comment on function taskq_private.health_limits() is 'The checks of check_health() in the order in which they matter: unit, limits, and what to do.';
--! EndIncluded 8_read/health_limits.sql
--! Included 8_read/check_health.sql
-- The figures against their limits. A figure that cannot be had is unknown, and says how to have it.
create or replace function taskq.check_health()
returns table (check_name text, status text, value numeric, unit text, warn_at numeric, critical_at numeric, found text, hint text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := taskq_private.clock();
begin
  perform taskq_private.check_scope();
  return query
    with measured as (
      select * from taskq_private.measure_queue_health(v_now)
      union all select * from taskq_private.measure_work_health(v_now)
      union all select * from taskq_private.measure_server_health(v_now)
    )
    select k.check_name, s.status, trim_scale(round(m.value, 1)), k.unit, k.warn_at, k.critical_at, case when s.status <> 'ok' then m.found end,
      case s.status when 'ok' then null when 'unknown' then k.unknown else k.hint end
    from taskq_private.health_limits() as k
    left join measured as m on m.check_name = k.check_name
    cross join lateral (
      select case when m.value is null then 'unknown' when m.value >= k.critical_at then 'critical' when m.value >= k.warn_at then 'warn' else 'ok' end
    ) as s (status)
    order by array_position(array['critical', 'warn', 'unknown', 'ok'], s.status), k.place;
end;
$$;
comment on function taskq.check_health() is
  'What is not as it should be, worst first: a row a check with its value, when it warns and when it is critical, what was found, and what to do next. The view taskq.health shows the same. Example: select check_name, value, unit, found, hint from taskq.health where status <> ''ok''.';
--! EndIncluded 8_read/check_health.sql
--! Included 8_read/health.sql
create or replace view taskq.health as
select h.check_name, h.status, h.value, h.unit, h.warn_at, h.critical_at, h.found, h.hint
from taskq.check_health() as h;
comment on column taskq.health.check_name is 'What is looked at.';
comment on column taskq.health.status is 'ok, warn, critical, or unknown where it cannot be seen.';
comment on column taskq.health.value is 'The figure.';
comment on column taskq.health.unit is 'What it counts.';
comment on column taskq.health.warn_at is 'From this value on it warns.';
comment on column taskq.health.critical_at is 'From this value on it is critical; null for never.';
comment on column taskq.health.found is 'The worst that was found.';
comment on column taskq.health.hint is 'What to do next.';
comment on view taskq.health is
  'Is anything wrong? A row a check, worst first. Example: select * from taskq.health where status <> ''ok''.';
--! EndIncluded 8_read/health.sql
--! Included 8_read/read_events.sql
-- For readers of the stream. Event ids become visible out of order, so a reader asks for what is after its position and for
-- the ids that it has not seen yet; an id still missing when no transaction older than `next_xid` (as of when it was first
-- missed) is under way, that is when `horizon` has passed it, will never come.
create or replace function taskq.read_events(since bigint, missing bigint[] default '{}', max_events integer default 500)
returns json
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with batch as (
    (select e.* from taskq_private.job_events as e where e.event_id > since order by e.event_id limit max_events)
    union all
    select e.* from taskq_private.job_events as e where e.event_id = any (missing)
  )
  select json_build_object(
    'horizon', pg_snapshot_xmin(pg_current_snapshot())::text,
    'next_xid', pg_snapshot_xmax(pg_current_snapshot())::text,
    'events', coalesce((
      select json_agg(json_build_object(
        'id', b.event_id, 'at', b.at, 'event', b.event, 'queue', case when taskq_private.sees_queue(b.queue) then b.queue end,
        'workflow_id', case when taskq_private.sees_queue(null) then b.workflow_id end,
        'jobs', (
          select json_agg(json_build_object(
            'job_id', u.job_id, 'type', l.type, 'queue', l.queue, 'priority', l.priority, 'attempt', u.attempt, 'data', u.data
          ) order by u.position)
          from rows from (unnest(b.job_ids), unnest(b.lane_ids), unnest(b.attempts), jsonb_array_elements(taskq_private.shown(b.data)))
            with ordinality as u (job_id, lane_id, attempt, data, position)
          join taskq_private.lanes as l on l.lane_id = u.lane_id and taskq_private.sees_queue(l.queue)
        )
      ) order by b.event_id)
      from batch as b
    ), '[]')
  );
$$;
comment on function taskq.read_events(bigint, bigint[], integer) is
  'Events after a position, and missing ones that have come since, as {"horizon", "next_xid", "events": [{"id", "at", "event", "queue", "workflow_id", "jobs": [...]}]}. Example: select taskq.read_events(since => 0, max_events => 10).';
--! EndIncluded 8_read/read_events.sql
--! Included 8_read/stream_position.sql
create or replace function taskq.stream_position(out last_event_id bigint, out first_event_id bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(max(e.event_id), 0), coalesce(min(e.event_id), 0) from taskq_private.job_events as e;
$$;
comment on function taskq.stream_position() is 'The newest and the oldest event that can be read. Example: select * from taskq.stream_position().';
--! EndIncluded 8_read/stream_position.sql
--! Included 8_read/stream_gaps.sql
-- For a reader that begins at the end of the stream. Ids that are not there may be of transactions that are still under way, however
-- many events have come since: one statement, so that what is missing and what is under way are seen at the same moment.
create or replace function taskq.stream_gaps(out last_event_id bigint, out missing bigint[], out next_xid text, out horizon text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with ends as (
    select coalesce(max(e.event_id), 0) as last, coalesce(min(e.event_id), 1) as first from taskq_private.job_events as e
  )
  select
    ends.last,
    array(
      select g.id from generate_series(greatest(ends.last - 9999, ends.first), ends.last) as g (id)
      except
      select e.event_id from taskq_private.job_events as e where e.event_id > ends.last - 10000
    ),
    pg_snapshot_xmax(pg_current_snapshot())::text,
    pg_snapshot_xmin(pg_current_snapshot())::text
  from ends;
$$;
comment on function taskq.stream_gaps() is
  'The newest event, and the ids before it (10,000 back) that may still come: next_xid and horizon are as in read_events(). Example: select * from taskq.stream_gaps().';
--! EndIncluded 8_read/stream_gaps.sql
--! Included 8_read/late_events.sql
-- An event may commit after one with a higher id was delivered. Whoever resumes after id N may have missed those whose
-- transaction was under way when N was written; they are delivered again. So is N itself if it tells of several jobs: its
-- reader may have got only some of them.
create or replace function taskq.late_events(since bigint)
returns bigint[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select e.event_id
    from taskq_private.job_events as e
    where e.event_id <= since
      and e.event_id > since - 10000
      and (e.event_id <> since or cardinality(e.job_ids) > 1)
      and e.xid >= (select o.horizon from taskq_private.job_events as o where o.event_id = since)
    order by e.event_id
  );
$$;
comment on function taskq.late_events(bigint) is 'The events before this one that its reader may not have seen. Example: select taskq.late_events(1000).';
--! EndIncluded 8_read/late_events.sql
--! Included 8_read/check_schedule_invariants.sql
create or replace function taskq_private.check_schedule_invariants()
returns setof text
language sql
stable
as $$
  select format('tick %s of schedule %s has %s jobs', j.metadata ->> 'scheduled_for', j.metadata ->> 'schedule', count(*))
  from taskq_private.job_specs as j
  where j.metadata ? 'scheduled_for' and j.created_by = 'schedule:' || (j.metadata ->> 'schedule')
  group by j.metadata ->> 'schedule', j.metadata ->> 'scheduled_for' having count(*) > 1
  union all
  select format('schedule %s waits for %s, which is no tick of it', s.name, s.next_run_at)
  from taskq_private.schedules as s
  where s.next_run_at is not null and taskq_private.tick_after(s, s.next_run_at - interval '1 microsecond') is distinct from s.next_run_at;
$$;
comment on function taskq_private.check_schedule_invariants() is 'Breaches of what must hold of schedules, as sentences.';
--! EndIncluded 8_read/check_schedule_invariants.sql
--! Included 8_read/check_invariants.sql
-- What must hold whenever no transaction is under way. Tests and the fault suite call it; it reads everything.
create or replace function taskq_private.check_invariants()
returns setof text
language sql
stable
as $$
  select format('job %s is in %s places: %s', p.job_id, count(*), array_agg(p.status)) from taskq_private.places as p group by p.job_id having count(*) > 1
  union all
  select format('job %s is nowhere', s.job_id)
  from taskq_private.job_specs as s where not exists (select from taskq_private.places as p where p.job_id = s.job_id)
  union all
  select format('job %s has a place and no spec', p.job_id)
  from (
    select f.job_id from taskq_private.finished_jobs as f
    union all select w.job_id from taskq_private.waiting_jobs as w
    union all select r.job_id from taskq_private.ready_jobs as r
    union all select u.job_id from taskq_private.claims as c cross join unnest(c.job_ids) as u (job_id)
  ) as p
  where not exists (select from taskq_private.job_specs as s where s.job_id = p.job_id)
  union all
  select format('job %s is in lane %s, its spec says %s', p.job_id, p.lane_id, s.lane_id)
  from taskq_private.places as p join taskq_private.job_specs as s on s.job_id = p.job_id where s.lane_id <> p.lane_id
  union all
  select format('job %s counts %s dependencies and has %s unsatisfied', w.job_id, w.remaining_dependencies, count(d.job_id))
  from taskq_private.waiting_jobs as w
  left join taskq_private.job_dependencies as d on d.job_id = w.job_id and not d.satisfied
  group by w.job_id, w.remaining_dependencies having w.remaining_dependencies <> count(d.job_id)
  union all
  select format('job %s is blocked and waits for nothing', w.job_id)
  from taskq_private.waiting_jobs as w
  where w.status = 'blocked' and w.remaining_dependencies = 0 and not exists (select from taskq_private.keyed_jobs as j where j.job_id = w.job_id)
  union all
  select format('job %s is %s with unsatisfied dependency %s', p.job_id, p.status, d.depends_on_id)
  from taskq_private.places as p join taskq_private.job_dependencies as d on d.job_id = p.job_id
  where not d.satisfied and p.status not in ('blocked', 'cancelled')
  union all
  select format('job %s waits for job %s, which is %s', d.job_id, d.depends_on_id, f.status)
  from taskq_private.waiting_jobs as w
  join taskq_private.job_specs as s on s.job_id = w.job_id
  join taskq_private.job_dependencies as d on d.job_id = w.job_id and not d.satisfied
  join taskq_private.finished_jobs as f on f.job_id = d.depends_on_id
  where (taskq_private.satisfies(f.status, d.condition) or s.on_dependency_failure = 'cancel' or f.status = 'completed')
    and not exists (select from taskq_private.unsettled_jobs as u where u.job_id = d.depends_on_id)
  union all
  select format('workflow %s counts %s jobs that have not ended and has %s', w.workflow_id, w.unfinished_count, count(s.job_id))
  from taskq.workflows as w
  left join taskq_private.job_specs as s
    on s.workflow_id = w.workflow_id and not exists (select from taskq_private.finished_jobs as f where f.job_id = s.job_id)
  group by w.workflow_id, w.unfinished_count having w.unfinished_count <> count(s.job_id)
  union all
  select r.breach from taskq_private.check_resource_invariants() as r (breach)
  union all
  select r.breach from taskq_private.check_schedule_invariants() as r (breach)
  union all
  select format('worker %s has ended and holds claim %s', w.name, c.claim_id)
  from taskq_private.claims as c join taskq_private.workers as w on w.worker_id = c.worker_id where w.status in ('stopped', 'lost')
  union all
  select format('idempotency key %s names job %s, which is gone', k.idempotency_key, k.job_id)
  from taskq_private.idempotency_keys as k where not exists (select from taskq_private.job_specs as s where s.job_id = k.job_id)
  union all
  select format('job %s was asked to stop and is not running', r.job_id)
  from taskq_private.cancel_requests as r
  where not exists (select from taskq_private.claims as c where c.claim_id = r.claim_id and c.job_ids @> array[r.job_id])
  union all
  select format('job %s reports progress and is not running', g.job_id)
  from taskq_private.job_progress as g where not exists (select from taskq_private.claims as c where c.job_ids @> array[g.job_id]);
$$;
comment on function taskq_private.check_invariants() is 'Every breach of an invariant, as a sentence; none in a sound database.';
--! EndIncluded 8_read/check_invariants.sql
--! Included 9_grants.sql
-- Who may do what: exposure is a grant, by audience. Functions are never PUBLIC (default privileges of migration 1).

grant usage on schema taskq to taskq_reader, taskq_client, taskq_worker;
grant usage on type taskq.job_status, taskq.attempt_outcome, taskq.log_level, taskq.worker_status,
  taskq.dependency_condition, taskq.dependency_failure_policy,
  taskq.workflow_status to taskq_reader, taskq_client, taskq_worker;

-- who looks
grant select on
  taskq.jobs, taskq.job_executions, taskq.job_logs, taskq.dead_letters, taskq.job_dependencies, taskq.workflows, taskq.concurrency_keys, taskq.task_types, taskq.queues, taskq.workers, taskq.schedules
to taskq_reader;
grant execute on function
  taskq.get_job, taskq.get_jobs, taskq.list_jobs, taskq.page_jobs, taskq.count_jobs, taskq.job_statistics, taskq.explain_job, taskq.parent_results,
  taskq.list_workflows, taskq.get_workflow, taskq.job_graph, taskq.critical_path, taskq.graph_mermaid,
  taskq.next_runs, taskq.preview_schedule, taskq.list_pools, taskq.claim_preview, taskq.simulate,
  taskq.read_events, taskq.stream_position, taskq.stream_gaps, taskq.late_events, taskq.redact
to taskq_reader;

-- views call these for whoever looks; without usage of their schema nobody can call them by name
grant execute on function taskq_private.sees_queue, taskq_private.shown, taskq_private.shown_text to taskq_reader;
-- who looks at how the queue is
grant select on taskq.status, taskq.top, taskq.health to taskq_reader;
grant execute on function taskq.read_status, taskq.list_running, taskq.check_health, taskq.list_type_times to taskq_reader;

-- who submits

grant execute on function
  taskq.submit_job, taskq.submit_jobs, taskq.submit_each, taskq.add_dependency, taskq.cancel_job, taskq.cancel_workflow
to taskq_client;

-- who runs jobs; sees none but those it claims
grant execute on function
  taskq.register_worker, taskq.register_task_types, taskq.hold_worker_session, taskq.claim_next_job, taskq.heartbeat, taskq.log_jobs,
  taskq.report_progress, taskq.parent_results, taskq.complete_job, taskq.fail_job, taskq.stop_worker, taskq.release_unknown_claims,
  taskq.tick
to taskq_worker;

-- who operates
grant execute on function
  taskq.retry_job, taskq.retry_workflow, taskq.retry_dead_letters, taskq.discard_job, taskq.discard_dead_letters, taskq.pause_queue, taskq.resume_queue,
  taskq.set_queue_aging, taskq.drain_worker, taskq.set_worker_capacity, taskq.set_pool, taskq.set_rate, taskq.delete_pool,
  taskq.set_schedule, taskq.delete_schedule, taskq.pause_schedule, taskq.resume_schedule, taskq.run_schedule,
  taskq.set_limit, taskq.set_rate_limit, taskq.set_concurrency_limit, taskq.tick, taskq.authenticate, taskq.has_api_key,
  taskq.authenticate_api_key, taskq.live_api_keys, taskq.issue_ticket, taskq.redeem_ticket
to taskq_operator;
grant select on taskq.audit_log to taskq_operator;

-- who operates by hand
grant execute on function taskq.undrain_worker, taskq.cancel_queue to taskq_operator;

-- who administers
grant execute on function taskq.configure, taskq.create_api_key, taskq.issue_api_key, taskq.rotate_api_key, taskq.revoke_api_key to taskq_admin;
grant select on taskq.api_keys to taskq_admin;
--! EndIncluded 9_grants.sql

create trigger tg_audit_log__append_only before update or delete or truncate on taskq_private.audit_log
for each statement execute function taskq_private.tg_audit_log__append_only();

reset role;
