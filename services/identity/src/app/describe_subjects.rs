use std::collections::HashSet;

use api::identity::v1::{DescribeSubjectsRequest, DescribeSubjectsResponse};
use authz::Context;
use service::parse;
use types::{Id, Subject};

use super::App;
use crate::{
    error::Error,
    store::{service_accounts, users},
};

/// Describes users and service accounts.
pub(crate) async fn describe_subjects(
    app: &App,
    context: &Context,
    request: DescribeSubjectsRequest,
) -> Result<DescribeSubjectsResponse, Error> {
    app.permit(context).await?;
    let mut people = HashSet::new();
    let mut accounts = HashSet::new();
    for name in &request.names {
        match parse("names", name, Subject::parse_name)? {
            Subject::User(id) => people.insert(id.as_str().to_owned()),
            Subject::ServiceAccount(id) => accounts.insert(id.as_str().to_owned()),
        };
    }
    let mut subjects = users::describe(app.store.reader(), &people).await?;
    subjects.extend(service_accounts::describe(app.store.reader(), &accounts).await?);
    Ok(DescribeSubjectsResponse { subjects })
}
