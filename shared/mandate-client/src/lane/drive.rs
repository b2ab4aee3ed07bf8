//! The task that keeps the stream of a lane open while there are questions.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::uri::PathAndQuery;
use tonic::{Request, client::Grpc, metadata::AsciiMetadataValue, transport::Channel};

use super::{Lane, SWEEP, codec::LaneCodec, outgoing::Outgoing};
use crate::failure::Failure;

const PATH: &str = "/mandate.entitlement.v1.AuthorizationService/CheckStream";
/// Maximum size of a message of answers: errors are larger than decisions.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// Minimum lifetime of a healthy stream; a shorter one counts as a failure, however it ended.
const SHORT: Duration = Duration::from_secs(1);

/// Runs a lane until it is dropped: opens the stream when there is a question, and opens it again
/// when it has broken. Calls `broken` with every failure. All pending questions end with this task,
/// however it ends.
pub(crate) async fn drive(
    lane: Arc<Lane>,
    channel: Channel,
    key: Option<AsciiMetadataValue>,
    broken: impl Fn(&Failure),
) {
    let _closes = Closes(lane.clone());
    let keep = async {
        let mut epoch = 0;
        loop {
            lane.wanted.notified().await;
            if lane.state.lock().queue.is_empty() {
                // The callers have gone, or an earlier stream ended with their questions.
                continue;
            }
            epoch += 1;
            let begin = Instant::now();
            let failure = match stream(&lane, channel.clone(), key.clone(), epoch).await {
                Ok(()) => Failure::Broken("the stream ended".to_owned()),
                Err(status) => Failure::of_stream(status),
            };
            if matches!(&failure, Failure::Broken(_)) && begin.elapsed() < SHORT {
                lane.health.failed(Instant::now());
            }
            broken(&failure);
            lane.end(&failure, false);
        }
    };
    tokio::join!(keep, sweep(&lane));
}

/// Opens the stream and hands out its answers until it ends.
async fn stream(
    lane: &Arc<Lane>,
    channel: Channel,
    key: Option<AsciiMetadataValue>,
    epoch: u64,
) -> Result<(), tonic::Status> {
    lane.state.lock().epoch = Some(epoch);
    let mut client = Grpc::new(channel).max_decoding_message_size(MAX_ANSWER_BYTES);
    client
        .ready()
        .await
        .map_err(|error| tonic::Status::from_error(error.into()))?;
    let mut request = Request::new(Outgoing::new(lane.clone(), epoch));
    if let Some(key) = key {
        request.metadata_mut().insert("authorization", key);
    }
    let path = PathAndQuery::from_static(PATH);
    let answers = client.streaming(request, path, LaneCodec).await?;
    let mut answers = answers.into_inner();
    while let Some(message) = answers.message().await? {
        lane.deliver(message).await;
    }
    Ok(())
}

/// Checks deadlines while a caller waits.
async fn sweep(lane: &Lane) {
    loop {
        lane.waited.notified().await;
        loop {
            tokio::time::sleep(SWEEP).await;
            if !lane.sweep(Instant::now()) {
                break;
            }
        }
    }
}

/// Ends the pending questions with the task, also when the runtime ends.
struct Closes(Arc<Lane>);

impl Drop for Closes {
    fn drop(&mut self) {
        self.0.end(&Failure::Closed, true);
    }
}
