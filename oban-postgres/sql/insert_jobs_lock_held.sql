-- Whether the locks of unique jobs outlived the statement that took them, as they do in a transaction alone.
-- Index: none.
SELECT coalesce(current_setting('oban.holds_unique_locks', true) = 'yes', false) AS is_held
