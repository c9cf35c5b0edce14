-- Gives the lease back and, if there was one, announces that with the transaction's commit.
-- Index: oban_peers_pkey.
WITH gone AS (
  DELETE FROM {prefix}.oban_peers WHERE name = $1::text AND node = $2::text RETURNING name
)
SELECT pg_notify($3::text, '{"down":' || to_json(name)::text || '}') FROM gone
