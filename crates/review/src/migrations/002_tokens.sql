-- What programs show instead of a session; the token itself is not kept.
CREATE TABLE tokens (
    token_hash BLOB PRIMARY KEY,
    user       TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms    INTEGER,
    UNIQUE (user, name)
) STRICT, WITHOUT ROWID;
