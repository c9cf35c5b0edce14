-- Finishes one execution in any way, if the row still is that execution.
-- Index: INTEGER PRIMARY KEY
--
-- :scheduled_at, :error, :meta, :replaced and :counter are NULL when the outcome leaves them alone. :meta is a JSON
-- object with at least one key, and :replaced holds null for each of its keys. json_patch, which drops such keys, would
-- merge what is nested and drop what is null in :meta itself, so :meta is appended as text to what is left. Broken JSON
-- of another writer is replaced: it would fail the whole batch, now and at every retry.
UPDATE oban_jobs
SET state = :state,
    attempt = attempt - :refund,
    scheduled_at = coalesce(:scheduled_at, scheduled_at),
    completed_at = iif(:state = 'completed', :now, completed_at),
    discarded_at = iif(:state = 'discarded', :now, discarded_at),
    cancelled_at = iif(:state = 'cancelled', :now, cancelled_at),
    errors = CASE
      WHEN NOT json_valid(errors) THEN iif(:error IS NULL, '[]', json_array(json(:error)))
      WHEN :error IS NOT NULL THEN json_insert(errors, '$[#]', json(:error))
      ELSE errors
    END,
    meta = CASE
      WHEN :meta IS NULL AND :counter IS NULL THEN iif(json_valid(meta), meta, '{}')
      ELSE (
        SELECT iif(
          :counter IS NULL,
          merged,
          json_set(
            merged,
            '$.' || :counter,
            1 + iif(json_type(own, '$.' || :counter) = 'integer', own ->> :counter, 0)
          )
        )
        FROM (
          SELECT own,
            CASE
              WHEN :meta IS NULL THEN kept
              WHEN kept = '{}' THEN :meta
              ELSE substr(kept, 1, length(kept) - 1) || ',' || substr(:meta, 2)
            END AS merged
          FROM (SELECT own, json_patch(own, coalesce(:replaced, '{}')) AS kept
            FROM (SELECT iif(json_valid(oban_jobs.meta), oban_jobs.meta, '{}') AS own))
        )
      )
    END
WHERE id = :id AND state = 'executing' AND attempt = :attempt AND attempted_at IS :attempted_at
RETURNING queue
