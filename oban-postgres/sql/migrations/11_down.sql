-- Removes the leases.
DROP TABLE IF EXISTS {prefix}.oban_peers;
