-- Suspended jobs count as scheduled. Values cannot be taken out of a type.
UPDATE {prefix}.oban_jobs SET state = 'scheduled' WHERE state = 'suspended';
