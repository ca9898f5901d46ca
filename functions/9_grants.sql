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
