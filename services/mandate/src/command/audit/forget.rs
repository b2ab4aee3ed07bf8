//! `mandate audit forget`.

use super::{super::names::subject, each_log};
use crate::{connect::connect, exit::Failure, output};

/// Erases a person from all logs.
pub(super) async fn forget(user: &str, context: Option<&str>) -> Result<(), Failure> {
    let connection = connect(context)?;
    let name = subject(user);
    each_log!(
        connection,
        forget_person,
        ForgetPersonRequest { name: name.clone() },
        |log, _answer| {
            output::note(format!("{log}: forgotten"));
            true
        }
    );
    Ok(())
}
