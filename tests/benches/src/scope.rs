//! The unit tree of every customer, and the scopes of the users' grants.

/// Number of units of each organization: one root, three below it, and three below each of those.
pub const UNITS: usize = 13;
/// Number of the first unit of the lowest level.
const LOWEST: usize = 4;

/// The scope of a user's grant.
#[derive(Debug, Clone, Copy)]
pub enum Scope {
    /// The whole organization.
    All,
    /// A unit with all units below it.
    Unit(usize),
    /// Two resources.
    Resources([usize; 2]),
}

impl Scope {
    /// Returns the scope of a user, by number.
    pub fn of(user: usize) -> Self {
        match user % 5 {
            0 => Self::All,
            1 | 2 => Self::Unit(1 + user % 3),
            _ => Self::Resources([user * 7, user * 7 + 1]),
        }
    }

    /// Formats the scope for the document.
    pub fn text(self) -> String {
        match self {
            Self::All => "ALL".to_owned(),
            Self::Unit(unit) => format!("{{units: [n{unit}]}}"),
            Self::Resources([first, second]) => format!("{{resources: [r{first}, r{second}]}}"),
        }
    }

    /// Returns true if the scope covers a resource.
    pub fn covers(self, resource: usize) -> bool {
        match self {
            Self::All => true,
            Self::Unit(unit) => above(unit_of(resource)) == Some(unit),
            Self::Resources(resources) => resources.contains(&resource),
        }
    }
}

/// Returns the parent of a unit.
pub fn above(unit: usize) -> Option<usize> {
    unit.checked_sub(1).map(|before| before / 3)
}

/// Returns the unit of a resource.
pub fn unit_of(resource: usize) -> usize {
    LOWEST + resource % (UNITS - LOWEST)
}
