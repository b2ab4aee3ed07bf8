//! The write transaction: what changes data goes through here, with a permit.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use api::Mutation;
use authority::Permit;
use base::Millis;
use prost::Message;
use sea_orm::{DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use seal::Position;

use crate::{
    error::StoreError,
    history::{self, State},
    open::Store,
    outbox,
    requests::{Claim, Request},
};

/// Whose turn it is when a mutation begins.
#[derive(Debug)]
pub enum Turn<R> {
    /// The request was done before; this is what was answered.
    Repeat(R),
    /// The request is to be done, in this transaction.
    Write(Box<WriteTx>),
}

/// A transaction that writes. Dropped without [`finish`](WriteTx::finish), it changes nothing.
#[derive(Debug)]
pub struct WriteTx {
    tx: DatabaseTransaction,
    store: Store,
    entries: BTreeMap<String, Vec<u8>>,
    /// Locked for no longer than it takes to note a change.
    history: Mutex<history::Changes>,
    request: Option<Request>,
    validate_only: bool,
    now: Millis,
}

impl Store {
    /// Begins a mutation.
    ///
    /// # Errors
    /// [`StoreError::RequestReused`], [`StoreError::Unavailable`].
    pub async fn begin<Q: Mutation, R: Message + Default>(
        &self,
        permit: &Permit,
        request: &Q,
    ) -> Result<Turn<R>, StoreError> {
        let mut write = self.begin_unrepeated(permit).await?;
        write.validate_only = request.validate_only();
        if !request.request_id().is_empty() {
            let repeatable = Request::new(
                permit.holder(),
                permit.method(),
                request.request_id(),
                &request.encode_to_vec(),
            );
            // Before anything is checked: what the first of two has just made, the second of them
            // would find in its way.
            let claim = repeatable.claim(&write.tx, write.now).await?;
            if let Claim::Answered(response) = claim {
                return Ok(Turn::Repeat(R::decode(response.as_slice())?));
            }
            write.request = Some(repeatable);
        }
        Ok(Turn::Write(Box::new(write)))
    }

    /// Begins a change that no request asks for: bootstrap and projections.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_unrepeated(&self, permit: &Permit) -> Result<WriteTx, StoreError> {
        let options = TransactionOptions {
            // A deferred transaction that turns to writing fails at once if another wrote.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        tracing::debug!(
            holder = permit.holder(),
            method = permit.method(),
            "write begins"
        );
        Ok(WriteTx {
            tx: self.writer.begin_with_options(options).await?,
            store: self.clone(),
            entries: BTreeMap::new(),
            history: Mutex::default(),
            request: None,
            validate_only: false,
            now: self.clock.now(),
        })
    }
}

impl WriteTx {
    /// The transaction, for statements.
    pub fn connection(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// When the transaction began.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// Puts the new state of an entity into the outbox.
    pub fn emit(&mut self, entity: String, payload: Vec<u8>) {
        self.entries.insert(entity, payload);
    }

    /// Notes the new state of an entity for the history, or that it is no more.
    pub fn note(&self, kind: &'static str, organization: &str, id: &str, state: Option<State>) {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.note(kind, organization, id, state);
    }

    /// Waits for the changes that are being committed, and holds up others until this one ends:
    /// what is read from here on is what this change is made to. As late as possible.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn hold(&self) -> Result<(), StoreError> {
        outbox::hold(&self.tx).await
    }

    /// Commits, unless the request only validates, and answers with the consistency token of
    /// the commit (empty if there was none).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: whether the commit took place is then unknown, and the
    /// request can be repeated under its id to know.
    pub async fn finish<R: Message>(
        self,
        respond: impl FnOnce(String) -> R,
    ) -> Result<R, StoreError> {
        if self.validate_only {
            self.tx.rollback().await?;
            return Ok(respond(String::new()));
        }
        let at = append(&self.tx, self.entries, self.history, &self.store).await?;
        let position = Position {
            source: self.store.source,
            at,
        };
        let response = respond(self.store.sealer.consistency(position));
        if let Some(request) = self.request {
            request
                .keep(&self.tx, response.encode_to_vec(), self.now)
                .await?;
        }
        self.tx.commit().await?;
        self.store
            .committed
            .send_if_modified(|last| (at > *last).then(|| *last = at).is_some());
        Ok(response)
    }

    /// Commits a change that no request asks for, and returns its position.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn commit(self) -> Result<i64, StoreError> {
        let at = append(&self.tx, self.entries, self.history, &self.store).await?;
        self.tx.commit().await?;
        self.store
            .committed
            .send_if_modified(|last| (at > *last).then(|| *last = at).is_some());
        Ok(at)
    }
}

/// Takes the next position, and writes the outbox and the history at it.
async fn append(
    tx: &DatabaseTransaction,
    entries: BTreeMap<String, Vec<u8>>,
    history: Mutex<history::Changes>,
    store: &Store,
) -> Result<i64, StoreError> {
    let history = history.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !history.is_empty() {
        // What was true until now was so while this waited for its turn.
        outbox::hold(tx).await?;
    }
    let (at, commit) = outbox::append(tx, entries, store.clock.now()).await?;
    history.write(tx, at, commit).await?;
    Ok(at)
}
