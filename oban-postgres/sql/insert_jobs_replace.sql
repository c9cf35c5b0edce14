-- Lets a stored job take over parts of a duplicate, unless its state has changed since it was found.
-- Index: oban_jobs_pkey.
UPDATE {prefix}.oban_jobs
SET args = $3::jsonb,
    meta = $4::jsonb,
    tags = $5::text[],
    queue = $6::text,
    worker = $7::text,
    priority = $8::integer,
    max_attempts = greatest($9::integer, attempt),
    scheduled_at = $10::timestamp
WHERE id = $1::bigint AND state = $2::{prefix}.oban_job_state
