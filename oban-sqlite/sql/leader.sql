-- The node that leads an instance.
-- Index: PRIMARY KEY
SELECT node FROM oban_peers WHERE name = :name AND expires_at > :now
