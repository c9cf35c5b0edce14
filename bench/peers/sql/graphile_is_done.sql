-- Whether every job is done. A job is deleted when it is, and stays when it has failed, so any row says no.
SELECT NOT EXISTS (SELECT FROM graphile_worker._private_jobs)
