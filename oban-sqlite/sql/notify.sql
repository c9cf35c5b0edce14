-- Publishes one hint to the other processes. Part of the transaction it tells of, and undone with it.
-- Index: none.
INSERT INTO oban_notifications (origin, channel, payload) VALUES (:origin, :channel, :payload)
