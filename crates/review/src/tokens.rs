//! Tokens with which programs act for a user.
//!
//! A token is 256 random bits, shown once; the store keeps its hash only. It can do what its user's
//! role allows *and* its scopes name, so it loses what the user loses. What it does stands in the
//! trail as done by `user/token`.

use rusqlite::{OptionalExtension as _, params};

use crate::audit;
use crate::limits::{DAY_MS, MINUTE_MS};
use crate::people::{Actor, User, is_name, new_token, read_user, token_hash};
use crate::store::{Store, StoreError};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenScope {
    /// Flags, codes, notes and decisions.
    Read,
    /// Orders.
    Export,
    /// Deciding, and writing notes.
    Decide,
    /// Holding commission with a decision.
    Hold,
    /// The trail.
    Trail,
}

impl TokenScope {
    /// Every scope.
    pub const ALL: [TokenScope; 5] = [
        TokenScope::Read,
        TokenScope::Export,
        TokenScope::Decide,
        TokenScope::Hold,
        TokenScope::Trail,
    ];

    /// The word in the store, in forms and in the description of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenScope::Read => "read",
            TokenScope::Export => "export",
            TokenScope::Decide => "decide",
            TokenScope::Hold => "hold",
            TokenScope::Trail => "trail",
        }
    }

    fn parse(word: &str) -> Option<TokenScope> {
        TokenScope::ALL
            .into_iter()
            .find(|scope| scope.as_str() == word)
    }
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// The user it acts for.
    pub user: String,
    /// What it is called, once for each user; letters as in a user's name.
    pub name: String,
    /// What it is for.
    pub scopes: Vec<TokenScope>,
    /// Days until it ends, from 1 to [`TOKEN_DAYS_MAX`].
    pub days: u32,
}

/// A token as it is listed: without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// The user it acts for.
    pub user: String,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub scopes: Vec<TokenScope>,
    /// When it ends, wall time in milliseconds.
    pub expires_ms: i64,
    /// When it was last used, to about a minute.
    pub used_ms: Option<i64>,
}

/// Who shows a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHolder {
    /// The user, under the name `user/token`.
    pub user: User,
    /// What the token is for.
    pub scopes: Vec<TokenScope>,
}

/// Longest life of a token, in days.
pub const TOKEN_DAYS_MAX: u32 = 366;
/// Tokens that there can be at once.
pub const TOKENS_MAX: u32 = 200;

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name has other characters or another length.
    #[error("a token's name has 2 to 64 letters, digits and . - _ @")]
    Name,
    /// The user has a token of this name.
    #[error("the user has a token of this name")]
    Taken,
    /// There is no such user.
    #[error("there is no such user")]
    User,
    /// It would be good for nothing.
    #[error("a token needs a scope")]
    Scopes,
    /// It would live too long, or not at all.
    #[error("a token lives from 1 to {TOKEN_DAYS_MAX} days")]
    Days,
    /// There are enough.
    #[error("there are {TOKENS_MAX} tokens: end one first")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for TokenError {
    fn from(error: rusqlite::Error) -> Self {
        TokenError::Store(error.into())
    }
}

impl Store {
    /// Makes a token and gives it out, this once.
    ///
    /// # Errors
    /// Name, user, scopes or days are refused, or the store cannot be written.
    pub fn add_token(
        &self,
        wanted: &NewToken,
        by: &Actor,
        now_ms: i64,
    ) -> Result<String, TokenError> {
        if !is_name(&wanted.name) {
            return Err(TokenError::Name);
        }
        if wanted.scopes.is_empty() {
            return Err(TokenError::Scopes);
        }
        if !(1..=TOKEN_DAYS_MAX).contains(&wanted.days) {
            return Err(TokenError::Days);
        }
        let token = new_token()?;
        let expires_ms = now_ms + i64::from(wanted.days) * DAY_MS;
        self.write(|transaction| {
            transaction.execute("DELETE FROM tokens WHERE expires_ms <= ?1", [now_ms])?;
            let (is_user, count): (bool, u32) = transaction.query_row(
                "SELECT EXISTS (SELECT 1 FROM users WHERE name = ?1), (SELECT COUNT(*) FROM tokens)",
                [&wanted.user],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            if !is_user {
                return Err(TokenError::User);
            }
            if count >= TOKENS_MAX {
                return Err(TokenError::TooMany);
            }
            let scopes = written(&wanted.scopes);
            let made = transaction.execute(
                "INSERT INTO tokens (token_hash, user, name, scopes, created_ms, expires_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
                params![token_hash(&token), wanted.user, wanted.name, scopes, now_ms, expires_ms],
            )?;
            if made == 0 {
                return Err(TokenError::Taken);
            }
            let object = actor_name(&wanted.user, &wanted.name);
            let detail = serde_json::json!({ "scopes": scopes, "days": wanted.days });
            audit::write(transaction, by, "add token", &object, &detail, now_ms)?;
            Ok(())
        })?;
        Ok(token)
    }

    /// Tokens that have not ended, by user and name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn tokens(&self, now_ms: i64) -> Result<Vec<TokenRecord>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT user, name, scopes, expires_ms, used_ms FROM tokens
                 WHERE expires_ms > ?1 ORDER BY user, name",
            )?;
            let tokens = query.query_map([now_ms], |row| {
                Ok(TokenRecord {
                    user: row.get(0)?,
                    name: row.get(1)?,
                    scopes: read_scopes(&row.get::<_, String>(2)?),
                    expires_ms: row.get(3)?,
                    used_ms: row.get(4)?,
                })
            })?;
            Ok(tokens.collect::<Result<_, _>>()?)
        })
    }

    /// Ends a token at once; whether there was one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn end_token(
        &self,
        user: &str,
        name: &str,
        by: &Actor,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let ended = transaction.execute(
                "DELETE FROM tokens WHERE user = ?1 AND name = ?2",
                [user, name],
            )?;
            if ended > 0 {
                let object = actor_name(user, name);
                audit::write(transaction, by, "end token", &object, &(), now_ms)?;
            }
            Ok(ended > 0)
        })
    }

    /// Who shows this token, if it has not ended and its user may sign in.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn token_holder(
        &self,
        token: &str,
        now_ms: i64,
    ) -> Result<Option<TokenHolder>, StoreError> {
        let hash = token_hash(token);
        let found = self.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT users.name, role, merchant, disabled, tokens.name, scopes, used_ms
                     FROM tokens JOIN users ON users.name = tokens.user
                     WHERE token_hash = ?1 AND expires_ms > ?2 AND disabled = 0",
                )?
                .query_row(params![hash, now_ms], |row| {
                    Ok((
                        read_user(row)?,
                        row.get::<_, String>(4)?,
                        row.get::<_, String>(5)?,
                        row.get::<_, Option<i64>>(6)?,
                    ))
                })
                .optional()?)
        })?;
        let Some((mut user, name, scopes, used_ms)) = found else {
            return Ok(None);
        };
        // Once a minute tells an unused token from a used one, and spares the disk.
        if used_ms.is_none_or(|used_ms| now_ms >= used_ms + MINUTE_MS) {
            self.write(|transaction| {
                transaction.execute(
                    "UPDATE tokens SET used_ms = ?2 WHERE token_hash = ?1",
                    params![hash, now_ms],
                )?;
                Ok::<_, StoreError>(())
            })?;
        }
        user.name = actor_name(&user.name, &name);
        Ok(Some(TokenHolder {
            user,
            scopes: read_scopes(&scopes),
        }))
    }
}

/// No user has a slash in the name, so nobody can be called like a token.
fn actor_name(user: &str, token: &str) -> String {
    format!("{user}/{token}")
}

fn written(scopes: &[TokenScope]) -> String {
    let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    words.join(" ")
}

/// A scope of a later version gives nothing.
fn read_scopes(text: &str) -> Vec<TokenScope> {
    text.split(' ').filter_map(TokenScope::parse).collect()
}
