//! Change notifications for other systems: the entries of the log of changes that the reader may
//! see. There is no second log.

mod watch_slots;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use ::rpc::{Fault, report};
use ::store::{Backlog, Cursor};
use api::{
    Access,
    entitlement::v1::{ChangeKind, WatchRequest, WatchResponse, WatchedChange},
};
use authz::{Caller, Context, Reach};
use service::{parse, refuse};
use tokens::{Position, Source};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::Status;
use types::{Epoch, OrganizationId};

pub(crate) use self::watch_slots::WatchSlots;

use super::App;
use crate::{
    error::Error,
    facts::FactKey,
    store::{members, organizations},
};

/// Maximum interval between messages to a reader, even without changes.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum time to wait until the facts include a page of the log.
const PROJECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// The response stream of the handler.
pub(crate) type Changes = ReceiverStream<Result<WatchResponse, Status>>;

/// Streams changes until the reader ends the stream, loses its access, or the service shuts down.
pub(crate) async fn watch(
    app: &App,
    context: &Context,
    request: WatchRequest,
) -> Result<Changes, Error> {
    let organization = match request.parent.as_str() {
        "" => None,
        parent => Some(parse("parent", parent, OrganizationId::parse_name)?),
    };
    let await_position = organization
        .as_ref()
        .map_or(Reach::Operator, Reach::Organization);
    let permit = app.authority.authorize(context, await_position).await?;
    if let Some(organization) = &organization
        && organizations::find(app.store.reader(), organization)
            .await?
            .is_none()
    {
        return Err(Fault::denied().into());
    }
    let place = app.watches.take(permit.holder());
    let place = place.ok_or_else(Fault::overloaded)?;
    let list = match &organization {
        Some(organization) => format!("watch {organization}"),
        None => "watch".to_owned(),
    };
    let cursor = if request.cursor.is_empty() {
        app.store.head().await?.cursor
    } else {
        let sealer = app.store.sealer();
        let at = sealer.open_page(&list, &request.cursor).ok();
        at.and_then(|at| read_cursor(&at)).ok_or_else(unknown)?
    };
    // Buffer one response: a slow reader neither blocks others nor accumulates memory.
    let (sender, receiver) = mpsc::channel(1);
    let reader = Reader {
        app: app.clone(),
        context: context.clone(),
        organization,
        list,
    };
    let pages = service::feed::watch(app.store.clone(), cursor, app.shutdown.clone());
    tokio::spawn(async move {
        let _place = place;
        tokio::select! {
            () = reader.run(pages, &sender) => {}
            () = sender.closed() => {}
        }
    });
    Ok(ReceiverStream::new(receiver))
}

/// Returns the content of a reader's sealed cursor.
fn written_cursor(cursor: &Cursor) -> String {
    format!("{} {} {}", cursor.epoch, cursor.position, cursor.mark)
}

fn read_cursor(text: &str) -> Option<Cursor> {
    let mut numbers = text.split(' ').map(str::parse);
    Some(Cursor {
        epoch: Epoch(numbers.next()?.ok()?),
        position: numbers.next()?.ok()?,
        mark: numbers.next()?.ok()?,
    })
}

fn unknown() -> Error {
    Fault::field("cursor", "is not of this watch").into()
}

struct Reader {
    app: App,
    context: Context,
    /// None for all organizations.
    organization: Option<OrganizationId>,
    list: String,
}

impl Reader {
    async fn run(
        &self,
        mut pages: ReceiverStream<Result<Backlog, ::store::StoreError>>,
        sender: &mpsc::Sender<Result<WatchResponse, Status>>,
    ) {
        let mut said: Option<Instant> = None;
        while let Some(page) = pages.next().await {
            let response = match page {
                Ok(page) => self.response(page).await,
                Err(error) => Err(error.into()),
            };
            let ended = response.is_err();
            let silent = said.is_none_or(|said| said.elapsed() >= HEARTBEAT_INTERVAL);
            // Skip pages that hold only changes of others.
            if matches!(&response, Ok(response) if response.changes.is_empty()) && !silent {
                continue;
            }
            said = Some(Instant::now());
            let response = response.map_err(refuse);
            if let Err(status) = &response {
                report(status, "mandate.entitlement.v1.WatchService/Watch", "");
            }
            if sender.send(response).await.is_err() || ended {
                return;
            }
        }
    }

    /// Returns the changes of a page that the reader may see, if it still has access.
    async fn response(&self, page: Backlog) -> Result<WatchResponse, Error> {
        // The page may contain the change that ends the reader's access.
        let at = Position {
            source: Source::Entitlement,
            epoch: page.cursor.epoch,
            at: page.cursor.position,
        };
        let facts = &self.app.engine.facts;
        facts
            .await_position(at, Instant::now() + PROJECTION_TIMEOUT)
            .await?;
        self.check().await?;
        let pieces = page.entries.iter().filter_map(|entry| {
            let piece = FactKey::parse(&entry.entity)?;
            Some((entry.position, piece))
        });
        let pieces: Vec<_> = pieces.collect();
        let members = self.members(&pieces).await?;
        let changes = pieces.iter().filter_map(|(revision, piece)| {
            let change = change(piece, *revision)?;
            let known = match (&self.organization, piece) {
                (None, _) | (_, FactKey::Catalog) => true,
                (Some(_), FactKey::Subject(name)) => members.contains(&**name),
                (Some(own), _) => change.organization == own.name(),
            };
            known.then_some(change)
        });
        let replaced = page.anew.then(|| WatchedChange {
            kind: ChangeKind::History.into(),
            ..WatchedChange::default()
        });
        Ok(WatchResponse {
            changes: replaced.into_iter().chain(changes).collect(),
            cursor: {
                let sealer = self.app.store.sealer();
                sealer.page(&self.list, &written_cursor(&page.cursor))
            },
        })
    }

    /// Checks that the reader's credential is still valid and that it may still read.
    async fn check(&self) -> Result<(), Error> {
        let engine = &self.app.engine;
        if !engine.still_valid(&self.context).await? {
            return Err(Fault::unauthenticated().into());
        }
        let (Caller::Subject(caller), Access::Permission(permission)) =
            (&self.context.caller, self.context.policy.access)
        else {
            return Err(Fault::denied().into());
        };
        let await_position = self.organization.as_ref();
        let await_position = await_position.map_or(Reach::Operator, Reach::Organization);
        if engine
            .manages(&caller.name, permission, await_position)
            .await?
        {
            Ok(())
        } else {
            Err(Fault::denied().into())
        }
    }

    /// Returns the members of the organization among the changed subjects. Readers learn nothing
    /// about other subjects.
    async fn members(&self, pieces: &[(i64, FactKey)]) -> Result<HashSet<String>, Error> {
        let Some(organization) = &self.organization else {
            return Ok(HashSet::new());
        };
        let subjects: Vec<&str> = pieces
            .iter()
            .filter_map(|(_, piece)| match piece {
                FactKey::Subject(name) => Some(&**name),
                _ => None,
            })
            .collect();
        let reader = self.app.store.reader();
        let rows = members::of_subjects(reader, organization, &subjects).await?;
        Ok(rows.into_iter().map(|row| row.subject).collect())
    }
}

/// Converts a change for readers; `None` for keys and cursors, which are internal.
fn change(piece: &FactKey, revision: i64) -> Option<WatchedChange> {
    let (kind, organization, subject, resource) = match piece {
        FactKey::Catalog => (ChangeKind::Catalog, None, None, None),
        FactKey::Organization(organization) => {
            (ChangeKind::Organization, Some(organization), None, None)
        }
        FactKey::Resource(organization, id) => {
            (ChangeKind::Resource, Some(organization), None, Some(id))
        }
        FactKey::Member(organization, subject) => {
            (ChangeKind::Member, Some(organization), Some(subject), None)
        }
        FactKey::Subject(subject) => (ChangeKind::Subject, None, Some(subject), None),
        FactKey::Key(_) | FactKey::Cursor(_) => return None,
    };
    let organization = organization.map(OrganizationId::name).unwrap_or_default();
    Some(WatchedChange {
        kind: kind.into(),
        resource: resource.map_or_else(String::new, |id| format!("{organization}/resources/{id}")),
        subject: subject.map(ToString::to_string).unwrap_or_default(),
        organization,
        revision,
    })
}
