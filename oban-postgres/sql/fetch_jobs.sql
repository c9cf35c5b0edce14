-- Makes up to $2 available jobs of one queue executing.
-- Index: oban_jobs_pkey; oban_jobs_available_index (lean), oban_jobs_state_queue_priority_scheduled_at_id_index (elixir).
-- The CTE is a fence: a plain sub-select may be evaluated again and take more rows than the limit.
-- Ids go through an array, because a join with the CTE turns into a hash join over the whole table.
-- The position is where the scan of the index begins: while any old transaction is open, the entries of all jobs taken
-- since stand before the first one that is left, and none can be cleared away.
-- Behind a position, rows that a transaction of this moment has touched are passed over at sight: it has begun after
-- the snapshot, or is in its list. Other nodes are taking them, and SKIP LOCKED would find that out row by row in the
-- table of locks. xmax names the last transaction that locked a row or changed it; where several have locked one
-- together, the number has another meaning, so a search from the start, id 0, leaves all to SKIP LOCKED.
-- Jobs without attempts left are left out inside, or a few of them would block the queue.
WITH subset AS (
  SELECT id
  FROM {prefix}.oban_jobs
  WHERE state = 'available' AND queue = $3::text AND attempt < max_attempts
    AND (priority, scheduled_at, id) > ($6::integer, $7::timestamp, $8::bigint)
    AND (
      $8::bigint = 0
      OR xmax = '0'::xid
      OR age(xmax) > (SELECT age(pg_snapshot_xmax(pg_current_snapshot())::xid))
        AND xmax <> ALL (ARRAY(SELECT pg_snapshot_xip(pg_current_snapshot())::xid))
    )
  ORDER BY priority, scheduled_at, id
  LIMIT $2::bigint
  FOR UPDATE SKIP LOCKED
)
UPDATE {prefix}.oban_jobs
SET state = 'executing',
    attempt = attempt + 1,
    attempted_at = coalesce($1::timestamp, timezone('UTC', now())),
    attempted_by = ARRAY[$4::text, $5::text]
WHERE id = ANY (ARRAY(SELECT id FROM subset))
RETURNING id, state::text, queue, worker, args, errors, attempt, max_attempts, priority, tags, meta,
          attempted_by, inserted_at, scheduled_at, attempted_at, completed_at, cancelled_at, discarded_at
