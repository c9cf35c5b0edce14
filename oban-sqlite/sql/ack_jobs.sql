-- Finishes one execution in any way, if the row still is that execution.
-- Index: INTEGER PRIMARY KEY
--
-- :scheduled_at, :error, :meta and :counter are NULL when the outcome leaves them alone. :meta never holds
-- null or nested values, so json_patch merges its keys as they are. Broken JSON of another writer is replaced: it
-- would fail the whole batch, now and at every retry.
UPDATE oban_jobs
SET state = :state,
    attempt = attempt - :refund,
    scheduled_at = coalesce(:scheduled_at, scheduled_at),
    completed_at = iif(:state = 'completed', :now, completed_at),
    discarded_at = iif(:state = 'discarded', :now, discarded_at),
    cancelled_at = iif(:state = 'cancelled', :now, cancelled_at),
    errors = iif(:error IS NULL, errors, json_insert(iif(json_valid(errors), errors, '[]'), '$[#]', json(:error))),
    meta = CASE
      WHEN :meta IS NOT NULL THEN json_patch(iif(json_valid(meta), meta, '{}'), :meta)
      WHEN :counter IS NULL THEN meta
      WHEN NOT json_valid(meta) THEN json_object(:counter, 1)
      ELSE json_set(
        meta,
        '$.' || :counter,
        1 + iif(json_type(meta, '$.' || :counter) = 'integer', meta ->> :counter, 0)
      )
    END
WHERE id = :id AND state = 'executing' AND attempt = :attempt AND attempted_at IS :attempted_at
RETURNING queue
