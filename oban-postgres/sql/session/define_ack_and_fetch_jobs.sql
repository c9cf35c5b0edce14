-- Lets one round trip and one transaction report outcomes and fetch jobs. For one session: nothing of it is in the schema.
-- Indexes: those of ack_jobs.sql and fetch_jobs.sql, which stand here as they are, each a statement with a
-- snapshot of its own. One statement for both would fetch on a snapshot from before the acks, and has been seen to deadlock.
-- Parameters have no names, and columns go before variables, so that the statements mean here what they mean alone.
CREATE OR REPLACE FUNCTION pg_temp.oban_ack_and_fetch_jobs(
  timestamp, bigint[], integer[], timestamp[], text[], bigint[], text[], jsonb[], text[], boolean[],
  bigint, text, text, text, integer, timestamp, bigint
)
RETURNS TABLE (
  acked bigint[], id bigint, state text, queue text, worker text, args jsonb, errors jsonb[], attempt integer,
  max_attempts integer, priority integer, tags text[], meta jsonb, attempted_by text[], inserted_at timestamp,
  scheduled_at timestamp, attempted_at timestamp, completed_at timestamp, cancelled_at timestamp, discarded_at timestamp
)
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
BEGIN
  -- The first row: which outcomes were taken.
  WITH finished AS ({ack_jobs})
  SELECT array_agg(finished.id) INTO acked FROM finished;
  RETURN NEXT;
  -- The others: jobs.
  RETURN QUERY
    WITH fetched AS ({fetch_jobs})
    SELECT NULL::bigint[], job.id, job.state, job.queue, job.worker, job.args, job.errors, job.attempt,
           job.max_attempts, job.priority, job.tags::text[], job.meta, job.attempted_by, job.inserted_at,
           job.scheduled_at, job.attempted_at, job.completed_at, job.cancelled_at, job.discarded_at
    FROM fetched AS job;
END
$function$
