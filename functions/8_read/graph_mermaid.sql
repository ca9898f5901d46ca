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
