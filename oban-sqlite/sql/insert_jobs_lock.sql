-- Changes nothing, but makes its transaction the one that writes, after waiting for others. A transaction that looks for
-- duplicates first and writes then would be refused at once while another one writes.
-- Index: none; no row is read
UPDATE oban_schema SET version = version WHERE FALSE
