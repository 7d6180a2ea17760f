-- Whether the never-log list keeps out every other copy of the message, too.
ALTER TABLE decision ADD COLUMN keeps_out INTEGER NOT NULL DEFAULT 0;
