-- Who holds the lease of an instance.
-- Index: oban_peers_pkey.
SELECT node
FROM {prefix}.oban_peers
WHERE name = $2::text AND expires_at > coalesce($1::timestamp, timezone('UTC', now()))
