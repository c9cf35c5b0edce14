-- Whether every job is done. All states but 'completed' are listed, as `<>` could not use
-- river_job_prioritized_fetching_index, which begins with the state.
SELECT NOT EXISTS (
    SELECT FROM river_job
    WHERE state IN ('available', 'cancelled', 'discarded', 'pending', 'retryable', 'running', 'scheduled')
)
