-- Takes the lease of an instance if it is free, has expired, or is this candidate's. Changes one row, or none.
-- Index: PRIMARY KEY
INSERT INTO oban_peers (name, node, uuid, started_at, expires_at)
VALUES (:name, :node, :uuid, :now, :expires_at)
ON CONFLICT (name) DO UPDATE
SET node = excluded.node,
    uuid = excluded.uuid,
    started_at = iif(uuid = excluded.uuid, started_at, excluded.started_at),
    expires_at = excluded.expires_at
WHERE uuid = excluded.uuid OR expires_at <= :now
