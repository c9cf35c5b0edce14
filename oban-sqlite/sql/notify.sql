-- Publishes one hint. Part of the transaction it tells of, and undone with it.
-- Index: none.
INSERT INTO oban_notifications (channel, payload) VALUES (:channel, :payload)
