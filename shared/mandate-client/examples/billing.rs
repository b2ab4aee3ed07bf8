//! A service that shows bills, guarded with one line.
//!
//! In one terminal, start Mandate with its example portals:
//!
//! ```text
//! mandate dev
//! ```
//!
//! In another, start this example. The key of the first service account is in the folder that
//! `mandate dev` prints, by default `~/.local/share/mandate`:
//!
//! ```text
//! MANDATE_KEY_FILE=~/.local/share/mandate/root.key cargo run -p mandate-client --example billing
//! ```
//!
//! In a third, request a bill as a user who may view it, and as one who may not:
//!
//! ```text
//! curl -i -H 'x-user: jan-peeters' localhost:8080/transport-janssens/+32470000001
//! curl -i -H 'x-user: nobody' localhost:8080/transport-janssens/+32470000001
//! ```
//!
//! The example trusts the user named in the request, so that `curl` suffices to try it; a service
//! takes the user from the session.

use std::{env, error::Error, time::Duration};

use axum::{Router, extract::Path, routing::get};
use http::Request;
use mandate_client::{Client, GuardLayer, Question};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("MANDATE_URL").unwrap_or_else(|_| "http://127.0.0.1:7700".to_owned());
    let client = Client::builder(url)
        .key_file(env::var("MANDATE_KEY_FILE")?)
        .timeout(Duration::from_millis(250))
        .build()?;

    let service = Router::new()
        .route("/{organization}/{number}", get(bill))
        .layer(GuardLayer::new(client, asks_for));

    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, service).await?;
    Ok(())
}

/// Returns the question of a request: may the user view the bill of a number? `None` refuses the
/// request.
fn asks_for<B>(request: &Request<B>) -> Option<Question> {
    let user = request.headers().get("x-user")?.to_str().ok()?;
    let path = request.uri().path().strip_prefix('/')?;
    let (organization, number) = path.split_once('/')?;
    Some(Question::new(
        format!("users/{user}"),
        "fleet.billing.view",
        format!("organizations/{organization}/resources/{number}"),
    ))
}

/// Only a user who may see the bill gets here.
async fn bill(Path((organization, number)): Path<(String, String)>) -> String {
    format!("The bill of {number} of {organization}: 12.34 EUR\n")
}
