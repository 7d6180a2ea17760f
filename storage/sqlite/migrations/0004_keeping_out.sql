-- Whether the never-log list keeps out every other copy of the message, too.
ALTER TABLE decision ADD COLUMN keeps_out INTEGER NOT NULL DEFAULT 0;

-- What an activity has left among threads and messages, to be found when it is taken back.
CREATE INDEX message_activity ON message (activity_id) WHERE activity_id IS NOT NULL;
CREATE INDEX thread_ref_activity ON thread_ref (activity_id) WHERE activity_id IS NOT NULL;
