-- A source that has been silent for more than so many hours is told of, once: 0 for never. silent_at: since when it has been.
ALTER TABLE source ADD COLUMN silence_hours INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN silent_at INTEGER;
