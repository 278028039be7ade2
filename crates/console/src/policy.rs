//! Who may do what: the one table.

use promoguard_review::{Role, TokenScope};

/// What a page needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Nothing: anybody may call it.
    Public,
    /// Being signed in.
    SignedIn,
    /// Seeing flags and codes; of one merchant only, for its own users.
    Read,
    /// Seeing how good the flags were, and how the system runs.
    Watch,
    /// Taking lists away as files.
    Export,
    /// Claiming and deciding flags, and writing notes.
    Decide,
    /// Holding and releasing commission.
    Hold,
    /// Reading the trail.
    Trail,
    /// Seeing records as they came; they may hold personal data.
    DeadLetters,
    /// Users and sessions of others.
    People,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Permission; 10] = [
        Permission::Public,
        Permission::SignedIn,
        Permission::Read,
        Permission::Watch,
        Permission::Export,
        Permission::Decide,
        Permission::Hold,
        Permission::Trail,
        Permission::DeadLetters,
        Permission::People,
    ];
}

/// Whether a role has a permission. What is not named here is denied.
#[expect(
    clippy::match_like_matches_macro,
    reason = "reads as the table that it is"
)]
pub const fn allows(role: Role, permission: Permission) -> bool {
    use Permission::{
        DeadLetters, Decide, Export, Hold, People, Public, Read, SignedIn, Trail, Watch,
    };
    match (role, permission) {
        (_, Public | SignedIn | Read) => true,
        (Role::Viewer, Watch) => true,
        (Role::Analyst, Watch | Export | Decide) => true,
        (Role::Lead, Watch | Export | Decide | Hold | Trail) => true,
        (Role::Merchant, Export) => true,
        (Role::Admin, Watch | Export | Decide | Hold | Trail | DeadLetters | People) => true,
        _ => false,
    }
}

/// The scope that a token needs for a permission; `None` where no token will do.
pub const fn scope_of(permission: Permission) -> Option<TokenScope> {
    match permission {
        Permission::Read => Some(TokenScope::Read),
        Permission::Export => Some(TokenScope::Export),
        Permission::Decide => Some(TokenScope::Decide),
        Permission::Hold => Some(TokenScope::Hold),
        Permission::Trail => Some(TokenScope::Trail),
        Permission::Public
        | Permission::SignedIn
        | Permission::Watch
        | Permission::DeadLetters
        | Permission::People => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_what_its_work_needs_and_no_more() {
        let check = |role, expected: &[Permission]| {
            let has: Vec<Permission> = Permission::ALL
                .into_iter()
                .filter(|permission| allows(role, *permission))
                .collect();
            assert_eq!(has, expected, "{role:?}");
        };
        use Permission::*;
        check(Role::Viewer, &[Public, SignedIn, Read, Watch]);
        check(Role::Merchant, &[Public, SignedIn, Read, Export]);
        check(
            Role::Analyst,
            &[Public, SignedIn, Read, Watch, Export, Decide],
        );
        check(
            Role::Lead,
            &[Public, SignedIn, Read, Watch, Export, Decide, Hold, Trail],
        );
        check(Role::Admin, &Permission::ALL);
    }
}
