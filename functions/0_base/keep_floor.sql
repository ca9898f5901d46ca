-- A full look may take a twentieth of the time, however many dead rows it meets: full_at is when the next one is due, 15
-- seconds from now at most.
create or replace function taskq_private.keep_floor(name text, old jsonb, began_at timestamptz, floor jsonb)
returns void
language plpgsql
volatile
as $$
declare
  v_now timestamptz := taskq_private.clock();
  v_full_at jsonb := coalesce(old -> 'full_at', to_jsonb(extract(epoch from v_now + least(20 * (v_now - began_at), interval '15 seconds'))));
begin
  if current_setting('transaction_isolation') = 'read committed' then -- else what others have done meanwhile was not seen
    perform set_config(name, (floor || jsonb_build_object('full_at', v_full_at))::text, false);
  end if;
end;
$$;
comment on function taskq_private.keep_floor(text, jsonb, timestamptz, jsonb) is 'Remembers where the next looks of this session may begin.';
