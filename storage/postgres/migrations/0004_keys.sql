-- By which the installation's key is recognised.
CREATE TABLE installation (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    key_check TEXT COLLATE "C" NOT NULL
);

-- Which keys stored mail needs, and what is still under an old one.
CREATE INDEX raw_message_encoding ON raw_message (encoding);
CREATE INDEX held_encoding ON held (encoding);
CREATE INDEX operator_mail_encoding ON operator_mail (encoding);
