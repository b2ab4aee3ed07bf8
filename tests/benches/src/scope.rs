//! The tree of every customer, and where the grants of its users hold.

/// Units of each organization: one, three below it, and three below each of those.
pub const UNITS: usize = 13;
/// The number of the first of the lowest units.
const LOWEST: usize = 4;

/// Where the grant of a user holds.
#[derive(Debug, Clone, Copy)]
pub enum Scope {
    /// The whole organization.
    All,
    /// A unit with what is below it.
    Unit(usize),
    /// Two resources.
    Resources([usize; 2]),
}

impl Scope {
    /// That of a user, by number.
    pub fn of(user: usize) -> Self {
        match user % 5 {
            0 => Self::All,
            1 | 2 => Self::Unit(1 + user % 3),
            _ => Self::Resources([user * 7, user * 7 + 1]),
        }
    }

    /// As the document says it.
    pub fn text(self) -> String {
        match self {
            Self::All => "ALL".to_owned(),
            Self::Unit(unit) => format!("{{units: [n{unit}]}}"),
            Self::Resources([first, second]) => format!("{{resources: [r{first}, r{second}]}}"),
        }
    }

    /// Whether it covers a resource.
    pub fn covers(self, resource: usize) -> bool {
        match self {
            Self::All => true,
            Self::Unit(unit) => above(unit_of(resource)) == Some(unit),
            Self::Resources(resources) => resources.contains(&resource),
        }
    }
}

/// The unit above a unit.
pub fn above(unit: usize) -> Option<usize> {
    unit.checked_sub(1).map(|before| before / 3)
}

/// The unit that a resource belongs to.
pub fn unit_of(resource: usize) -> usize {
    LOWEST + resource % (UNITS - LOWEST)
}
