/** What the catalog must not hold; partitions are as their tables are. `find` answers what breaks the rule, `broken` makes an example that does. */
export interface CatalogRule {
	find: string
	broken: string
}

const ours = `in ('taskq'::regnamespace, 'taskq_private'::regnamespace)`
const body = `language sql immutable as $$ select 1 $$`

export const catalogRules: Record<string, CatalogRule> = {
	'every function has a comment': {
		find: `select p.oid::regprocedure::text as name from pg_proc as p where p.pronamespace ${ours} and obj_description(p.oid, 'pg_proc') is null`,
		broken: `create function taskq_private.broken() returns integer ${body}`,
	},
	'every function of schema taskq ends its comment with an example': {
		find: `select p.proname as name from pg_proc as p where p.pronamespace = 'taskq'::regnamespace
			and coalesce(obj_description(p.oid, 'pg_proc'), '') !~ '\\. Example(:|, .*?:) (select|table) .*$'`,
		broken: `comment on function taskq.tick() is 'Does things.'`,
	},
	'every table and view has a comment': {
		find: `select c.oid::regclass::text as name from pg_class as c
			where c.relnamespace ${ours} and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition and obj_description(c.oid, 'pg_class') is null`,
		broken: 'create view taskq.broken as select 1 as one',
	},
	'every column of a table has a comment': {
		find: `select a.attrelid::regclass || '.' || a.attname as name from pg_attribute as a join pg_class as c on c.oid = a.attrelid
			where c.relnamespace ${ours} and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0 and not a.attisdropped
				and col_description(a.attrelid, a.attnum) is null`,
		broken: 'alter table taskq_private.claims add column broken text',
	},
	'every column of a view of schema taskq has a comment': {
		find: `select a.attrelid::regclass || '.' || a.attname as name from pg_attribute as a join pg_class as c on c.oid = a.attrelid
			where c.relnamespace = 'taskq'::regnamespace and c.relkind = 'v' and a.attnum > 0 and col_description(a.attrelid, a.attnum) is null`,
		broken: `create view taskq.broken as select 1 as one; comment on view taskq.broken is 'x'`,
	},
	'every type has a comment': {
		find: `select t.oid::regtype::text as name from pg_type as t left join pg_class as c on c.oid = t.typrelid
			where t.typnamespace ${ours} and (t.typtype in ('e', 'd') or (t.typtype = 'c' and c.relkind = 'c')) and obj_description(t.oid, 'pg_type') is null`,
		broken: `create type taskq.broken as enum ('a')`,
	},
	'both schemas have a comment': {
		find: `select n.nspname as name from pg_namespace as n where n.oid ${ours} and obj_description(n.oid, 'pg_namespace') is null`,
		broken: 'comment on schema taskq is null',
	},
	'every function of schema taskq is security definer, and none of taskq_private is': {
		find: `select p.oid::regprocedure::text as name from pg_proc as p where p.pronamespace ${ours} and p.prosecdef <> (p.pronamespace = 'taskq'::regnamespace)`,
		broken: `create function taskq.broken() returns integer ${body}`,
	},
	'every security definer function pins search_path, pg_temp last': {
		find: `select p.oid::regprocedure::text as name from pg_proc as p where p.prosecdef and p.pronamespace ${ours}
			and not exists (select from unnest(p.proconfig) as s (setting) where s.setting ~ '^search_path=.*pg_temp"?$')`,
		broken: `create function taskq.broken() returns integer language sql immutable security definer set search_path = pg_temp, pg_catalog as $$ select 1 $$`,
	},
	'no security definer function looks anywhere but in pg_catalog': {
		find: `select p.oid::regprocedure::text as name from pg_proc as p where p.prosecdef and p.pronamespace ${ours}
			and not 'search_path=pg_catalog, pg_temp' = any (p.proconfig)`,
		broken: `create function taskq.broken() returns integer language sql immutable security definer set search_path = public, pg_temp as $$ select 1 $$`,
	},
	'a function that runs with the rights of whoever looks binds its names when it is made, not by their search_path': {
		find: `select p.oid::regprocedure::text as name from pg_proc as p where not p.prosecdef and p.pronamespace ${ours} and p.prosqlbody is null
			and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where a.grantee <> p.proowner)`,
		broken: 'grant execute on function taskq_private.covers to taskq_reader',
	},
	'the owner of everything cannot log in, and has no power beyond what it owns': {
		find: `select r.rolname as name from pg_roles as r where r.rolname = 'taskq_owner' and (r.rolcanlogin or r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolreplication)`,
		broken: 'alter role taskq_owner bypassrls',
	},
	'a function that is yet to be made is not for PUBLIC': {
		find: `select 'taskq_owner' as name where not exists (
			select from pg_default_acl as d where d.defaclrole = 'taskq_owner'::regrole and d.defaclobjtype = 'f' and d.defaclnamespace = 0
				and not exists (select from aclexplode(d.defaclacl) as a where a.grantee = 0))`,
		broken: 'alter default privileges for role taskq_owner grant execute on functions to public',
	},
	'no function has overloads': {
		find: `select p.pronamespace::regnamespace || '.' || p.proname as name from pg_proc as p where p.pronamespace ${ours}
			group by p.pronamespace, p.proname having count(*) > 1`,
		broken: `create function taskq_private.clock(integer) returns integer ${body}`,
	},
	'PUBLIC may execute no function': {
		find: `select p.oid::regprocedure::text as name from pg_proc as p cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
			where p.pronamespace ${ours} and a.grantee = 0`,
		broken: 'grant execute on function taskq.tick to public',
	},
	'everything belongs to taskq_owner': {
		find: `select c.oid::regclass::text as name from pg_class as c where c.relnamespace ${ours} and c.relowner <> 'taskq_owner'::regrole
			union all select p.oid::regprocedure::text from pg_proc as p where p.pronamespace ${ours} and p.proowner <> 'taskq_owner'::regrole`,
		broken: 'create table taskq_private.broken (id integer)',
	},
	'every foreign key has an index that begins with its columns': {
		find: `select k.conname as name from pg_constraint as k where k.contype = 'f' and k.connamespace ${ours} and k.conparentid = 0
			and not exists (
				select from pg_index as i
				where i.indrelid = k.conrelid and i.indpred is null
					and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] <@ k.conkey
			)`,
		broken: 'alter table taskq_private.job_logs add column lane_id integer constraint fk_job_logs_lane_id references taskq_private.lanes',
	},
	'constraints are named pk_ fk_ unique_ check_ and their table': {
		find: `select k.conrelid::regclass || ': ' || k.conname as name from pg_constraint as k join pg_class as c on c.oid = k.conrelid
			where k.connamespace ${ours} and not c.relispartition and k.contype in ('p', 'f', 'u', 'c', 'x') and case k.contype
				when 'p' then k.conname <> 'pk_' || c.relname
				else not starts_with(k.conname, case k.contype when 'f' then 'fk_' when 'u' then 'unique_' else 'check_' end || c.relname || '_') end`,
		broken: 'alter table taskq_private.claims add check (claim_id > 0)',
	},
	'indexes are named index_ and their table': {
		find: `select i.indexrelid::regclass::text as name from pg_index as i join pg_class as c on c.oid = i.indrelid join pg_class as x on x.oid = i.indexrelid
			where c.relnamespace ${ours} and not c.relispartition and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
				and not starts_with(x.relname, 'index_' || c.relname || '_')`,
		broken: 'create index on taskq_private.claims (claimed_at)',
	},
	'instants are timestamptz and named _at or _since': {
		find: `select a.attrelid::regclass || '.' || a.attname as name from pg_attribute as a join pg_class as c on c.oid = a.attrelid
			where c.relnamespace ${ours} and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0 and not a.attisdropped
				and (a.atttypid in ('timestamp'::regtype, 'date'::regtype, 'time'::regtype)
					or (a.atttypid = 'timestamptz'::regtype) <> (a.attname ~ '(^|_)(at|since)$'))`,
		broken: 'alter table taskq_private.claims add column created timestamptz',
	},
}
