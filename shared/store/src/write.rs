//! The write transaction: every change of data goes through here, with a permit.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use ::audit::Entry;
use api::{Audited, Mutation, common::v1::AuditOutcome};
use authz::Permit;
use sea_orm::{DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tokens::Position;
use types::UnixTime;

use crate::{
    audit,
    cursor::Cursor,
    error::StoreError,
    head,
    history::{self, State},
    outbox,
    requests::{Claim, Request},
    store::Store,
};

/// The result of beginning a mutation.
#[derive(Debug)]
pub enum Turn<R> {
    /// The request was executed before; this was its response.
    Repeat(R),
    /// The request is to be executed in this transaction.
    Write(Box<WriteTx>),
}

/// A transaction that writes. Dropping it without [`finish`](WriteTx::finish) changes nothing.
#[derive(Debug)]
pub struct WriteTx {
    tx: DatabaseTransaction,
    store: Store,
    entries: BTreeMap<String, Vec<u8>>,
    /// Locked only while a change is recorded.
    history: Mutex<history::Changes>,
    request: Option<Request>,
    /// The audit entry of the change, if a caller makes it.
    pub(crate) audited: Option<Box<Entry>>,
    purpose: Purpose,
    now: UnixTime,
}

/// The fate of the changes of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The changes are committed.
    Commit,
    /// The changes are made and rolled back.
    Validate,
    /// The changes are never made: repositories record them, and read from these records.
    Draft,
}

impl Store {
    /// Begins a mutation.
    ///
    /// # Errors
    /// [`StoreError::RequestReused`], [`StoreError::Unavailable`].
    pub async fn begin<Q: Mutation + Audited, R: Audited + Default>(
        &self,
        permit: &Permit,
        request: &Q,
    ) -> Result<Turn<R>, StoreError> {
        let mut write = self.begin_internal(permit).await?;
        if request.validate_only() {
            write.purpose = Purpose::Validate;
        }
        if let Some(entry) = &mut write.audited {
            entry.resources = ::audit::named(request);
            Mutation::request_id(request).clone_into(&mut entry.request_id);
            entry.request = ::audit::digest(request);
        }
        if !Mutation::request_id(request).is_empty() {
            let repeatable = Request::new(
                permit.holder(),
                permit.method(),
                Mutation::request_id(request),
                &request.encode_to_vec(),
            );
            // Claim the id before any check: a repetition that runs second would find the changes
            // of the first in its way.
            let claim = repeatable.claim(&write.tx, write.now).await?;
            if let Claim::Answered(response, epoch) = claim {
                let mut response = R::decode(response.as_slice())?;
                let head = self.head_in(&write.tx).await?;
                if epoch != head.cursor.epoch {
                    // A token of an earlier epoch is refused; every token of this epoch covers the
                    // change, too.
                    response.set_consistency_token(self.token(&head.cursor));
                }
                return Ok(Turn::Repeat(response));
            }
            write.request = Some(repeatable);
        }
        Ok(Turn::Write(Box::new(write)))
    }

    /// Begins a change without a request: bootstrap and projections.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_internal(&self, permit: &Permit) -> Result<WriteTx, StoreError> {
        tracing::debug!(
            holder = permit.holder(),
            method = permit.method(),
            "write begins"
        );
        let tx = begin(self).await?;
        Ok(self.write_in(tx, permit, Purpose::Commit))
    }

    /// Begins a draft, a dry-run transaction: it reads one snapshot, blocks no other transaction
    /// and is never committed. Only repositories that check [`is_draft`](WriteTx::is_draft) can
    /// change anything in it; the database refuses other writes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn draft(&self, permit: &Permit) -> Result<WriteTx, StoreError> {
        let (tx, _) = self.snapshot_with_head().await?;
        Ok(self.write_in(tx, permit, Purpose::Draft))
    }

    fn write_in(&self, tx: DatabaseTransaction, permit: &Permit, purpose: Purpose) -> WriteTx {
        WriteTx {
            tx,
            store: self.clone(),
            entries: BTreeMap::new(),
            history: Mutex::default(),
            request: None,
            audited: permit.basis().map(|basis| {
                Box::new(Entry {
                    organization: basis.organization.clone(),
                    method: ::audit::method(permit.method()),
                    outcome: AuditOutcome::Done,
                    actor: permit.holder().to_owned(),
                    grant: basis.grant.clone(),
                    granted_by: basis.granted_by.clone(),
                    call_id: basis.call_id.clone(),
                    through: basis.through.to_owned(),
                    ..Entry::default()
                })
            }),
            purpose,
            now: self.clock.now(),
        }
    }
}

impl Store {
    /// Returns a consistency token of the last commit that a transaction sees.
    ///
    /// # Errors
    /// As [`head_in`](Self::head_in).
    pub async fn token_in(&self, tx: &DatabaseTransaction) -> Result<String, StoreError> {
        Ok(self.token(&self.head_in(tx).await?.cursor))
    }

    /// Returns the consistency token of a commit.
    fn token(&self, commit: &Cursor) -> String {
        self.sealer.consistency(Position {
            source: self.source,
            epoch: commit.epoch,
            at: commit.position,
        })
    }

    /// Returns the consistency token of the last commit.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn head_token(&self) -> Result<String, StoreError> {
        Ok(self.token(&self.head().await?.cursor))
    }

    fn note(&self, commit: &Cursor) {
        self.note_commit(commit.epoch, commit.position);
    }
}

impl WriteTx {
    /// Returns the transaction, for statements.
    pub fn connection(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// Returns the time at which the transaction began.
    pub fn now(&self) -> UnixTime {
        self.now
    }

    /// Locks the log: no other transaction commits until this one ends, so everything read from now
    /// on, also in other services, is still true at the commit.
    // INVARIANT: rows are locked in one order, or two transactions wait for each other: the
    // request's id, the head of the log, all others. A transaction that writes several rows which
    // others write, too, locks the log before the first of them. A transaction that writes a single
    // row need not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn lock_log(&self) -> Result<(), StoreError> {
        head::lock(&self.tx).await
    }

    /// Puts the new state of an entity into the outbox.
    pub fn emit(&mut self, entity: String, payload: Vec<u8>) {
        self.entries.insert(entity, payload);
    }

    /// Records the new state of an entity for the history; `None` if it no longer exists.
    pub fn note(&self, kind: &'static str, organization: &str, id: &str, state: Option<State>) {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.note(kind, organization, id, state);
    }

    /// True if the changes are only recorded, and read from the [recorded](Self::noted) states.
    pub fn is_draft(&self) -> bool {
        self.purpose == Purpose::Draft
    }

    /// Returns the recorded entities of a kind in an organization by id, each with its new state,
    /// or `None` if it no longer exists.
    pub fn noted(&self, kind: &'static str, organization: &str) -> BTreeMap<String, Option<State>> {
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.of(kind, organization)
    }

    /// Commits, unless the request only validates, and responds with the consistency token of the
    /// commit (empty if there was none).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: the commit may or may not have taken place; repeat the request
    /// under its id to find out.
    pub async fn finish<R: Audited>(
        mut self,
        respond: impl FnOnce(String) -> R,
    ) -> Result<R, StoreError> {
        if self.purpose != Purpose::Commit {
            self.tx.rollback().await?;
            return Ok(respond(String::new()));
        }
        // The response names the changed resources. Its token is known only once no other
        // transaction can commit.
        let mut response = respond(String::new());
        if let Some(entry) = &mut self.audited {
            let changed = ::audit::named(&response);
            if !changed.is_empty() {
                entry.resources = changed;
            }
        }
        let cursor = self.append().await?;
        response.set_consistency_token(self.store.token(&cursor));
        if let Some(request) = self.request {
            request
                .keep(&self.tx, response.encode_to_vec(), cursor.epoch, self.now)
                .await?;
        }
        self.tx.commit().await?;
        self.store.note(&cursor);
        Ok(response)
    }

    /// Commits a change without a request, and returns its position.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn commit(mut self) -> Result<i64, StoreError> {
        let cursor = self.append().await?;
        self.tx.commit().await?;
        self.store.note(&cursor);
        Ok(cursor.position)
    }

    /// Writes the log entries and the audit record, the last step before the commit.
    async fn append(&mut self) -> Result<Cursor, StoreError> {
        let history = self
            .history
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let history = std::mem::take(history);
        if !history.is_empty() {
            // Lock the log first: the previous states must end at our commit, not at the time we
            // queued.
            head::lock(&self.tx).await?;
        }
        let chain = &self.store.chain;
        // Boxed, so that futures without an audit entry stay small.
        let records = match &self.audited {
            Some(entry) => {
                let entries = std::slice::from_ref(&**entry);
                Box::pin(audit::prepare(&self.tx, chain, entries, self.now)).await?
            }
            None => Vec::new(),
        };
        let entries = std::mem::take(&mut self.entries);
        let heard = *self.store.committed.borrow();
        let now = self.store.clock.now();
        let (cursor, commit) = outbox::append(&self.tx, entries, now, heard).await?;
        history.write(&self.tx, cursor.position, commit).await?;
        if !records.is_empty() {
            Box::pin(audit::append(&self.tx, chain, records)).await?;
        }
        Ok(cursor)
    }
}

/// Begins a transaction that writes.
pub(crate) async fn begin(store: &Store) -> Result<DatabaseTransaction, StoreError> {
    store.present()?;
    let options = TransactionOptions {
        // A deferred transaction that starts to write fails immediately if another one wrote.
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    Ok(store.writer.begin_with_options(options).await?)
}
