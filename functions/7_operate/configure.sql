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
