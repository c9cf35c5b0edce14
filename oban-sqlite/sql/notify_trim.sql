-- Deletes all but the newest hints. Who has not read one by then is told that it missed some.
-- Index: INTEGER PRIMARY KEY
DELETE FROM oban_notifications WHERE id <= :last
