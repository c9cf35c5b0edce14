-- Oban dropped a function that version 2 had made.
DROP FUNCTION IF EXISTS {prefix}.oban_wrap_id(bigint);
