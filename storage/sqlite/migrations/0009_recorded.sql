-- Decisions in the order in which they are to be read by who follows them.
CREATE VIEW recorded (position, id) AS SELECT rowid, id FROM decision;
