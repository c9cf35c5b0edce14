-- Leases of leaders. Unlogged: a crash of the server loses leases, and the next election makes new ones.
CREATE UNLOGGED TABLE IF NOT EXISTS {prefix}.oban_peers (
  name text PRIMARY KEY,
  node text NOT NULL,
  started_at timestamp NOT NULL,
  expires_at timestamp NOT NULL
);
