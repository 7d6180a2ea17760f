-- The newest event of all accounts, and the oldest that isn't announced yet, are asked for all the time.
CREATE INDEX outbox_order ON outbox (recorded_in, id);
