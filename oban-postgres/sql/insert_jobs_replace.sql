-- Lets stored jobs take over parts of their duplicates, except those whose state has changed since they were found.
-- Index: oban_jobs_pkey.
UPDATE {prefix}.oban_jobs AS job
SET args = given.args,
    meta = given.meta,
    tags = given.tags::text[],
    queue = given.queue,
    worker = given.worker,
    priority = given.priority,
    max_attempts = greatest(given.max_attempts, job.attempt),
    scheduled_at = given.scheduled_at
FROM unnest($1::bigint[], $2::text[], $3::jsonb[], $4::jsonb[], $5::text[], $6::text[], $7::text[], $8::integer[],
            $9::integer[], $10::timestamp[])
     AS given(id, state, args, meta, tags, queue, worker, priority, max_attempts, scheduled_at)
WHERE job.id = given.id AND job.state = given.state::{prefix}.oban_job_state
RETURNING job.id
