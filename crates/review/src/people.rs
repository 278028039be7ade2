//! Users, what they may be, and their sessions.
//!
//! A session's token is 256 random bits; the store keeps its hash only, so that a copy of the file
//! opens no session.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use sha2::{Digest as _, Sha256};

use crate::audit;
use crate::limits::{HOUR_MS, MINUTE_MS};
use crate::password::{self, PasswordFault, check_new_password};
use crate::store::{Scope, Store, StoreError};

/// What somebody may do, coarsely; the console has the table of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Decides, annotates, exports.
    Analyst,
    /// Holds and releases money too.
    Lead,
    /// Reads what is about one merchant's codes.
    Merchant,
    /// Everything, and users.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] = [
        Role::Viewer,
        Role::Analyst,
        Role::Lead,
        Role::Merchant,
        Role::Admin,
    ];

    /// The word in the store and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Analyst => "analyst",
            Role::Lead => "lead",
            Role::Merchant => "merchant",
            Role::Admin => "admin",
        }
    }

    /// The role of this word.
    pub fn parse(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// Who does something, for the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Name.
    pub name: String,
    /// Role at that time.
    pub role: Role,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Name, unique.
    pub name: String,
    /// Role.
    pub role: Role,
    /// The merchant of a [`Role::Merchant`].
    pub merchant: Option<String>,
    /// May not sign in.
    pub disabled: bool,
}

impl User {
    /// As actor.
    pub fn actor(&self) -> Actor {
        Actor {
            name: self.name.clone(),
            role: self.role,
        }
    }

    /// What the user may see. A merchant's user without a merchant sees nothing.
    pub fn scope(&self) -> Scope {
        match self.role {
            Role::Merchant => Scope::Merchant(self.merchant.clone().unwrap_or_default()),
            Role::Viewer | Role::Analyst | Role::Lead | Role::Admin => Scope::All,
        }
    }
}

/// A user to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Name: 2 to 64 letters, digits, `.`, `-`, `_`, `@`.
    pub name: String,
    /// Password.
    pub password: String,
    /// Role.
    pub role: Role,
    /// The merchant of a [`Role::Merchant`].
    pub merchant: Option<String>,
}

/// A session that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What the browser keeps; not stored here.
    pub token: String,
    /// Whose it is.
    pub user: User,
}

/// What became of an attempt to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// Begun.
    Begun(Box<Session>),
    /// Wrong name or password, or disabled.
    Refused,
}

/// Why a user was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The name has other characters or another length.
    #[error("a name has 2 to 64 letters, digits and . - _ @")]
    Name,
    /// It is taken.
    #[error("this name is taken")]
    Taken,
    /// A merchant's user needs a merchant.
    #[error("say which merchant this user belongs to")]
    Merchant,
    /// The password is refused.
    #[error("the password is {0}")]
    Password(#[from] PasswordFault),
    /// The token is wrong, used or too old.
    #[error("the set-up link is wrong, used or older than 15 minutes")]
    Token,
    /// Nobody would be left to manage users.
    #[error("the last admin stays")]
    LastAdmin,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for UserError {
    fn from(error: rusqlite::Error) -> Self {
        UserError::Store(error.into())
    }
}

/// How long the token for the first admin is good.
const SETUP_MS: i64 = 15 * MINUTE_MS;
const SETUP: &str = "setup_token_hash";
const SETUP_UNTIL: &str = "setup_until_ms";

impl Store {
    /// Whether there is any user.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn has_users(&self) -> Result<bool, StoreError> {
        self.read(|connection| {
            Ok(
                connection
                    .query_row("SELECT EXISTS (SELECT 1 FROM users)", [], |row| row.get(0))?,
            )
        })
    }

    /// A token with which the first admin can be made, once, for 15 minutes. An earlier one is
    /// void.
    ///
    /// # Errors
    /// The store cannot be written, or there is no chance to be had.
    pub fn new_setup_token(&self, now_ms: i64) -> Result<String, StoreError> {
        let token = new_token()?;
        self.write(|transaction| {
            crate::feed::set_fact(transaction, SETUP, &hex(&token_hash(&token)))?;
            crate::feed::set_fact(transaction, SETUP_UNTIL, &(now_ms + SETUP_MS).to_string())
        })?;
        Ok(token)
    }

    /// Makes the first admin.
    ///
    /// # Errors
    /// The token is not good, there are users already, or name or password are refused.
    pub fn set_up(
        &self,
        token: &str,
        name: &str,
        password: &str,
        now_ms: i64,
    ) -> Result<User, UserError> {
        let user = NewUser {
            name: name.to_owned(),
            password: password.to_owned(),
            role: Role::Admin,
            merchant: None,
        };
        check(&user)?;
        let hashed = password::hash(password)?;
        self.write(|transaction| {
            let stored: Option<String> = transaction
                .query_row("SELECT value FROM facts WHERE name = ?1", [SETUP], |row| {
                    row.get(0)
                })
                .optional()?;
            let until_ms = crate::feed::fact(transaction, SETUP_UNTIL)?.unwrap_or(0);
            let is_good = stored
                .is_some_and(|stored| same(stored.as_bytes(), hex(&token_hash(token)).as_bytes()));
            let has_users: bool =
                transaction
                    .query_row("SELECT EXISTS (SELECT 1 FROM users)", [], |row| row.get(0))?;
            if !is_good || until_ms <= now_ms || has_users {
                return Err(UserError::Token);
            }
            transaction.execute("DELETE FROM facts WHERE name = ?1", [SETUP])?;
            let actor = Actor {
                name: user.name.clone(),
                role: Role::Admin,
            };
            insert(transaction, &user, &hashed, &actor, now_ms)
        })
    }

    /// Makes a user.
    ///
    /// # Errors
    /// Name or password are refused, or the store cannot be written.
    pub fn add_user(&self, user: &NewUser, by: &Actor, now_ms: i64) -> Result<User, UserError> {
        check(user)?;
        let hashed = password::hash(&user.password)?;
        self.write(|transaction| insert(transaction, user, &hashed, by, now_ms))
    }

    /// Changes role, merchant and whether a user may sign in; sessions of the user end.
    ///
    /// # Errors
    /// Nobody could manage users afterwards, or the store cannot be written.
    pub fn change_user(&self, user: &User, by: &Actor, now_ms: i64) -> Result<(), UserError> {
        if user.role == Role::Merchant && user.merchant.as_deref().unwrap_or("").is_empty() {
            return Err(UserError::Merchant);
        }
        self.write(|transaction| {
            transaction.execute(
                "UPDATE users SET role = ?2, merchant = ?3, disabled = ?4 WHERE name = ?1",
                params![user.name, user.role.as_str(), user.merchant, user.disabled],
            )?;
            let admins: u32 = transaction.query_row(
                "SELECT COUNT(*) FROM users WHERE role = 'admin' AND disabled = 0",
                [],
                |row| row.get(0),
            )?;
            if admins == 0 {
                return Err(UserError::LastAdmin);
            }
            transaction.execute("DELETE FROM sessions WHERE user = ?1", [&user.name])?;
            let detail = serde_json::json!({
                "role": user.role.as_str(), "merchant": user.merchant, "disabled": user.disabled
            });
            audit::write(transaction, by, "change user", &user.name, &detail, now_ms)?;
            Ok(())
        })
    }

    /// Every user, by name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        self.read(|connection| {
            let mut query = connection
                .prepare("SELECT name, role, merchant, disabled FROM users ORDER BY name")?;
            let users = query.query_map([], read_user)?;
            Ok(users.collect::<Result<_, _>>()?)
        })
    }

    /// Begins a session if name and password are right. Takes as long when the name is unknown.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn sign_in(&self, name: &str, password: &str, now_ms: i64) -> Result<SignIn, StoreError> {
        let known =
            self.read(|connection| {
                Ok(connection
                .prepare_cached(
                    "SELECT name, role, merchant, disabled, password FROM users WHERE name = ?1",
                )?
                .query_row([name], |row| Ok((read_user(row)?, row.get::<_, String>(4)?)))
                .optional()?)
            })?;
        let (user, stored) = match known {
            Some((user, stored)) => (Some(user), stored),
            None => (None, NOBODYS_HASH.to_owned()),
        };
        let is_right = password::matches(password, &stored);
        let Some(user) = user.filter(|user| is_right && !user.disabled) else {
            return Ok(SignIn::Refused);
        };
        let token = new_token()?;
        self.write(|transaction| {
            transaction.execute(
                "DELETE FROM sessions WHERE created_ms < ?1",
                [now_ms - self.session_ms_max()],
            )?;
            transaction.execute(
                "INSERT INTO sessions (token_hash, user, created_ms, used_ms) VALUES (?1, ?2, ?3, ?3)",
                params![token_hash(&token), user.name, now_ms],
            )?;
            audit::write(transaction, &user.actor(), "sign in", &user.name, &(), now_ms)
        })?;
        Ok(SignIn::Begun(Box::new(Session { token, user })))
    }

    /// Whose session this is, if it still runs.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn session_user(&self, token: &str, now_ms: i64) -> Result<Option<User>, StoreError> {
        let hash = token_hash(token);
        let found = self.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT name, role, merchant, disabled, sessions.created_ms, used_ms
                     FROM sessions JOIN users ON users.name = sessions.user WHERE token_hash = ?1",
                )?
                .query_row([&hash[..]], |row| {
                    Ok((
                        read_user(row)?,
                        row.get::<_, i64>(4)?,
                        row.get::<_, i64>(5)?,
                    ))
                })
                .optional()?)
        })?;
        let Some((user, created_ms, used_ms)) = found else {
            return Ok(None);
        };
        let idle_ms = i64::from(self.limits.session_idle_minutes) * MINUTE_MS;
        if user.disabled
            || now_ms >= used_ms + idle_ms
            || now_ms >= created_ms + self.session_ms_max()
        {
            return Ok(None);
        }
        // Once a minute is exact enough for an idle time of minutes, and spares the disk.
        if now_ms >= used_ms + MINUTE_MS {
            self.write(|transaction| {
                transaction.execute(
                    "UPDATE sessions SET used_ms = ?2 WHERE token_hash = ?1",
                    params![hash, now_ms],
                )?;
                Ok::<_, StoreError>(())
            })?;
        }
        Ok(Some(user))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn sign_out(&self, token: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "DELETE FROM sessions WHERE token_hash = ?1",
                [token_hash(token)],
            )?;
            Ok(())
        })
    }

    /// Ends every session but those of the actor.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn end_sessions(&self, by: &Actor, now_ms: i64) -> Result<u64, StoreError> {
        self.write(|transaction| {
            let ended = transaction.execute("DELETE FROM sessions WHERE user <> ?1", [&by.name])?;
            audit::write(transaction, by, "end sessions", "", &ended, now_ms)?;
            Ok(ended as u64)
        })
    }

    fn session_ms_max(&self) -> i64 {
        i64::from(self.limits.session_hours_max) * HOUR_MS
    }
}

/// A hash of a password that nobody has, so that unknown names take as long as known ones.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$cHJvbW9ndWFyZC1ub2JvZHk$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether something may be called so: 2 to 64 letters, digits, `.`, `-`, `_`, `@`.
pub(crate) fn is_name(name: &str) -> bool {
    let is_allowed = |letter: char| letter.is_alphanumeric() || ".-_@".contains(letter);
    (2..=64).contains(&name.chars().count()) && name.chars().all(is_allowed)
}

fn check(user: &NewUser) -> Result<(), UserError> {
    if !is_name(&user.name) {
        return Err(UserError::Name);
    }
    if user.role == Role::Merchant && user.merchant.as_deref().unwrap_or("").is_empty() {
        return Err(UserError::Merchant);
    }
    Ok(check_new_password(&user.password)?)
}

fn insert(
    transaction: &Transaction<'_>,
    user: &NewUser,
    hashed: &str,
    by: &Actor,
    now_ms: i64,
) -> Result<User, UserError> {
    let made = transaction.execute(
        "INSERT INTO users (name, password, role, merchant, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
        params![user.name, hashed, user.role.as_str(), user.merchant, now_ms],
    )?;
    if made == 0 {
        return Err(UserError::Taken);
    }
    let detail = serde_json::json!({ "role": user.role.as_str(), "merchant": user.merchant });
    audit::write(transaction, by, "add user", &user.name, &detail, now_ms)?;
    Ok(User {
        name: user.name.clone(),
        role: user.role,
        merchant: user.merchant.clone(),
        disabled: false,
    })
}

pub(crate) fn read_user(row: &rusqlite::Row<'_>) -> Result<User, rusqlite::Error> {
    let role: String = row.get(1)?;
    Ok(User {
        name: row.get(0)?,
        // A role of a later version may do the least.
        role: Role::parse(&role).unwrap_or(Role::Merchant),
        merchant: row.get(2)?,
        disabled: row.get(3)?,
    })
}

pub(crate) fn new_token() -> Result<String, StoreError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(StoreError::Chance)?;
    Ok(hex(&bytes))
}

pub(crate) fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes as long wherever the two differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    let difference = one
        .iter()
        .zip(other)
        .fold(0, |sum, (one, other)| sum | (one ^ other));
    one.len() == other.len() && difference == 0
}

/// Names of merchants that have codes, for the form of a user.
pub(crate) fn merchants(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut query =
        connection.prepare_cached("SELECT DISTINCT merchant FROM codes ORDER BY 1 LIMIT 1000")?;
    let merchants = query.query_map([], |row| row.get(0))?;
    Ok(merchants.collect::<Result<_, _>>()?)
}
