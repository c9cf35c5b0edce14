-- Whether every job is done. Waiting jobs are looked for first, on idx_apalis_jobs_fetch_partial, because nothing indexes
-- the other states: only when none waits is the table scanned, for one that is still claimed, runs or has failed.
SELECT CASE
    WHEN EXISTS (SELECT FROM apalis.jobs WHERE status = 'Pending') THEN false
    ELSE NOT EXISTS (SELECT FROM apalis.jobs WHERE status <> 'Done')
END
