-- Stores the jobs that follow as text.
-- Index: none is searched.
COPY oban_jobs (state, queue, worker, args, max_attempts) FROM STDIN
