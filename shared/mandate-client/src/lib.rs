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
//! # How a question is answered
//!
//! What is kept and shared answers a question in any circumstances ([`Question::given`]): an answer
//! upon which a condition of a grant bore is given once, to who asked.
//!
//! 1. From the memory of the client ([`Builder::local_cache`]), for as long as the lease lasts
//!    under which the service gave the answer.
//! 2. From Redis ([`Builder::decisions_in_redis`]), if the decision is there and the revisions
//!    read with it say that it is current.
//! 3. By a backend: the questions of all callers travel on one stream to each, as many in a
//!    message as are there. A backend without streams is asked by unary calls.
//!
//! A question that demands freshness goes to a backend at once. Every address of every endpoint
//! is a backend; the less loaded of two is asked; one that fails is avoided for a moment. What
//! fails because a backend cannot be reached is asked again, within the deadline and a budget.
//!
//! **An error is never an allow**, and none is kept.

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
