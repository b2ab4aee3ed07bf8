//! Asks Mandate: may this user of this customer do this, here, now?
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use mandate_client::{Client, Options, Question};
//!
//! # async fn example(key: String, ca: Vec<u8>, token: String) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("https://mandate.internal:7700")
//!     .key(key)
//!     .ca_certificate(ca)
//!     .timeout(Duration::from_millis(250))
//!     .build()?;
//!
//! let question = Question::new(
//!     "users/jan-peeters",
//!     "fleet.billing.view",
//!     "organizations/transport-janssens/resources/+32470000001",
//! );
//! if client.check(&question).await?.is_allowed() {
//!     // Show the bill.
//! }
//!
//! // After a change, with the token that it returned, no answer is older than the change.
//! let fresh = Options::at_least_as_fresh(token);
//! let decision = client.check_with(&question, &fresh).await?;
//! println!("{:?}", decision.reason());
//! # Ok(())
//! # }
//! ```
//!
//! One client serves a whole process: clone it. [`GuardLayer`] guards a service with one line.
//!
//! # The path of a question
//!
//! Answers in memory and in Redis are valid for any context ([`Question::given`]): an answer that
//! depended on a condition of a grant is neither shared nor reused.
//!
//! 1. From the memory of the client ([`Builder::local_cache`]), until the lease of the answer ends.
//! 2. From Redis ([`Builder::decisions_in_redis`]), if the decision is there and the revisions read
//!    with it prove that it is current.
//! 3. By a backend: the questions of all callers travel on one stream to each backend, as many in a
//!    message as are queued. A backend without streams gets unary calls.
//!
//! A question that demands freshness goes directly to a backend. Every address of every endpoint is
//! a backend. The client picks the less loaded of two, and avoids one that failed for a short time.
//! It retries a question when a backend cannot be reached, within the deadline and a budget.
//!
//! **An error is never an allow**, and errors are not cached.

mod asker;
mod attempt;
mod backend;
mod backends;
mod batch;
mod builder;
mod client;
mod context;
mod decision;
mod error;
mod failure;
mod guard;
mod key;
mod lane;
mod local;
mod measure;
mod question;
mod redis;
mod slots;

pub use balance::{Dns, EndpointError, Resolve, Resolving};
pub use builder::{BuildError, Builder};
pub use client::Client;
pub use context::{Context, Value};
pub use decision::{Decision, Reason};
pub use error::{Error, Violation};
pub use guard::{Guard, GuardLayer};
pub use measure::Counts;
pub use question::{Consistency, Options, Question};
