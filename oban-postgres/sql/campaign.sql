-- Takes the lease of an instance, or extends it. Returns a row when this candidate leads.
-- Index: oban_peers_pkey.
INSERT INTO {prefix}.oban_peers AS peer (name, node, started_at, expires_at)
VALUES ($2::text, $3::text, coalesce($1::timestamp, timezone('UTC', now())),
        coalesce($1::timestamp, timezone('UTC', now())) + $4::bigint * interval '1 microsecond')
ON CONFLICT (name) DO UPDATE
SET node = excluded.node,
    started_at = CASE WHEN peer.node = excluded.node THEN peer.started_at ELSE excluded.started_at END,
    expires_at = excluded.expires_at
WHERE peer.node = excluded.node OR peer.expires_at <= excluded.started_at
RETURNING name
